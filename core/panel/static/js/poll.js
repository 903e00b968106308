// Looks at this page again every two seconds, and puts the new part in place of the old one until it no longer asks for that.
const PAUSE_MS = 2000;

export default function poll(part) {
  setTimeout(async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return poll(part);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (!fresh) return location.reload();
    part.replaceChildren(...fresh.childNodes);
    poll(part);
  }, PAUSE_MS);
}
