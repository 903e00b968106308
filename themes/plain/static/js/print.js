/** The button shows only where there is a script to print with. */
export function attach(button) { button.hidden = false; button.addEventListener("click", () => print()); }
