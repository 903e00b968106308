// Choosing rows of a list: all on this page by one box, a range with Shift, the row under the cursor with X; says how many.
export default function pick(list) {
  const boxes = [...list.querySelectorAll("tbody input[type=checkbox]")];
  const all = list.querySelector("[data-pick-all]");
  const said = list.querySelector("[data-picked]");
  if (!all || !boxes.length) return;
  const words = said?.textContent;
  let last = -1;
  all.hidden = false;

  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && !all.checked;
    if (said) said.textContent = count ? said.dataset.text.replace("#", count) : words;
    for (const box of boxes) box.closest("tr").classList.toggle("picked", box.checked);
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  boxes.forEach((box, at) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last >= 0) {
      for (const between of boxes.slice(Math.min(at, last), Math.max(at, last) + 1)) between.checked = box.checked;
    }
    last = at;
    tell();
  }));
  document.addEventListener("keydown", (event) => {
    const isElsewhere = event.target.matches("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open], [popover]:popover-open");
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || isElsewhere || localStorage.getItem("keys") === "off") return;
    list.querySelector("tr.cursor input[type=checkbox]")?.click();
  });
  tell();
}
