/** Shows a short message in the live region for ten seconds. */
export function say(text) {
  const box = document.createElement("div");
  box.className = "toast";
  box.append(text);
  document.querySelector("[data-toasts]").append(box);
  setTimeout(() => box.remove(), 10_000);
}
