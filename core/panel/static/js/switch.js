// Sends the switch at the moment it is turned.
export default function sendSwitch(form) {
  form.querySelector("[role=switch]").addEventListener("change", () => form.requestSubmit());
}
