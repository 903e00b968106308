// J, K, Enter and / in a list; keeps the row height someone chose. Single keys can be switched off (WCAG 2.1.4).
const isTyping = (element) => element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
const isBusy = () => document.querySelector("dialog[open], [popover]:popover-open");

export default function table(list) {
  const rows = [...list.querySelectorAll("tbody tr")];
  let at = -1;
  const go = (to) => {
    at = Math.max(0, Math.min(rows.length - 1, to));
    rows.forEach((row, i) => row.classList.toggle("cursor", i === at));
    rows[at]?.querySelector("a")?.focus();
    rows[at]?.scrollIntoView({ block: "nearest" });
  };
  for (const density of list.querySelectorAll("[name=density]")) {
    density.checked = (localStorage.getItem("density") ?? "calm") === density.value;
    density.addEventListener("change", () => localStorage.setItem("density", density.value));
  }
  document.addEventListener("keydown", (event) => {
    if (localStorage.getItem("keys") === "off" || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isBusy()) return;
    const act = { j: () => go(at + 1), k: () => go(at - 1), "/": () => list.querySelector("[data-key='/']")?.focus() }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
