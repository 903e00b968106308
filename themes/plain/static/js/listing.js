/** Sorting, and facets on wide screens, go at once; the button stays for everyone else. */
export function attach(part) {
  part.addEventListener("change", ({ target }) => {
    if (part.matches("[data-sort]")) part.form.requestSubmit();
    else if (target.matches("[type=checkbox], [name=min], [name=max]") && matchMedia("(min-width: 64rem)").matches) part.requestSubmit();
  });
  part.addEventListener("formdata", ({ formData }) => { for (const [name, value] of [...formData]) if (value === "") formData.delete(name); });
}
