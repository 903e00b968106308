/* The search of the documentation: every word must occur; titles count more than texts. Without it the menu leads everywhere. */
const box = document.querySelector(".docs__search"), found = document.querySelector("#found"), field = document.querySelector("#q");
const up = document.body.dataset.up;
let pages = null;

async function load() { pages ??= await (await fetch(`${up}search.json`)).json(); }

function score(page, words) {
  const title = page.title.toLowerCase(), text = page.text.toLowerCase();
  if (!words.every((word) => title.includes(word) || text.includes(word))) return 0;
  return words.reduce((sum, word) => sum + (title.includes(word) ? 10 : 0) + Math.min(5, text.split(word).length - 1), 1);
}

function around(page, word) {
  const at = Math.max(0, page.text.toLowerCase().indexOf(word) - 40);
  return `${at ? "…" : ""}${page.text.slice(at, at + 140)}…`;
}

async function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.replaceChildren();
  if (!words.length) return;
  await load();
  const best = pages.map((page) => [score(page, words), page]).filter(([points]) => points).sort((a, b) => b[0] - a[0]).slice(0, 12);
  for (const [, page] of best) {
    const row = document.createElement("li"), link = document.createElement("a"), more = document.createElement("small");
    link.href = up + page.url; link.textContent = `${page.section}: ${page.title}`; more.textContent = around(page, words[0]);
    link.append(more); row.append(link); found.append(row);
  }
  if (!best.length) { const row = document.createElement("li"), none = document.createElement("a"); none.textContent = "Nothing has all these words."; row.append(none); found.append(row); }
}

box.hidden = false;
field.addEventListener("input", search);
field.addEventListener("keydown", (press) => { if (press.key === "Escape") { field.value = ""; search(); } });
