// Sends a small form as soon as a choice is made.
export default function submitOnChange(form) {
  form.addEventListener("change", () => form.requestSubmit());
}
