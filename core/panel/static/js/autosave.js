// Keeps what is typed as a draft on the server, after a pause. What cannot be sent (offline, signed out) stays in this
// window, and is filled in again when its page is opened the next time.
const PAUSE_MS = 1200;

export default function autosave(form) {
  const line = form.querySelector("[data-saved]");
  const key = `draft:${form.dataset.draft}`;
  const version = () => Number(form.elements.version?.value ?? 0);
  let timer = 0;
  let dirty = false;
  let sending = null;

  const say = (text) => { if (line) line.textContent = text; };
  const pairs = () => [...new FormData(form)].filter(([, value]) => typeof value === "string");

  async function keep(options = {}) {
    clearTimeout(timer);
    if (!dirty) return;
    dirty = false;
    sending?.abort();
    sending = new AbortController();
    const { signal } = sending;
    const body = new URLSearchParams(pairs());
    const answer = await fetch(form.dataset.draft, {
      method: "POST", body, signal, redirect: "manual", headers: { "X-Requested-With": "fetch" }, ...options,
    }).catch(() => null);
    if (signal.aborted) return;
    const told = answer?.headers.get("content-type")?.startsWith("application/json") ? await answer.json() : null;
    if (answer?.ok) sessionStorage.removeItem(key);
    else remember();
    say(told?.said ?? form.dataset.lost);
  }

  function remember() {
    try {
      sessionStorage.setItem(key, JSON.stringify({ version: version(), pairs: pairs() }));
    } catch { /* A full or forbidden store: the page itself still holds the words. */ }
  }

  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
    sessionStorage.removeItem(key);
    // A newer version is stored: what was sent has arrived, or the page shows it again with what came between.
    if (!kept || kept.version !== version() || "typed" in form.dataset) return;
    const values = new Map();
    for (const [name, value] of kept.pairs) values.set(name, [...(values.get(name) ?? []), value]);
    let differs = false;
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit" || field.type === "file") continue;
      const typed = values.get(field.name) ?? [];
      const is = field.type === "checkbox" || field.type === "radio" ? "checked" : "value";
      const wanted = is === "checked" ? typed.includes(field.value) : typed.shift() ?? field.value;
      differs ||= field[is] !== wanted;
      field[is] = wanted;
    }
    if (!differs) return;
    say(form.dataset.restored);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    dirty = false;
    sending?.abort();
    remember();
  });
  addEventListener("visibilitychange", () => { if (document.hidden) keep({ keepalive: true }); });
  addEventListener("online", () => { if (sessionStorage.getItem(key)) { dirty = true; keep(); } });
  restore();
  if ("typed" in form.dataset) {
    dirty = true;
    keep();
  }
}
