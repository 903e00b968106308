/** What was looked at last stays on this device: on a product's page it is noted, and shown are the others. */
const MOST = 9;
const read = () => { try { return JSON.parse(localStorage.getItem("seen")) ?? []; } catch { return []; } };
const write = (seen) => { try { localStorage.setItem("seen", JSON.stringify(seen)); } catch { /* storage is closed: nothing is kept */ } };

export function attach(part) {
  const { name, url, picture } = part.dataset;
  const others = read().filter((one) => one.url !== url);
  if (url) write([{ name, url, picture }, ...others].slice(0, MOST));
  const items = others.slice(0, 6).map(item);
  part.hidden = !items.length;
  part.querySelector("ul").replaceChildren(...items);
  part.querySelector("[data-forget]").addEventListener("click", () => { write([]); part.hidden = true; document.getElementById("main").focus(); });
}

function item({ name, url, picture }) {
  const entry = document.createElement("li"), link = document.createElement("a"), frame = document.createElement("span"), text = document.createElement("span");
  link.className = "recent__link";
  link.href = url;
  frame.className = "recent__picture";
  if (picture) frame.append(Object.assign(new Image(160, 160), { src: picture, alt: "", loading: "lazy" }));
  text.textContent = name;
  link.append(frame, text);
  entry.append(link);
  return entry;
}
