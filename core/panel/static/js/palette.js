// Filters the palette while typing and moves through the hits with the arrows (combobox pattern).
export default function palette(dialog) {
  const input = dialog.querySelector("input");
  const hits = [...dialog.querySelectorAll("[role=option]")];
  const none = dialog.querySelector(".none");
  let at = 0;
  const shown = () => hits.filter((hit) => !hit.hidden);
  const mark = () => {
    const list = shown();
    at = (at + list.length) % (list.length || 1);
    for (const hit of hits) hit.setAttribute("aria-selected", String(hit === list[at]));
    input.setAttribute("aria-activedescendant", list[at]?.id ?? "");
    list[at]?.scrollIntoView({ block: "nearest" });
    none.hidden = list.length > 0;
  };
  const searchEverything = () => location.assign(`${dialog.dataset.search}?q=${encodeURIComponent(input.value)}`);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const hit of hits) hit.hidden = !words.every((word) => hit.textContent.toLowerCase().includes(word));
    for (const group of dialog.querySelectorAll("[role=group]")) group.hidden = !group.querySelector("[role=option]:not([hidden])");
    at = 0;
    mark();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at += step;
      mark();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const hit = shown()[at];
      if (hit) hit.click();
      else searchEverything();
    }
  });
  mark();
}
