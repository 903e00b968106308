/** Thumbs move the strip and follow it. Enter or a click enlarges in a dialog, which scrolls by arrow keys and leads on by its buttons. */
export function attach(gallery) {
  const list = gallery.querySelector(".gallery__list");
  if (!list) return;
  const thumbs = [...gallery.querySelectorAll(".gallery__thumb")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const go = (n, behavior) => list.children[n] && list.scrollTo({ left: list.children[n].offsetLeft - list.children[0].offsetLeft, behavior });
  thumbs.forEach((thumb, n) => thumb.addEventListener("click", (event) => { event.preventDefault(); go(n, calm ? "instant" : "smooth"); }));
  gallery.addEventListener("show-picture", ({ detail }) => go(detail, "instant"));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      thumbs.forEach((thumb, n) => { if (list.children[n] === entry.target) thumb.setAttribute("aria-current", "true"); else thumb.removeAttribute("aria-current"); });
    }
  }, { root: list, threshold: .6 });
  [...list.children].forEach((item) => watch.observe(item));
  const dialog = document.querySelector("[data-zoom-dialog]");
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-zoom]");
    if (!link || !dialog) return;
    event.preventDefault();
    enlarge([...list.children].indexOf(link.closest("li")));
    dialog.showModal();
  });
  let shown = 0;
  function enlarge(n) {
    shown = (n + list.children.length) % list.children.length;
    const link = list.children[shown].querySelector("[data-zoom]"), big = dialog.querySelector("img");
    big.src = link.href;
    big.alt = link.querySelector("img").alt;
  }
  for (const button of dialog?.querySelectorAll("[data-zoom-step]") ?? []) {
    button.hidden = list.children.length < 2;
    button.addEventListener("click", () => enlarge(shown + Number(button.dataset.zoomStep)));
  }
}
