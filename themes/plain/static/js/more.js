/** Puts the next page under this one. The link stays a link: without this, or when the answer fails, it leads to the next page. */
export function attach(link) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    const answer = await fetch(link.href).catch(() => null);
    if (!answer?.ok) { location.href = link.href; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const cards = [...page.querySelectorAll("[data-goods] > *")];
    document.querySelector("[data-goods]").append(...cards);
    const pager = page.querySelector("[data-pager]");
    document.querySelector("[data-pager]").replaceWith(pager);
    pager.querySelectorAll("[data-more]").forEach(attach);
    cards[0]?.querySelector("a").focus();
  });
}
