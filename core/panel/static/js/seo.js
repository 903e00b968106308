// Keeps the preview of a search result true while its words are typed. Letters as wide as two count twice, as on the server.
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;
const width = (text) => [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1), 0);
const plain = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent.replace(/\s+/g, " ").trim();

function cut(text, most) {
  if (width(text) <= most) return text;
  let shown = "";
  for (const letter of text) {
    if (width(shown + letter) > most) break;
    shown += letter;
  }
  return `${shown.trimEnd()}…`;
}

export default function seo(figure) {
  const form = figure.closest("form");
  const own = figure.closest("section");
  const others = [...form.querySelectorAll("section:has([data-seo=name])")];
  const read = (section, name) => {
    const field = section.querySelector(`[data-seo=${name}]`);
    return field ? field.value.trim() || field.placeholder : "";
  };
  const put = (name, text) => { figure.querySelector(`[data-out=${name}]`).textContent = text; };
  const measure = (name, text) => {
    const line = figure.querySelector(`[data-width=${name}]`);
    line.textContent = line.textContent.replace(/\d+/, width(text));
    line.classList.toggle("over", width(text) > Number(line.dataset.limit));
  };

  form.addEventListener("input", () => {
    const spoken = read(own, "name") ? own : others.find((section) => read(section, "name")) ?? own;
    const title = read(spoken, "seo_title") || read(spoken, "name");
    const most = Number(figure.dataset.most);
    const described = read(spoken, "seo_description")
      || cut([read(spoken, "name"), read(spoken, "summary"), plain(read(spoken, "body"))].filter(Boolean).join(". "), most);
    put("title", `${title} · ${figure.dataset.site}`);
    put("description", cut(described, most));
    const slug = own.querySelector("[name^=slug-]")?.value.trim();
    if (slug) put("path", slug);
    measure("title", title);
    measure("description", described);
  });
}
