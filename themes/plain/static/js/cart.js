import { attach as held } from "./held.js";
import { attach as quantity } from "./quantity.js";
import { showCount } from "./shop.js";

const drawer = document.getElementById("cart-drawer");
const inside = drawer.querySelector("[data-drawer-inside]"), said = drawer.querySelector("[data-drawer-said]");

/** Asks the server and shows its answer in the drawer; a page instead of a fragment, or no answer, leaves to the plain way. */
async function show(request, otherwise) {
  const answer = await fetch(request).catch(() => null);
  const html = await answer?.text();
  if (!html || !html.includes("cart-drawer-title") || html.includes("<html")) return otherwise();
  inside.innerHTML = html;
  showCount();
  inside.querySelectorAll("[data-quantity]").forEach(quantity);
  inside.querySelectorAll("[data-held]").forEach(held);
  inside.querySelectorAll("[data-cart-form]").forEach((form) => form.addEventListener("submit", change));
}

/** The live region is heard only while it is shown, and only when its words change. */
function speak() {
  said.textContent = "";
  setTimeout(() => { said.textContent = inside.querySelector("[data-said]")?.dataset.said ?? ""; }, 100);
}

function reveal(from) {
  drawer.onclick = (event) => { if (event.target === drawer) drawer.close(); };
  drawer.onclose = () => from?.focus();
  if (!drawer.open) drawer.showModal();
  inside.querySelector("h2")?.focus();
  speak();
}

/** A form of the drawer, or of the product page, sent as it stands; the header asks for the fragment. */
function sent(form, submitter) {
  return new Request(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, submitter)), headers: { "X-Requested-With": "fetch" } });
}

async function change(event) {
  event.preventDefault();
  const { target: form, submitter } = event, where = [submitter?.name, submitter?.value], line = form.closest("[data-line]");
  const at = [...inside.querySelectorAll("[data-line]")].indexOf(line);
  await show(sent(form, submitter), () => location.assign(document.querySelector("[data-cart-open]").href));
  const again = inside.querySelectorAll("[data-line]")[at]?.querySelector(`[name="${where[0]}"][value="${where[1]}"]:enabled`);
  (inside.querySelector(".undo button") ?? again ?? inside.querySelector("h2")).focus();
  speak();
}

export async function open(from) {
  await show(new Request(drawer.dataset.drawer, { headers: { "X-Requested-With": "fetch" } }), () => location.assign(from.href));
  if (inside.firstChild) reveal(from);
}

export async function add(form, submitter) {
  await show(sent(form, submitter), () => form.submit());
  if (inside.firstChild) reveal(submitter);
}
