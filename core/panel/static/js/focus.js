// Brings the reader to what a refused form says.
export default function focus(element) {
  element.focus();
}
