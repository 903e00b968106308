// Narrows a list on the page while typing, and hides groups in which nothing is left.
export default function find(input) {
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase();
    for (const row of document.querySelectorAll(input.dataset.in)) row.hidden = !row.textContent.toLowerCase().includes(words);
    for (const group of document.querySelectorAll(input.dataset.group ?? "none")) group.hidden = !group.querySelector(`${input.dataset.in}:not([hidden])`);
  });
}
