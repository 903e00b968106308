// Tells the shop that this page was opened: what kind of page, and which site led here. Stores nothing in the browser.
const { pulse, kind, respect } = document.querySelector("template[data-pulse]").dataset;
const quiet = respect !== undefined && (navigator.globalPrivacyControl || navigator.doNotTrack === "1");
const failed = (performance.getEntriesByType("navigation")[0]?.responseStatus ?? 200) >= 400;

function tell() {
  const product = document.querySelector("[data-pulse-product]")?.dataset.pulseProduct ?? "";
  const { pulseWords: words = "", pulseFound: found = "" } = document.querySelector("[data-pulse-words]")?.dataset ?? {};
  navigator.sendBeacon(pulse, new URLSearchParams({ kind, words, found, product, from: document.referrer }));
}

if (!quiet && !failed) {
  if (document.prerendering) document.addEventListener("prerenderingchange", tell, { once: true });
  else tell();
}
