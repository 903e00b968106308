/** Two sliders over the price boxes. The boxes stay: they are what is sent, and whoever cannot drag types. */
export function attach(part) {
  const sliders = part.querySelector("[data-sliders]"), [least, most] = part.querySelectorAll("[data-slider]");
  if (!sliders) return;
  const boxes = { min: part.querySelector("[name=min]"), max: part.querySelector("[name=max]") };
  const low = Math.floor(Number(least.min)), high = Math.ceil(Number(least.max));
  if (!(high > low)) return;
  sliders.dataset.ready = "";
  for (const slider of [least, most]) { slider.min = low; slider.max = high; slider.step = Math.max(1, Math.round((high - low) / 100)); }
  const amount = (box, otherwise) => { const typed = parseFloat(box.value.replace(",", ".")); return Number.isFinite(typed) ? typed : otherwise; };
  const follow = () => { least.value = amount(boxes.min, low); most.value = amount(boxes.max, high); };
  follow();
  boxes.min.addEventListener("input", follow);
  boxes.max.addEventListener("input", follow);
  function slide(slider) {
    if (Number(least.value) > Number(most.value)) (slider === least ? most : least).value = slider.value;
    boxes.min.value = Number(least.value) > low ? least.value : "";
    boxes.max.value = Number(most.value) < Number(most.max) - 0.5 * Number(most.step) ? most.value : "";
  }
  for (const slider of [least, most]) {
    slider.addEventListener("input", () => slide(slider));
    slider.addEventListener("change", () => boxes.min.dispatchEvent(new Event("change", { bubbles: true })));
  }
}
