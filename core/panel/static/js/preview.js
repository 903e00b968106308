// Shows what a form would do while it is filled in: asks for its preview, and puts the new effect in place of the old one.
const PAUSE_MS = 400;

export default function preview(form) {
  let timer = 0;
  let asked = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  async function ask() {
    const mine = ++asked;
    const body = new FormData(form);
    body.set("act", "preview");
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    if (mine !== asked || !answer || (!answer.ok && answer.status !== 422 && answer.status !== 409)) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = answer.ok ? page.getElementById("effect") : page.getElementById("errors");
    const place = form.querySelector("#effect");
    if (!fresh || !place) return;
    if (answer.ok) {
      place.replaceChildren(...fresh.childNodes);
      return;
    }
    // Where somebody writes, nothing takes the focus away.
    for (const name of ["id", "tabindex", "role", "data-behaviour"]) fresh.removeAttribute(name);
    place.replaceChildren(fresh);
  }
}
