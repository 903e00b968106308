/** The bar rests while the real button is in view. */
export function attach(bar) {
  const button = document.querySelector("[data-add]");
  if (button) new IntersectionObserver(([entry]) => bar.toggleAttribute("data-resting", entry.isIntersecting)).observe(button);
}
