/* Finds what the page asks for and loads only that: once the page stands on the screen, or at the first sign of a hand. Nothing here is needed to buy. */
const behaviours = {
  "[data-scheme-form]": "scheme-form", "[data-search]": "search", "[data-gallery]": "gallery", "[data-variants]": "variants",
  "[data-buy-bar]": "buy-bar", "[data-checkout]": "checkout", "[data-copy]": "copy", "[data-onward]": "onward", "[data-waits]": "waits", "[data-sort], [data-facets]": "listing", "[data-more]": "more",
  "[data-quantity]": "quantity", "[data-open-wide]": "summary", "[data-error-summary]": "error-summary", "[popover]": "sheet", "[data-recent]": "recent", "[data-range]": "range", "[data-print]": "print", "[data-held]": "held", "[data-country-form]": "country-form",
};
/* What is pressed or sent before its script is here waits for it. All else works as it does without scripts. */
const PRESSED = "[data-gallery] a, [data-quantity] [type=button], [data-open-wide] > summary, [data-more], [data-refresh]";
const SENT = "[data-act-form], [data-passkey]";
/* What goes on by itself, or puts the page in order before anybody looks at it, is loaded at once. */
const URGENT = "[data-onward], [data-error-summary]";
const HANDS = ["pointermove", "pointerdown", "keydown", "click", "input", "change"];

const attach = async (selector, file) => {
  const found = document.querySelectorAll(selector);
  if (found.length) await import(`./${file}.js`).then((module) => found.forEach(module.attach)).catch(reportError);
};
const early = new AbortController(), again = [];
const before = (names, heard) => names.forEach((name) => addEventListener(name, heard, { capture: true, signal: early.signal }));
let loading;

/** Loads and attaches everything, once; then does again what was done before, in its order. Plugins name their modules by `data-module`.
    On <html>, `data-shown` lets the pictures come that gave way to the first ones, and `data-ready` says that all is attached. */
function load() {
  loading ??= (async () => {
    document.documentElement.dataset.shown = "";
    const own = Object.entries(behaviours).map((one) => attach(...one));
    await Promise.all([...own, ...[...document.querySelectorAll("[data-module]")].map(({ dataset }) => import(dataset.module).catch(reportError))]);
    early.abort();
    again.forEach((one) => one());
    document.documentElement.dataset.ready = "";
  })();
  return loading;
}
function wait(event, one) {
  event.preventDefault();
  event.stopPropagation();
  again.push(one);
}
before(HANDS, load);
before(["click"], (event) => {
  const part = event.target.closest(PRESSED);
  if (part && !event.ctrlKey && !event.metaKey && !event.shiftKey) wait(event, () => part.click());
});
before(["submit"], (event) => { if (event.target.matches(SENT)) wait(event, () => event.target.requestSubmit(event.submitter)); });
before(["input", "change"], ({ type, target }) => again.push(() => target.dispatchEvent(new Event(type, { bubbles: true }))));

/* Two frames after all has arrived, what is largest has been painted: from here on nothing gets in its way. */
const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => (window.requestIdleCallback ?? setTimeout)(load)));
if (history.state?.more || document.querySelector(URGENT)) load();
else if (document.readyState === "complete") painted();
else addEventListener("load", painted);

/* The number of things in the cart is in a cookie, so that pages can be the same for everyone. */
export function showCount() {
  const count = /(?:^|; )cart_count=(\d+)/.exec(document.cookie)?.[1] ?? "0";
  document.querySelectorAll("[data-cart-count]").forEach((badge) => { badge.hidden = count === "0"; badge.textContent = count; });
}
showCount();
addEventListener("pageshow", showCount);

/* The cart is on every page, but its code comes when a hand moves towards it; where it does not come, the page leads on. */
addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-cart-open]");
  if (!opener || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const cart = await import("./cart.js").catch(() => null);
  if (cart) cart.open(opener); else location.assign(opener.href);
});
let adding = false;
addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || !form.matches("[data-buy]") || submitter?.formMethod === "get") return;
  event.preventDefault();
  if (adding) return;
  adding = true;
  submitter?.setAttribute("aria-busy", "true");
  try {
    // A choice that was made a moment before is settled first.
    const [cart] = await Promise.all([import("./cart.js").catch(() => null), load()]);
    if (cart) await cart.add(form, submitter); else form.submit();
  } finally {
    submitter?.removeAttribute("aria-busy");
    adding = false;
  }
});
