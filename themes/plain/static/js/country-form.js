/** Asks the server for the fields of another country as soon as it is chosen; what was typed into those that stay is kept. */
export function attach(form) {
  form.addEventListener("change", async ({ target }) => {
    if (target.name !== "country") return;
    const asked = new URLSearchParams(new FormData(form));
    asked.set("country_only", "1");
    const answer = await fetch(form.action, { method: "POST", body: asked }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("address-fields"), old = document.getElementById("address-fields");
    if (!fresh || fresh.querySelector("[name=country]").value !== target.value) return;
    fresh.querySelectorAll("noscript").forEach((one) => one.remove());
    old.replaceWith(fresh);
    fresh.querySelector("[name=country]").focus();
  });
}
