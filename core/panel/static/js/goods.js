// Finds goods while their name is typed, and adds rows to a form, without a new page: the same form is sent by the same
// buttons, and of the answer the parts with data-part are put in place of the old ones.
const PAUSE_MS = 300;

export default function goods(section) {
  const form = section.closest("form");
  const find = section.querySelector("[name=find]");
  let timer = 0;
  let asked = 0;

  section.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=submit]");
    if (!button || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act(button.name, button.value, button);
  });
  find?.addEventListener("input", (event) => {
    event.stopPropagation();
    clearTimeout(timer);
    timer = setTimeout(() => act("act", "find"), PAUSE_MS);
  });
  find?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(timer);
    act("act", "find");
  });

  async function act(name, value, button) {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set(name, value);
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    if (mine !== asked) return;
    // Whoever is signed out, or offline, gets the page that says so.
    if (!answer?.ok) return button && form.requestSubmit(button);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    if (value === "find") return put(page, "goods-found");
    for (const part of form.querySelectorAll("[data-part]")) put(page, part.id);
    if (name !== "pick") return newest(value === "own_row" ? "own-rows" : "goods-rows");
    find.select();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function put(page, id) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id).replaceChildren(...fresh.childNodes);
  }

  function newest(id) {
    const row = [...document.querySelectorAll(`#${id} tbody tr, #${id} > [role=group]`)].at(-1);
    row?.querySelector("input")?.focus();
  }
}
