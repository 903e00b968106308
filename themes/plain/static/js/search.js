/** Combobox with a list from the server: arrows move, Enter follows, Escape closes. Typing waits 80 ms. An empty box offers what was searched on this device before. */
const MOST = 6;
const read = () => { try { return JSON.parse(localStorage.getItem("searches")) ?? []; } catch { return []; } };
const write = (words) => { try { localStorage.setItem("searches", JSON.stringify(words)); } catch { /* storage is closed: nothing is kept */ } };

export function attach(box) {
  const input = box.querySelector("input"), form = box.querySelector("form");
  const panel = document.createElement("div");
  panel.id = "completion";
  panel.hidden = true;
  box.append(panel);
  let timer, at = -1, ticket = 0;
  const options = () => [...panel.querySelectorAll("[data-option]")];
  const state = (open) => { panel.hidden = !open; input.setAttribute("aria-expanded", open); if (!open) { at = -1; input.removeAttribute("aria-activedescendant"); } };

  async function ask() {
    const words = input.value.trim(), mine = ++ticket;
    if (!words) return before();
    const answer = await fetch(`${box.dataset.search}?q=${encodeURIComponent(words)}`).catch(() => null);
    const html = answer?.ok ? await answer.text() : "";
    if (!html || mine !== ticket) return;
    panel.innerHTML = html;
    show();
  }
  function before() {
    const known = read();
    if (!known.length) return state(false);
    const list = document.createElement("div"), title = document.createElement("p"), items = document.createElement("ul");
    list.className = "completion";
    title.className = "completion__title";
    title.textContent = box.dataset.recentTitle;
    items.className = "completion__list";
    for (const words of known) items.append(entry(words, `${form.action}?q=${encodeURIComponent(words)}`));
    const forget = entry(box.dataset.forget, "#");
    forget.firstChild.classList.add("soft", "small");
    forget.firstChild.addEventListener("click", (event) => { event.preventDefault(); write([]); state(false); input.focus(); });
    items.append(forget);
    list.append(title, items);
    panel.replaceChildren(list);
    show();
  }
  function entry(words, href) {
    const item = document.createElement("li"), link = Object.assign(document.createElement("a"), { href, className: "completion__item" });
    link.dataset.option = "";
    link.append(Object.assign(document.createElement("span"), { textContent: words }));
    item.append(link);
    return item;
  }
  function show() {
    panel.setAttribute("role", "listbox");
    panel.setAttribute("aria-label", input.labels[0].textContent);
    panel.querySelectorAll("ul, li, div, p").forEach((node) => node.setAttribute("role", "presentation"));
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
  Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": panel.id }).forEach(([name, value]) => input.setAttribute(name, value));
  input.addEventListener("input", (event) => { if (event.isComposing) return; clearTimeout(timer); timer = setTimeout(ask, 80); });
  input.addEventListener("compositionend", ask);
  input.addEventListener("focus", () => { if (!input.value.trim()) before(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !panel.hidden) { event.preventDefault(); state(false); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); if (panel.hidden) ask(); else move(event.key === "ArrowDown" ? 1 : -1); }
    else if (event.key === "Enter" && at >= 0) { event.preventDefault(); options()[at].click(); }
  });
  form.addEventListener("submit", () => { const words = input.value.trim(); if (words) write([words, ...read().filter((one) => one !== words)].slice(0, MOST)); });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) state(false); });
  panel.addEventListener("mousedown", (event) => event.preventDefault());
  if (document.activeElement === input && !input.value.trim()) before();
}
