// Lets a block copied from a spreadsheet fall into the cells from where it is pasted, and marks changed cells.
const cells = (table) => [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input[type=text]")]);
const mark = (cell) => cell.parentElement.classList.toggle("changed", cell.value !== cell.defaultValue);

export default function grid(table) {
  table.addEventListener("input", (event) => mark(event.target));
  table.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const rows = cells(table);
    const y = rows.findIndex((row) => row.includes(event.target));
    const x = rows[y].indexOf(event.target);
    text.trim().split(/\r?\n/).forEach((line, i) => line.split("\t").forEach((value, j) => {
      const cell = rows[y + i]?.[x + j];
      if (!cell) return;
      cell.value = value;
      mark(cell);
    }));
  });
}
