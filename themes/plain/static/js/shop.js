/* Finds what the page asks for and loads only that. Nothing here is needed to buy. */
const behaviours = {
  "[data-scheme-form]": "scheme-form", "[data-search]": "search", "[data-gallery]": "gallery", "[data-variants]": "variants",
  "[data-buy-bar]": "buy-bar", "[data-checkout]": "checkout", "[data-copy]": "copy", "[data-onward]": "onward", "[data-sort], [data-facets]": "listing", "[data-more]": "more",
  "[data-quantity]": "quantity", "[data-open-wide]": "summary", "[data-error-summary]": "error-summary", "[popover]": "sheet", "[data-recent]": "recent", "[data-range]": "range", "[data-print]": "print", "[data-held]": "held",
};
for (const [selector, file] of Object.entries(behaviours)) {
  const found = document.querySelectorAll(selector);
  if (found.length) import(`./${file}.js`).then(({ attach }) => found.forEach(attach));
}

/* The number of things in the cart is in a cookie, so that pages can be the same for everyone. */
export function showCount() {
  const count = /(?:^|; )cart_count=(\d+)/.exec(document.cookie)?.[1] ?? "0";
  document.querySelectorAll("[data-cart-count]").forEach((badge) => { badge.hidden = count === "0"; badge.textContent = count; });
}
showCount();
addEventListener("pageshow", showCount);

/* The cart is on every page, but its code comes when a hand moves towards it. */
addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-cart-open]");
  if (!opener || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  (await import("./cart.js")).open(opener);
});
addEventListener("submit", async (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-buy]") || event.submitter?.formMethod === "get") return;
  event.preventDefault();
  (await import("./cart.js")).add(event.target, event.submitter);
});
