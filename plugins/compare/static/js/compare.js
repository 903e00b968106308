/* Marks what is in the comparison, which the browser holds in a cookie, and presses its buttons without leaving the page. */
const bar = document.querySelector("[data-compare-bar]");
const known = () => new Set((/(?:^|; )mine_compare=([\d.]+)/.exec(document.cookie)?.[1] ?? "").split(".").filter(Boolean));

function mark(within = document) {
  const ids = known();
  for (const button of within.querySelectorAll('[data-act="compare"]')) button.setAttribute("aria-pressed", String(ids.has(button.value)));
  if (!bar) return;
  bar.hidden = ids.size === 0 || location.pathname === new URL(bar.href).pathname;
  bar.querySelector("[data-compare-count]").textContent = String(ids.size);
}

addEventListener("submit", async (event) => {
  if (event.target.dataset.actForm !== "compare" || event.defaultPrevented) return;
  event.preventDefault();
  const { target: form, submitter } = event;
  const sent = { method: "POST", body: new URLSearchParams({ product: submitter.value }), headers: { "X-Requested-With": "fetch" } };
  const answer = await fetch(form.action, sent).catch(() => null);
  if (!answer) return location.assign(bar.href);
  mark();
  if (answer.headers.get("Content-Type")?.startsWith("text/plain")) say(await answer.text());
});

/** Into the page's own place for short news, which is read aloud. */
function say(text) {
  const told = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  document.querySelector("[data-toasts]")?.replaceChildren(told);
  setTimeout(() => told.remove(), 4000);
}

mark();
addEventListener("pageshow", () => mark());
const goods = document.querySelector("[data-goods]");
if (goods) new MutationObserver(() => mark(goods)).observe(goods, { childList: true });
