// Lets a block copied from a spreadsheet fall into the cells from where it is pasted, and marks changed cells.
// What finds no cell is put into the box for pasted blocks, if the page has one, so that nothing is lost.
const cells = (table) => [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input[type=text]")]);
const mark = (cell) => cell.parentElement.classList.toggle("changed", cell.value !== (cell.dataset.stored ?? cell.defaultValue));

export default function grid(table) {
  table.addEventListener("input", (event) => mark(event.target));
  table.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const rows = cells(table);
    const y = rows.findIndex((row) => row.includes(event.target));
    const x = rows[y].indexOf(event.target);
    const left = lines(text).filter((line, i) => line.filter((value, j) => !put(rows[y + i]?.[x + j], value.trim())).some((value) => value.trim()));
    keep(left.map((line) => line.join("\t")));
  });

  function put(cell, value) {
    if (!cell || (cell.readOnly && cell.value !== value)) return false;
    if (cell.readOnly || cell.value === value) return true;
    cell.value = value;
    mark(cell);
    cell.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  function keep(left) {
    const box = table.closest("form")?.elements.block;
    if (!box || !left.length) return;
    box.value = left.join("\n");
    box.focus();
  }
}

// Lines of cells; a quoted cell may hold tabs, line breaks and doubled quotes.
function lines(text) {
  const found = [[]];
  for (const [, quoted, plain, end] of text.replace(/[\r\n]+$/, "").matchAll(/(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r?\n|$)/g)) {
    found.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (!end) break;
    if (end !== "\t") found.push([]);
  }
  return found;
}
