// Switches the single keys of lists off and on, on this device.
export default function keys(box) {
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
}
