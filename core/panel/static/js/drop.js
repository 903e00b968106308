// Marks the zone while a file hovers over it, and hands dropped files to the input.
export default function drop(zone) {
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    zone.querySelector("input[type=file]").files = event.dataTransfer.files;
  });
}
