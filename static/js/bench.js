// The bench: the place of a finding by a click on the page, or by arrow keys and Enter; pages by Page Up and Page Down.
(() => {
  "use strict";
  const paper = () => document.getElementById("paper"), form = () => document.getElementById("mark");
  let aim = [500, 500]; // in thousandths of the page

  function put(x, y) {
    const mark = form();
    if (!mark) return;
    mark.elements.x.value = Math.round(Math.min(1000, Math.max(0, x)));
    mark.elements.y.value = Math.round(Math.min(1000, Math.max(0, y)));
    mark.requestSubmit();
  }
  function show() {
    const cross = document.getElementById("aim"), page = paper();
    if (!cross || !page) return;
    cross.removeAttribute("hidden");
    cross.setAttribute("transform", `translate(${(aim[0] * page.dataset.width) / 1000} ${(aim[1] * page.dataset.height) / 1000})`);
  }
  document.addEventListener("click", (event) => {
    const page = event.target.closest?.("[data-mark]");
    if (!page) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(page.getScreenCTM().inverse());
    put((point.x * 1000) / page.dataset.width, (point.y * 1000) / page.dataset.height);
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.target === paper()) {
      if (steps[event.key]) {
        const far = event.shiftKey ? 100 : 20;
        aim = aim.map((value, axis) => Math.min(1000, Math.max(0, value + steps[event.key][axis] * far)));
        show();
      } else if (event.key === "Enter") put(...aim);
      else if (event.key === "PageDown") document.querySelector("[data-page=next]")?.click();
      else if (event.key === "PageUp") document.querySelector("[data-page=prev]")?.click();
      else return;
      event.preventDefault();
    } else if (event.target.id === "rule-q" && event.key === "ArrowDown") {
      document.querySelector("#rule-list button")?.focus();
      event.preventDefault();
    } else if (event.target.closest?.("#rule-list") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const lines = [...document.querySelectorAll("#rule-list button")], at = lines.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      (lines[at] ?? document.getElementById("rule-q")).focus();
      event.preventDefault();
    }
  });
  document.addEventListener("focusin", (event) => { if (event.target === paper()) show(); });
  document.addEventListener("htmx:after:swap", () => { // a line was added: the box is free for the next one, all lines are offered
    const box = document.getElementById("rule-q");
    if (!box?.value || !document.activeElement?.closest?.(".finding")) return;
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true })); // the list follows what is typed
  });
})();
