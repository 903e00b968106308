/** Combobox with a list from the server: arrows move, Enter follows, Escape closes. Typing waits 80 ms. */
export function attach(box) {
  const input = box.querySelector("input");
  const panel = document.createElement("div");
  panel.hidden = true;
  box.append(panel);
  let timer, at = -1, ticket = 0;
  const options = () => [...panel.querySelectorAll("[data-option]")];
  const state = (open) => { panel.hidden = !open; input.setAttribute("aria-expanded", open); if (!open) { at = -1; input.removeAttribute("aria-activedescendant"); } };

  async function ask() {
    const words = input.value.trim(), mine = ++ticket;
    if (!words) return state(false);
    const answer = await fetch(`${box.dataset.search}?q=${encodeURIComponent(words)}`).catch(() => null);
    const html = answer?.ok ? await answer.text() : "";
    if (!html || mine !== ticket) return;
    panel.innerHTML = html;
    const list = panel.querySelector(".completion");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0].textContent);
    list.querySelectorAll("ul, li, div, p").forEach((node) => node.setAttribute("role", "presentation"));
    options().forEach((option, n) => { option.setAttribute("role", "option"); option.id = `option-${n}`; option.tabIndex = -1; option.setAttribute("aria-selected", "false"); });
    at = -1;
    input.removeAttribute("aria-activedescendant");
    state(document.activeElement === input);
  }
  function move(by) {
    const all = options();
    if (!all.length) return;
    all[at]?.setAttribute("aria-selected", "false");
    at = (at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length;
    all[at].setAttribute("aria-selected", "true");
    all[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[at].id);
  }
  Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": "completion" }).forEach(([name, value]) => input.setAttribute(name, value));
  input.addEventListener("input", (event) => { if (event.isComposing) return; clearTimeout(timer); timer = setTimeout(ask, 80); });
  input.addEventListener("compositionend", ask);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !panel.hidden) { event.preventDefault(); state(false); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); if (panel.hidden) ask(); else move(event.key === "ArrowDown" ? 1 : -1); }
    else if (event.key === "Enter" && at >= 0) { event.preventDefault(); options()[at].click(); }
  });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) state(false); });
  panel.addEventListener("mousedown", (event) => event.preventDefault());
}
