// Stores the draft as it is changed and lets the preview show it; the server answers the same page as without a script, and its fresh
// parts take the place of the old ones. Every change is one step that undo takes back.
export default function customiser(form) {
  const stage = form.querySelector("[data-stage]");
  const frame = form.querySelector("[data-frame]");
  const pages = form.querySelector("[data-pages]");
  const said = form.querySelector("[data-said]");
  let asked = 0;
  let waiting = Promise.resolve();
  let scroll = 0;
  // Nothing is replaced between the press and the release of a pointer, so that no click is lost.
  let held = Promise.resolve();
  addEventListener("pointerdown", () => {
    held = new Promise((done) => { addEventListener("pointerup", () => setTimeout(done, 50), { once: true }); });
  });

  const fit = () => {
    const width = parseFloat(getComputedStyle(frame).width);
    const scale = Math.min(1, stage.clientWidth / width);
    stage.style.setProperty("--frame-scale", scale);
    stage.style.setProperty("--frame-start", `${Math.max(0, (stage.clientWidth - width * scale) / 2)}px`);
  };
  const dress = () => {
    const root = frame.contentDocument?.documentElement;
    if (root) root.dataset.scheme = form.elements.look.value;
  };
  // One page after the other: what comes while one is loading waits for it, and only the last that waits is shown. None before the
  // stage is seen.
  let isSeen = false;
  let loading = false;
  let next = "";
  const show = (url) => {
    if (!isSeen) return;
    if (loading) {
      next = url;
      return;
    }
    loading = true;
    scroll = frame.contentWindow?.scrollY ?? 0;
    // Not by `src`: each change would be one more step of the browser's Back.
    frame.contentWindow.location.replace(url);
  };

  function renew(page) {
    for (const fresh of page.querySelectorAll("[data-fresh]")) {
      const old = document.getElementById(fresh.id);
      if (old?.contains(document.activeElement) && fresh.matches("ol")) keepFocus(old, fresh);
      else old?.replaceWith(fresh);
    }
    form.elements.seen.value = page.getElementById("seen").value;
    const place = pages.selectedIndex;
    pages.replaceChildren(...page.querySelector("[data-pages]").childNodes);
    pages.selectedIndex = place;
    document.getElementById("open-preview").href = page.getElementById("open-preview").href;
  }

  function keepFocus(old, fresh) {
    const { name, value } = document.activeElement;
    old.replaceWith(fresh);
    const again = [...fresh.querySelectorAll(`[name="${name}"]`)].find((one) => one.value === value);
    const key = value.replace(/\.(up|down)$/, "");
    (again && !again.disabled ? again : fresh.querySelector(`[value^="${key}."]:not([disabled])`))?.focus();
  }

  async function store(extra) {
    const mine = ++asked;
    const body = new FormData(form);
    for (const [name, value] of extra ?? []) body.set(name, value);
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } }).catch(() => null);
    if (!answer) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("seen")) return location.assign(form.action);
    // Somebody else was first: sent plainly, the form comes back whole, with what they changed.
    if (answer.status === 409) return form.submit();
    if ([...form.querySelectorAll("input[type=file]")].some((file) => file.value)) return location.assign(form.action);
    await held;
    renew(page);
    if (mine !== asked || !answer.ok) return;
    said.textContent = said.dataset.saved;
    show(pages.value);
  }
  const later = (extra) => { waiting = waiting.then(() => store(extra)); };

  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-pages]")) show(pages.value);
    else if (event.target.name === "width") fit();
    else if (event.target.name === "look") dress();
    else if (event.target.matches("[data-swatch]")) {
      event.target.previousElementSibling.value = event.target.value;
      later();
    } else if (!event.target.matches("[data-quiet]")) {
      const swatch = event.target.closest("[data-colour]")?.querySelector("[data-swatch]");
      if (swatch && /^#[0-9a-f]{6}$/i.test(event.target.value)) swatch.value = event.target.value;
      later();
    }
  });
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (!pressed?.name || pressed.hasAttribute("formaction")) return;
    event.preventDefault();
    if (pressed.matches("[data-take]")) {
      for (const input of pressed.closest("[data-colour]").querySelectorAll("input")) input.value = pressed.value;
      later();
    } else later([[pressed.name, pressed.value]]);
  });
  frame.addEventListener("load", () => {
    if (!isSeen) return;
    loading = false;
    dress();
    frame.contentWindow?.scrollTo(0, scroll);
    const waiting = next;
    next = "";
    if (waiting) show(waiting);
  });
  new ResizeObserver(fit).observe(stage);
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    isSeen = true;
    show(pages.value);
  }, { rootMargin: "50% 0%" });
  near.observe(stage);
  fit();
  dress();
}
