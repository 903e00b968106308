// Lets the box of a rich text be written in as it will be read. The box stays what is sent, and is one press away.
// Commands are the browser's own, so that its undo knows them.
const TAGS = new Set(("a b blockquote br caption cite code dd del div dl dt em figcaption figure h2 h3 h4 hr i img ins "
  + "kbd li mark ol p pre q s small span strong sub sup table tbody td tfoot th thead tr u ul").split(" "));
const ATTRIBUTES = { a: ["href", "title"], img: ["src", "alt", "width", "height", "title"], td: ["colspan", "rowspan"],
  th: ["colspan", "rowspan", "scope"], ol: ["start"] };
const EVERYWHERE = ["lang", "dir"];
// What comes from elsewhere keeps its meaning and loses its looks: no pictures of others, no tables that lay out.
const PASTED = new Set("a b blockquote br em h2 h3 h4 i li ol p strong sub sup ul".split(" "));
const GONE = new Set("SCRIPT STYLE IFRAME OBJECT TEMPLATE SVG MATH HEAD TITLE META LINK NOSCRIPT SELECT BUTTON".split(" "));
const RENAMED = { B: "strong", I: "em", H1: "h2", H5: "h4", H6: "h4" };
const BLOCKS = new Set("P DIV UL OL LI H2 H3 H4 BLOCKQUOTE PRE TABLE FIGURE HR DL".split(" "));
const SCHEME = /^\s*([a-z][a-z0-9+.-]*):/i;
const SAFE = new Set(["http", "https", "mailto", "tel"]);

const isSafe = (address) => { const found = SCHEME.exec(address); return !found || SAFE.has(found[1].toLowerCase()); };

// Styles and handlers are renamed before the browser reads them: the policy of the page forbids them, and would say so.
function cleaned(html, tags) {
  const quiet = html.replace(/<(\/?)style\b/gi, "<$1template").replace(/\s(style|on[a-z]+)(?=\s*=)/gi, " data-$1");
  const body = new DOMParser().parseFromString(quiet, "text/html").body;
  clean(body, tags);
  return body;
}

function clean(parent, tags) {
  for (const node of [...parent.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE) continue;
    if (node.nodeType !== Node.ELEMENT_NODE || GONE.has(node.tagName.toUpperCase())) {
      node.remove();
      continue;
    }
    clean(node, tags);
    const name = wanted(node);
    if (!tags.has(name) || (name === "a" && !isSafe(node.getAttribute("href") ?? "javascript:"))) {
      node.replaceWith(...node.childNodes, ...(tags === PASTED ? after(node) : []));
      continue;
    }
    const made = document.createElement(name);
    const kept = [...(ATTRIBUTES[name] ?? []), ...(tags === PASTED ? [] : EVERYWHERE)];
    for (const attribute of kept) {
      const value = node.getAttribute(attribute);
      if (value !== null && (!["href", "src"].includes(attribute) || isSafe(value))) made.setAttribute(attribute, value);
    }
    made.append(...node.childNodes);
    node.replaceWith(made);
  }
}

// Cells and rows of a table that was taken apart.
function after(node) {
  if (node.tagName === "TD" || node.tagName === "TH") return [" "];
  return node.tagName === "TR" ? [document.createElement("br")] : [];
}

// Word and others write bold as a style, and a bold that is none around everything.
function wanted(node) {
  const style = node.dataset.style ?? "";
  if (node.tagName === "B" && /font-weight:\s*(normal|400)/i.test(style)) return "none";
  if (node.tagName === "SPAN" && /font-weight:\s*(bold|[6-9]00)/i.test(style)) return "strong";
  if (node.tagName === "SPAN" && /font-style:\s*italic/i.test(style)) return "em";
  if (node.tagName === "SPAN" && !node.lang && !node.dir) return "none";
  if (node.tagName === "DIV" && ![...node.children].some((child) => BLOCKS.has(child.tagName))) return "p";
  return RENAMED[node.tagName] ?? node.tagName.toLowerCase();
}

// Words that stand alone become a paragraph; a list that a browser put into a paragraph comes out of it.
function inBlocks(nodes) {
  const parts = [];
  let run = null;
  for (const node of nodes) {
    if (BLOCKS.has(node.tagName)) {
      parts.push(node);
      run = null;
    } else if (run) {
      run.append(node);
    } else if (node.textContent.trim() || node.tagName === "IMG") {
      run = document.createElement("p");
      run.append(node);
      parts.push(run);
    }
  }
  return parts;
}

function written(editor) {
  const body = editor.cloneNode(true);
  clean(body, TAGS);
  for (const paragraph of body.querySelectorAll("p")) {
    if ([...paragraph.children].some((child) => BLOCKS.has(child.tagName))) paragraph.replaceWith(...inBlocks([...paragraph.childNodes]));
  }
  body.replaceChildren(...inBlocks([...body.childNodes]));
  for (const node of [...body.querySelectorAll("p, h2, h3, h4, li, blockquote, strong, em, a")].reverse()) {
    if (!node.textContent.trim() && !node.querySelector("img, hr")) node.remove();
  }
  if (!body.textContent.trim() && !body.querySelector("img, hr, table")) return "";
  return body.innerHTML.replace(/&nbsp;/g, " ").replace(/(<\/(?:p|h[2-4]|ul|ol|li|blockquote)>)(?=<)/g, "$1\n").trim();
}

function pasted(data) {
  const html = data.getData("text/html");
  if (html) {
    const body = cleaned(html, PASTED);
    for (const node of body.querySelectorAll("p, h2, h3, h4, li")) if (!node.textContent.trim()) node.remove();
    return body.innerHTML.trim();
  }
  const escape = document.createElement("p");
  return data.getData("text/plain").trim().split(/\n\s*\n/).map((part, at, all) => {
    escape.textContent = part;
    const lines = escape.innerHTML.replace(/\n/g, "<br>");
    return all.length > 1 ? `<p>${lines}</p>` : lines;
  }).join("");
}

export default function rich(box) {
  const area = box.querySelector("textarea");
  const tools = box.querySelector("[role=toolbar]");
  const linking = box.querySelector("[data-linking]");
  const address = linking.querySelector("input");
  const wrong = linking.querySelector("[data-wrong]");
  const buttons = [...tools.querySelectorAll("button")];
  const label = document.getElementById(`${area.id}-label`);
  const editor = document.createElement("div");
  let stored = area.value;
  let range = null;

  const act = (command, value = null) => { editor.focus(); document.execCommand(command, false, value); };
  const show = () => {
    editor.replaceChildren(...cleaned(area.value || "<p><br></p>", TAGS).childNodes);
    stored = area.value;
  };
  const around = (selector) => {
    const node = getSelection().anchorNode;
    const element = node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
    return editor.contains(element) ? element.closest(selector) : null;
  };
  const within = (name) => around(name) !== null && around(name) !== editor;

  Object.assign(editor, { className: "input rich_text", contentEditable: "true", id: area.id });
  area.id = `${area.id}-html`;
  for (const [name, value] of Object.entries({
    role: "textbox", "aria-multiline": "true", "aria-labelledby": label.id, lang: area.lang || null,
    "aria-describedby": area.getAttribute("aria-describedby"), "aria-invalid": area.getAttribute("aria-invalid"),
    "data-placeholder": area.placeholder ? cleaned(area.placeholder, PASTED).textContent.trim() : null,
  })) if (value) editor.setAttribute(name, value);
  label.addEventListener("click", (event) => {
    if (area.hidden) { event.preventDefault(); editor.focus(); }
  });
  label.htmlFor = area.id;
  tools.setAttribute("aria-controls", editor.id);
  show();
  area.before(editor);
  area.hidden = true;
  tools.hidden = false;

  // -- what is written goes into the box, and what is put into the box is shown ------------------------------------------
  editor.addEventListener("input", () => {
    area.value = stored = written(editor);
    editor.classList.toggle("is-empty", !editor.textContent.trim() && !editor.querySelector("li, img, hr"));
  });
  area.form?.addEventListener("input", () => { if (area.value !== stored && area.hidden) show(); });
  area.form?.addEventListener("reset", () => setTimeout(show));
  editor.classList.toggle("is-empty", !editor.textContent.trim());
  editor.addEventListener("focus", () => {
    document.execCommand("defaultParagraphSeparator", false, "p");
    document.execCommand("styleWithCSS", false, false);
  });
  for (const kind of ["paste", "drop"]) {
    editor.addEventListener(kind, (event) => {
      const data = event.clipboardData ?? event.dataTransfer;
      event.preventDefault();
      if (kind === "drop") {
        const spot = document.caretRangeFromPoint?.(event.clientX, event.clientY);
        if (spot) getSelection().setBaseAndExtent(spot.startContainer, spot.startOffset, spot.startContainer, spot.startOffset);
      }
      const html = pasted(data);
      if (html) act("insertHTML", html);
    });
  }

  // -- the tools -------------------------------------------------------------------------------------------------------
  const block = (name) => act("formatBlock", within(name) ? "p" : name);
  const doing = {
    bold: () => act("bold"), italic: () => act("italic"), h2: () => block("h2"), h3: () => block("h3"),
    bullets: () => act("insertUnorderedList"), numbers: () => act("insertOrderedList"),
    undo: () => act("undo"), redo: () => act("redo"), link: () => open(), html: () => source(),
  };
  const pressed = {
    bold: () => document.queryCommandState("bold") && !within("h2, h3"), italic: () => document.queryCommandState("italic"),
    h2: () => within("h2"), h3: () => within("h3"), bullets: () => within("ul"), numbers: () => within("ol"),
    link: () => within("a"), html: () => !area.hidden,
  };
  const look = () => {
    for (const button of buttons) {
      if (button.dataset.do in pressed) button.setAttribute("aria-pressed", pressed[button.dataset.do]());
    }
  };
  document.addEventListener("selectionchange", () => { if (editor.contains(getSelection().anchorNode)) look(); });
  editor.addEventListener("keyup", look);  // Bold by its keys, where nothing is selected.
  tools.addEventListener("mousedown", (event) => event.preventDefault());  // The selection stays.
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    rove(button);
    doing[button.dataset.do]();
    look();
  });
  const rove = (chosen) => { for (const button of buttons) button.tabIndex = button === chosen ? 0 : -1; };
  rove(buttons[0]);
  tools.addEventListener("keydown", (event) => {
    const rtl = getComputedStyle(tools).direction === "rtl";
    const at = buttons.indexOf(document.activeElement);
    const free = buttons.filter((button) => !button.disabled);
    const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 }[event.key];
    let next = null;
    if (step) next = free[(free.indexOf(buttons[at]) + step + free.length) % free.length];
    else if (event.key === "Home") next = free[0];
    else if (event.key === "End") next = free.at(-1);
    else if (event.key === "Escape") { event.preventDefault(); (area.hidden ? editor : area).focus(); }
    if (!next) return;
    event.preventDefault();
    rove(next);
    next.focus();
  });
  editor.addEventListener("keydown", (event) => {
    if (event.altKey && event.key === "F10") {
      event.preventDefault();
      buttons.find((button) => button.tabIndex === 0).focus();
    } else if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      event.stopPropagation();
      open();
    }
  });

  function source() {
    const isSource = area.hidden;
    if (!isSource) show();
    area.hidden = !isSource;
    editor.hidden = isSource;
    for (const button of buttons) button.disabled = isSource && button.dataset.do !== "html";
    label.htmlFor = area.id;
    (isSource ? area : editor).focus();
  }

  // -- links -----------------------------------------------------------------------------------------------------------
  function open() {
    const selection = getSelection();
    range = editor.contains(selection.anchorNode) ? selection.getRangeAt(0).cloneRange() : null;
    if (!range) { editor.focus(); range = getSelection().getRangeAt(0).cloneRange(); }
    address.value = around("a")?.getAttribute("href") ?? "";
    linking.querySelector("[data-unlink]").hidden = !address.value;
    linking.hidden = false;
    wrong.hidden = true;
    address.removeAttribute("aria-invalid");
    address.focus();
  }

  function back() {
    linking.hidden = true;
    editor.focus();
    if (!range) return;
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  function link() {
    const typed = address.value.trim();
    const target = /^[\w-]+(\.[\w-]+)+([/?#].*)?$/.test(typed) ? `https://${typed}` : typed.includes("@") && !SCHEME.test(typed) ? `mailto:${typed}` : typed;
    if (!/^(https?:\/\/|mailto:|tel:|\/|#)./i.test(target)) {
      wrong.hidden = false;
      address.setAttribute("aria-invalid", "true");
      address.focus();
      return;
    }
    back();
    const old = around("a");
    if (old) getSelection().selectAllChildren(old);
    if (getSelection().isCollapsed) {
      const made = document.createElement("a");
      made.href = target;
      made.setAttribute("href", target);
      made.textContent = typed;
      act("insertHTML", made.outerHTML);
    } else {
      act("createLink", target);
    }
    look();
  }

  function unlink() {
    back();
    const old = around("a");
    if (old) getSelection().selectAllChildren(old);
    act("unlink");
    look();
  }

  linking.querySelector("[data-link]").addEventListener("click", link);
  linking.querySelector("[data-unlink]").addEventListener("click", unlink);
  linking.querySelector("[data-cancel]").addEventListener("click", back);
  linking.addEventListener("input", (event) => event.stopPropagation());
  linking.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === address) { event.preventDefault(); link(); }
    if (event.key === "Escape") { event.preventDefault(); back(); }
  });
}
