/** Says what is wrong when a field is left, lists it on top when the order is placed, and asks the server again when country or delivery change.
    What is typed is handed over at once, so that a reload loses nothing. One press makes one order. */
export function attach(form) {
  const label = (input) => input.labels[0].firstChild.textContent.trim();
  const required = () => [...form.querySelectorAll("input[required], select[required]")].filter((input) => input.offsetParent && input.type !== "radio");

  function problem(input) {
    if (input.validity.valid) return "";
    if (input.validity.valueMissing) return form.dataset.need.replace("{field}", label(input));
    return input.type === "email" ? form.dataset.wrong : input.validationMessage;
  }
  const sign = () => document.getElementById("checkout-sign").content.firstElementChild.cloneNode(true);

  function mark(input) {
    const text = problem(input), id = `${input.id}-note`;
    let note = document.getElementById(id);
    if (text && !note) { note = document.createElement("p"); note.id = id; input.after(note); }
    if (note) {
      note.dataset.help ??= note.className === "field__help" ? note.textContent : "";
      note.className = text ? "field__error" : "field__help";
      note.replaceChildren(...(text ? [sign(), text] : [note.dataset.help]));
    }
    if (text) { input.setAttribute("aria-invalid", "true"); input.setAttribute("aria-describedby", id); } else input.removeAttribute("aria-invalid");
    return text;
  }
  form.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (relatedTarget?.closest("[data-place]") || !target.matches?.("input[required]:not([type=radio])")) return;
    if (target.value || target.getAttribute("aria-invalid")) mark(target);
  });

  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { setTimeout(() => { pressed = false; }); });

  /** What the server keeps of a half-filled checkout is also what it answers with: ways of delivery, sums, and the fields of another country. */
  async function refresh(parts) {
    clearTimeout(later);
    const from = document.activeElement?.id;
    const answer = await fetch(form.dataset.save, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A button that is exchanged between press and release is never clicked.
    while (pressed) await new Promise((go) => { setTimeout(go, 50); });
    if (form.dataset.sent) return;
    for (const id of parts) {
      const fresh = page.getElementById(id), old = document.getElementById(id);
      if (fresh && old) replace(old, fresh);
    }
    if (from && !document.activeElement?.id) document.getElementById(from)?.focus();
  }
  /** What was typed or unfolded while the answer was on its way stays. */
  function replace(old, fresh) {
    const folds = [...old.querySelectorAll("details")];
    fresh.querySelectorAll("details").forEach((fold, n) => { if (folds[n]) { fold.open = folds[n].open; Object.assign(fold.dataset, folds[n].dataset); } });
    for (const field of fresh.querySelectorAll("input:not([type=radio], [type=checkbox], [type=hidden]), textarea")) {
      const typed = old.querySelector(`#${CSS.escape(field.id)}`);
      if (typed?.value && typed.tagName === field.tagName) field.value = typed.value;
    }
    old.replaceWith(fresh);
  }
  const sums = ["checkout-delivery", "checkout-payment", "checkout-place", "checkout-summary"];
  const everywhere = ["country", "billing_country", "billing_other"], prices = ["region", "postcode", "delivery", "gateway"];
  /** What is typed is noted in this tab at once, and at the server a little later. */
  const typed = () => [...form.elements].filter((field) => field.matches("input:not([type=radio], [type=checkbox], [type=hidden]), textarea"));
  const note = (texts) => { try { if (texts) sessionStorage.setItem("checkout", JSON.stringify(texts)); else sessionStorage.removeItem("checkout"); } catch { /* storage is closed: the server alone keeps it */ } };
  let later;
  function keep() {
    note(Object.fromEntries(typed().map(({ name, value }) => [name, value])));
    clearTimeout(later);
    later = setTimeout(() => fetch(form.dataset.save, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" }).catch(() => null), 600);
  }
  function recall() {
    let texts = {};
    try { texts = JSON.parse(sessionStorage.getItem("checkout")) ?? {}; } catch { return; }
    for (const field of typed()) if (!field.value && texts[field.name]) field.value = texts[field.name];
  }
  recall();
  form.addEventListener("input", keep);
  form.addEventListener("change", ({ target }) => {
    const name = target.name.replace(/^p\d+_/, "");
    if (everywhere.includes(name)) refresh(["checkout-address", "checkout-places", ...sums]);
    else if (prices.includes(name)) refresh(name === target.name ? sums : ["checkout-places", ...sums]);
  });
  form.addEventListener("click", (event) => { if (event.target.closest("[data-refresh]")) { event.preventDefault(); refresh(["checkout-places", ...sums]); } });

  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formnovalidate")) return;
    const wrong = required().map((input) => [input, mark(input)]).filter(([, text]) => text);
    if (!wrong.length) { if (form.dataset.sent) event.preventDefault(); form.dataset.sent = "yes"; clearTimeout(later); note(null); return; }
    event.preventDefault();
    list(wrong);
  });
  addEventListener("pageshow", () => { delete form.dataset.sent; });

  function list(wrong) {
    document.querySelector("[data-error-summary]")?.remove();
    const box = Object.assign(document.createElement("div"), { className: "notice notice--bad error-summary", tabIndex: -1 });
    box.dataset.errorSummary = "";
    box.append(sign());
    const inner = document.createElement("div"), items = document.createElement("ul");
    inner.append(Object.assign(document.createElement("h2"), { className: "notice__title", textContent: form.dataset.look }), items);
    for (const [input, text] of wrong) {
      const item = document.createElement("li");
      item.append(Object.assign(document.createElement("a"), { href: `#${input.id}`, textContent: text }));
      item.firstChild.onclick = (click) => { click.preventDefault(); input.focus(); };
      items.append(item);
    }
    box.append(inner);
    form.parentElement.before(box);
    box.focus();
  }
}
