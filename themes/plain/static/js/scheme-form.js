/** Light, dark, or what the system says; kept on this device. */
export function attach(form) {
  let now = "auto";
  try { now = localStorage.getItem("scheme") ?? now; } catch { return; }
  form.hidden = false;
  form.querySelectorAll("[name=scheme]").forEach((radio) => { radio.checked = radio.value === now; });
  form.addEventListener("change", ({ target }) => {
    if (target.value === "auto") { localStorage.removeItem("scheme"); delete document.documentElement.dataset.scheme; }
    else { localStorage.setItem("scheme", target.value); document.documentElement.dataset.scheme = target.value; }
  });
}
