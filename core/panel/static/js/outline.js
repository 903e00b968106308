// Lets the rows of an ordered list be dragged; the buttons beside them do the same by keyboard and without a script.
export default function outline(holder) {
  let dragged = null;
  const clear = () => holder.querySelectorAll(".over").forEach((row) => row.classList.remove("over"));
  holder.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    event.dataTransfer.effectAllowed = "move";
  });
  holder.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    clear();
    event.target.closest("li")?.classList.add("over");
  });
  holder.addEventListener("drop", (event) => {
    event.preventDefault();
    clear();
    const row = event.target.closest("li");
    if (!row || !dragged || row === dragged || row.parentElement !== dragged.parentElement) return;
    const rows = [...row.parentElement.children];
    row[rows.indexOf(dragged) < rows.indexOf(row) ? "after" : "before"](dragged);
    dragged.querySelector("input[type=checkbox]").dispatchEvent(new Event("change", { bubbles: true }));
  });
  holder.addEventListener("dragend", () => { clear(); dragged = null; });
}
