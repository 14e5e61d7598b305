// Lists: where a typed word is looked for, offered under the box; what a menu counts is asked for when it is opened.
(() => {
  "use strict";
  const input = document.querySelector("input[data-offers]"), box = input && document.getElementById(input.dataset.offers);
  const options = box ? [...box.querySelectorAll("[role=option]")] : [];
  const chosen = () => options.findIndex((option) => option.ariaSelected === "true");

  function mark(at) {
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    options[at] ? input.setAttribute("aria-activedescendant", options[at].id) : input.removeAttribute("aria-activedescendant");
    options[at]?.scrollIntoView({ block: "nearest" });
  }
  function offer(shown) {
    const typed = input.value.trim();
    box.hidden = !shown || !typed;
    input.setAttribute("aria-expanded", String(!box.hidden));
    options.forEach((option) => { option.querySelector("b").textContent = typed; });
    mark(box.hidden ? -1 : 0);
  }
  function look(option) {
    input.form.elements.in.value = option.dataset.in;
    input.form.requestSubmit();
  }
  if (box) {
    for (const [name, value] of [["role", "combobox"], ["aria-controls", box.id], ["aria-expanded", "false"], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
    input.addEventListener("input", () => offer(true));
    input.addEventListener("blur", () => offer(false));
    box.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus until the click is over
    box.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) look(option); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && input.value.trim()) {
        box.hidden ? offer(true) : mark((chosen() + step + options.length) % options.length);
        event.preventDefault();
      } else if (event.key === "Escape" && !box.hidden) {
        offer(false);
        event.preventDefault();
        event.stopPropagation();
      } else if (event.key === "Enter" && !box.hidden && options[chosen()]) {
        event.preventDefault();
        look(options[chosen()]);
      }
    });
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".search-cell > details[open]")) event.target.querySelectorAll("[hx-trigger=menu-open]").forEach((part) => part.dispatchEvent(new Event("menu-open")));
  }, true);
})();
