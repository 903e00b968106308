/* Marks the hearts of what is on the list, which the browser holds in a cookie, and presses them without leaving the page. */
const cookie = "mine_wishlist";
const kept = () => {
  const held = new RegExp(`(?:^|; )${cookie}=([^;~]+)`).exec(document.cookie)?.[1] ?? "";
  return new Set(held.split(".").filter(Boolean).map((one) => one.split("-")[0]));
};

function mark(within = document) {
  const known = kept();
  for (const button of within.querySelectorAll('[data-act="wishlist"]')) button.setAttribute("aria-pressed", String(known.has(button.value)));
  for (const badge of document.querySelectorAll("[data-wish-count]")) {
    badge.hidden = known.size === 0;
    badge.textContent = String(known.size);
  }
}

addEventListener("submit", async (event) => {
  if (event.target.dataset.actForm !== "wishlist" || event.defaultPrevented) return;
  event.preventDefault();
  const { target: form, submitter } = event;
  const sent = { method: "POST", body: new URLSearchParams({ product: submitter.value }), headers: { "X-Requested-With": "fetch" } };
  const answer = await fetch(form.action, sent).catch(() => null);
  if (!answer) return location.assign(form.action.replace(/add$/, ""));
  mark();
  if (answer.headers.get("Content-Type")?.startsWith("text/plain")) say(await answer.text());
});

/** Into the page's own place for short news, which is read aloud. */
function say(text) {
  const place = document.querySelector("[data-toasts]");
  const told = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  place?.replaceChildren(told);
  setTimeout(() => told.remove(), 4000);
}

mark();
addEventListener("pageshow", () => mark());
/* More goods that a script adds to the list are marked, too. */
const goods = document.querySelector("[data-goods]");
if (goods) new MutationObserver(() => mark(goods)).observe(goods, { childList: true });
