/** Puts the next page under this one. The link stays a link: without this, or when the answer fails, it leads to the next page.
    How many pages were added, and how far one had scrolled, stays with this entry of the browser's history: Back finds the list as it was left. */
let busy = false;
const kept = history.state ?? {};

async function next(link) {
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = [...page.querySelectorAll("[data-goods] > *")];
  document.querySelector("[data-goods]").append(...cards);
  const pager = page.querySelector("[data-pager]");
  document.querySelector("[data-pager]").replaceWith(pager);
  pager.querySelectorAll("[data-more]").forEach(watch);
  return cards;
}

function watch(link) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || busy) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    const cards = await next(link);
    if (!cards) { location.href = link.href; return; }
    kept.more = (kept.more ?? 0) + 1;
    history.replaceState({ ...history.state, ...kept }, "");
    cards[0]?.querySelector("a").focus();
  });
}

async function restore() {
  busy = true;
  for (let left = kept.more; left > 0; left -= 1) {
    const link = document.querySelector("[data-more]");
    if (!link || !(await next(link))) break;
  }
  busy = false;
  scrollTo({ top: kept.top, behavior: "instant" });
}

export function attach(link) {
  watch(link);
  addEventListener("pagehide", () => { if (kept.more) history.replaceState({ ...history.state, ...kept, top: scrollY }, ""); });
  if (kept.more) restore();
}
