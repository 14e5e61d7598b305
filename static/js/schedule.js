// The schedule of a week: the order of a day is dragged. Without this, buttons do it.
(() => {
  "use strict";
  let held = null;
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-stop-grip]");
    if (!grip || event.button !== 0 || held) return;
    event.preventDefault();
    const stop = grip.closest("[data-stop]");
    held = { stop, id: event.pointerId, from: stop.parentElement, before: stop.nextElementSibling };
    stop.classList.add("held");
  });
  document.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const under = document.elementFromPoint(event.clientX, event.clientY), day = under?.closest("[data-day]");
    if (!day) return;
    const list = day.querySelector("[data-stops]"), over = under.closest("[data-stop]");
    if (!over) { if (!list.contains(held.stop)) list.append(held.stop); return; }
    if (over === held.stop) return;
    const box = over.getBoundingClientRect();
    event.clientY > box.top + box.height / 2 ? over.after(held.stop) : over.before(held.stop);
  });
  const put = (event, keep) => {
    if (held?.id !== event.pointerId) return;
    const { stop, from, before } = held, day = stop.closest("[data-day]");
    held = null;
    stop.classList.remove("held");
    if (!keep || !day || (stop.parentElement === from && stop.nextElementSibling === before)) { from.insertBefore(stop, before); return; }
    const form = document.getElementById("stop-order");
    form.elements.day.value = day.dataset.day;
    form.elements.order.value = [...day.querySelectorAll("[data-stop]")].map((each) => each.dataset.stop).join(",");
    form.requestSubmit();
  };
  document.addEventListener("pointerup", (event) => put(event, true));
  document.addEventListener("pointercancel", (event) => put(event, false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && held && put({ pointerId: held.id }, false));
})();
