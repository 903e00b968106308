/** Counts down how long the cart holds its goods, for eyes alone; what is read aloud changes once, when the time is over. */
export function attach(line) {
  const until = Date.parse(line.dataset.held), left = line.querySelector("[data-held-left]");
  const tick = () => {
    const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
    left.textContent = line.dataset.left.replace("{time}", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    if (seconds && line.isConnected) return;
    clearInterval(clock);
    if (seconds) return;
    left.remove();
    line.querySelector("[data-held-text]").textContent = line.dataset.over;
  };
  const clock = setInterval(tick, 1000);
  tick();
}
