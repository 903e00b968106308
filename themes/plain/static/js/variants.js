import { say } from "./say.js";

/** A choice changes price, picture, stock, number and address. A value that the choices before it rule out is disabled, and says why. */
export function attach(data) {
  const { options, variants } = JSON.parse(data.textContent);
  const form = document.querySelector("[data-buy]");
  const radios = (code) => [...form.querySelectorAll(`input[type=radio][name="o.${CSS.escape(code)}"]`)];
  const fits = (variant, chosen) => Object.entries(chosen).every(([code, value]) => variant.values[code] === value);

  /** Walks the options in order: what the earlier ones allow stays open, and a choice that fell away moves to the first that is left. */
  function settle() {
    const chosen = {};
    for (const code of options) {
      const all = radios(code);
      for (const radio of all) {
        radio.disabled = !variants.some((variant) => fits(variant, { ...chosen, [code]: radio.value }));
        radio.parentElement.querySelector("[data-why]").textContent = radio.disabled ? ` ${form.dataset.impossible}` : "";
      }
      const wanted = all.find((radio) => radio.checked);
      const picked = wanted && !wanted.disabled ? wanted : all.find((radio) => !radio.disabled);
      if (wanted && wanted !== picked) say(form.dataset.instead.replace("{gone}", wanted.dataset.name).replace("{picked}", picked.dataset.name));
      picked.checked = true;
      chosen[code] = picked.value;
      for (const label of document.querySelectorAll(`[data-picked="${CSS.escape(code)}"]`)) label.textContent = picked.dataset.name;
    }
    return variants.find((variant) => fits(variant, chosen));
  }

  function show(variant) {
    for (const price of document.querySelectorAll("[data-price]")) { price.value = variant.amount; price.textContent = variant.price; }
    const box = form.closest("[data-buy-box]"), line = box.querySelector(".price");
    line.classList.toggle("price--reduced", Boolean(variant.was));
    line.querySelectorAll("s, .badge").forEach((node) => { node.hidden = !variant.was; });
    if (variant.was && line.querySelector("[data-was]")) { line.querySelector("[data-was]").textContent = variant.was; line.querySelector("[data-saved]").textContent = variant.saved; }
    box.querySelector("[data-sku]").textContent = variant.sku;
    form.elements.variant.value = variant.id;
    form.elements.shown.value = options.map((code) => `${code}=${variant.values[code]}`).join("&");
    box.querySelector("[data-stock]").textContent = variant.stock.text;
    box.querySelector("[data-stock-line]").dataset.stockLine = variant.stock.kind;
    document.querySelectorAll("[data-of-variants]").forEach((node) => { node.hidden = !node.dataset.ofVariants.split(" ").includes(String(variant.id)); });
    document.querySelectorAll("[data-add], [data-buy-bar] button").forEach((button) => { button.disabled = !variant.available; });
    if (variant.picture !== null) document.querySelector("[data-gallery]")?.dispatchEvent(new CustomEvent("show-picture", { detail: variant.picture }));
    history.replaceState(null, "", `${form.dataset.url}?v=${encodeURIComponent(variant.sku)}${location.hash}`);
  }

  form.addEventListener("change", ({ target }) => { if (target.type === "radio" && target.name.startsWith("o.")) show(settle()); });
}
