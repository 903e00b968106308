/* Passkeys: what only the browser can do. Without it, or in a browser that has none, the password is the way. */
const Key = window.PublicKeyCredential;

async function answered(form) {
  const { passkey, options, ask } = form.dataset;
  const asked = options ? JSON.parse(options) : await (await fetch(ask, { method: "POST" })).json();
  const made = passkey === "make"
    ? await navigator.credentials.create({ publicKey: Key.parseCreationOptionsFromJSON(asked) })
    : await navigator.credentials.get({ publicKey: Key.parseRequestOptionsFromJSON(asked) });
  return JSON.stringify(made.toJSON());
}

async function hand(event) {
  const form = event.currentTarget;
  event.preventDefault();
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  try {
    form.elements.answer.value = await answered(form);
  } catch {
    // Given up, no fitting key, or no network: the browser tells which in its own window.
    failed.hidden = false;
    return;
  }
  form.submit();
}

/* The forms stand on the page from the start, so that nothing jumps; a browser that knows no passkeys hides them. */
const knows = Boolean(Key?.parseRequestOptionsFromJSON);
for (const form of document.querySelectorAll("[data-passkey]")) {
  form.addEventListener("submit", hand);
  form.hidden = !knows;
}
for (const none of document.querySelectorAll("[data-no-passkey]")) none.classList.toggle("without-script", knows);
