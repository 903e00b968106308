/** On the product page the two buttons step the number on the spot; in the cart they are forms, and a typed number is sent when it is left. */
export function attach(box) {
  const input = box.querySelector("input");
  const [less, more] = box.querySelectorAll("button");
  if (less.type === "submit") { input.addEventListener("change", () => input.form.requestSubmit()); return; }
  const step = (by) => ({ currentTarget }) => {
    input.value = Math.max(1, (parseInt(input.value, 10) || 1) + by);
    less.disabled = input.value < 2;
    if (less.disabled && currentTarget === less) more.focus();
  };
  less.addEventListener("click", step(-1));
  more.addEventListener("click", step(1));
}
