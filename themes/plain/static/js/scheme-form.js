/** Light, dark, or what the system says: a cookie, which the server writes into the next page, so that nothing flashes. */
export function attach(form) {
  const now = /(?:^|; )scheme=(light|dark)/.exec(document.cookie)?.[1] ?? "auto";
  form.hidden = false;
  form.querySelectorAll("[name=scheme]").forEach((radio) => { radio.checked = radio.value === now; });
  form.addEventListener("change", ({ target }) => {
    const chosen = target.value === "auto" ? "" : target.value;
    document.cookie = `scheme=${chosen}; path=/; max-age=${chosen ? 31536000 : 0}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    if (chosen) document.documentElement.dataset.scheme = chosen;
    else delete document.documentElement.dataset.scheme;
  });
}
