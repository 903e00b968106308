// The palette (combobox pattern): pages and acts while typing, then what the server finds by the same words.
const PAUSE_MS = 180;

export default function palette(dialog) {
  const input = dialog.querySelector("input");
  const none = dialog.querySelector(".none");
  const found = dialog.querySelector("[data-found]");
  const known = [...dialog.querySelectorAll("[role=option]")];
  let at = 0;
  let timer = 0;
  const shown = () => [...dialog.querySelectorAll("[role=option]:not([hidden])")];
  const mark = () => {
    const list = shown();
    at = (at + list.length) % (list.length || 1);
    for (const hit of dialog.querySelectorAll("[role=option]")) hit.setAttribute("aria-selected", String(hit === list[at]));
    input.setAttribute("aria-activedescendant", list[at]?.id ?? "");
    list[at]?.scrollIntoView({ block: "nearest" });
    none.hidden = list.length > 0;
  };
  const address = () => `${dialog.dataset.search}?q=${encodeURIComponent(input.value.trim())}`;
  const ask = async () => {
    const words = input.value;
    if (!words.trim()) return;
    const answer = await fetch(address(), { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
    if (!answer?.ok || words !== input.value) return;
    found.innerHTML = await answer.text();
    // What is listed already, pages and acts, is not listed twice.
    for (const hit of found.querySelectorAll("[role=option]")) if (known.some((other) => other.textContent === hit.textContent && other.getAttribute("href") === hit.getAttribute("href"))) hit.remove();
    for (const group of found.querySelectorAll("[role=group]")) if (!group.querySelector("[role=option]")) group.remove();
    mark();
  };
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const hit of known) hit.hidden = !words.every((word) => `${hit.textContent} ${hit.dataset.words ?? ""}`.toLowerCase().includes(word));
    for (const group of dialog.querySelectorAll("[role=group]")) group.hidden = !group.querySelector("[role=option]:not([hidden])");
    found.replaceChildren();
    at = 0;
    mark();
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  };
  input.addEventListener("input", narrow);
  // Opened again, it asks anew; what was looked for before would only be in the way.
  dialog.addEventListener("close", () => {
    input.value = "";
    narrow();
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
      else location.assign(address());
    }
  });
  // Somebody may have typed before this was loaded.
  if (input.value) narrow();
  else mark();
}
