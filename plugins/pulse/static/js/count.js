// Tells the shop that this page was opened: what kind of page, and which site led here. Stores nothing in the browser.
const { pulse, kind, words = "", respect } = document.querySelector("template[data-pulse]").dataset;
const quiet = respect !== undefined && (navigator.globalPrivacyControl || navigator.doNotTrack === "1");
const failed = (performance.getEntriesByType("navigation")[0]?.responseStatus ?? 200) >= 400;

function tell() {
  const product = document.querySelector("[data-pulse-product]")?.dataset.pulseProduct ?? "";
  navigator.sendBeacon(pulse, new URLSearchParams({ kind, words, product, from: document.referrer }));
}

if (!quiet && !failed) {
  if (document.prerendering) document.addEventListener("prerenderingchange", tell, { once: true });
  else tell();
}
