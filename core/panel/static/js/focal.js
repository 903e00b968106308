// Puts the focal point where the picture is pressed; the two sliders do the same by keyboard.
export default function focal(element) {
  const [across, down] = element.querySelectorAll("input[type=range]");
  const draw = () => {
    for (const circle of element.querySelectorAll("circle")) {
      circle.setAttribute("cx", `${across.value}%`);
      circle.setAttribute("cy", `${down.value}%`);
    }
  };
  element.addEventListener("input", draw);
  element.querySelector("[data-stage]").addEventListener("click", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    across.value = ((event.clientX - box.left) / box.width) * 100;
    down.value = ((event.clientY - box.top) / box.height) * 100;
    draw();
  });
}
