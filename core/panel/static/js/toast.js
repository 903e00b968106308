// Takes the message away after its time, never while it is pointed at or focused.
export default function toast(element) {
  let left = Number(element.dataset.seconds) * 10;
  const timer = setInterval(() => {
    if (!element.dataset.seconds || element.matches(":hover, :focus-within") || document.hidden) return;
    left -= 1;
    if (left <= 0) close();
  }, 100);
  const close = () => {
    clearInterval(timer);
    element.remove();
  };
  element.querySelector("[data-close]").addEventListener("click", close);
}
