// Lets each operation of the reference be tried. Without this file the page is a reference all the same.

const page = document.querySelector("[data-api]");
const words = page.dataset;
const key = document.getElementById("api-key");

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function box(label, control) {
  return made("label", {}, label, control);
}

function request(operation, form) {
  const headers = { Authorization: `Bearer ${key.value.trim()}` };
  const query = new URLSearchParams();
  let path = operation.dataset.path;
  for (const control of form.querySelectorAll("[data-in]")) {
    const { name, value } = control;
    if (control.dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (control.dataset.in === "header") headers[name] = value;
    else for (const one of control.dataset.list ? value.split("\n") : [value]) query.append(name, one);
  }
  const body = form.querySelector("textarea[name=body]");
  if (body) headers["Content-Type"] = "application/json";
  const asked = query.size ? `?${query}` : "";
  return [new URL(words.api).pathname + path + asked, { method: operation.dataset.method, headers, body: body?.value, credentials: "omit" }];
}

async function send(operation, form, shown) {
  shown.textContent = words.wordsSending;
  try {
    const answer = await fetch(...request(operation, form));
    const text = await answer.text();
    const kind = answer.headers.get("Content-Type") ?? "";
    const body = kind.includes("json") && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
    shown.textContent = `${answer.status} ${answer.statusText}\n\n${body}`;
  } catch {
    shown.textContent = words.wordsFailed;
  }
}

function furnish(operation) {
  const form = made("form", { class: "api-docs__try", "aria-label": words.wordsTry });
  for (const row of operation.querySelectorAll("[data-parameter]")) {
    const { parameter, list } = row.dataset;
    const tag = list ? "textarea" : "input";
    form.append(box(parameter, made(tag, { class: "input", name: parameter, "data-in": row.dataset.in, "data-list": list ?? "", autocomplete: "off" })));
  }
  const example = operation.querySelector("[data-example]");
  if (example) {
    const body = made("textarea", { class: "input", name: "body", spellcheck: "false" });
    body.value = example.textContent;
    form.append(box(words.wordsBody, body));
  }
  const shown = made("pre", { role: "status", tabindex: "0", "aria-label": words.wordsAnswer });
  form.append(made("button", { class: "button", type: "submit" }, words.wordsSend), shown);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(operation, form, shown);
  });
  operation.append(form);
}

document.querySelector("[data-key-box]").hidden = false;
for (const operation of document.querySelectorAll("[data-operation]")) {
  operation.addEventListener("toggle", () => furnish(operation), { once: true });
}
