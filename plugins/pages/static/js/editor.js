// Buttons above each text for its small markup, and texts that grow with their words. Nothing here is needed to write.
const MARKS = [["**", "**", "B"], ["*", "*", "I"], ["[", "](https://)", "↗"], ["- ", "", "•"]];
const form = document.querySelector(".pages_editor");
const names = form.dataset.words.split("|");

function put(area, [before, after]) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const chosen = value.slice(start, end);
  const at = before === "- " ? value.lastIndexOf("\n", start - 1) + 1 : start;
  const told = before === "- " ? value.slice(at, end).replace(/^/gm, "- ") : before + chosen + after;
  area.setRangeText(told, at, end, "end");
  if (after && !chosen) area.setSelectionRange(start + before.length, start + before.length);
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function fit(area) {
  area.style.setProperty("block-size", "auto");
  area.style.setProperty("block-size", `${Math.min(area.scrollHeight + 4, 640)}px`);
}

for (const area of form.querySelectorAll("textarea[data-rich]")) {
  const tools = document.createElement("div");
  tools.className = "pages_tools";
  MARKS.forEach((mark, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet button--small";
    button.textContent = mark[2];
    button.setAttribute("aria-label", names[place]);
    button.title = names[place];
    button.addEventListener("click", () => put(area, mark));
    tools.append(button);
  });
  area.before(tools);
  area.addEventListener("keydown", (event) => {
    const place = { b: 0, i: 1 }[event.key];
    if ((event.ctrlKey || event.metaKey) && place !== undefined) {
      event.preventDefault();
      put(area, MARKS[place]);
    }
  });
  area.addEventListener("input", () => fit(area));
  fit(area);
}
