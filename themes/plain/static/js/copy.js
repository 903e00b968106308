import { say } from "./say.js";

/** Copies a number; the button shows only where copying works. */
export function attach(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => { await navigator.clipboard.writeText(button.dataset.copy); say(button.dataset.copied); });
}
