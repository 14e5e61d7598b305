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
    const over = under.closest("[data-stop]"), list = day.querySelector("[data-stops]");
    if (over === held.stop) return aim(null);
    const box = over?.getBoundingClientRect(), isBehind = !over || event.clientY > box.top + box.height / 2;
    aim({ list, at: over, isBehind });
  });
  function aim(place) { // only a line is moved while it is held: days that grow would slip away from under the pointer
    held.place = place;
    document.querySelectorAll(".drop-before, .drop-after, .drop-here").forEach((each) => each.classList.remove("drop-before", "drop-after", "drop-here"));
    (place?.at ?? place?.list)?.classList.add(!place.at ? "drop-here" : place.isBehind ? "drop-after" : "drop-before");
  }
  const put = (event, keep) => {
    if (held?.id !== event.pointerId) return;
    const { stop, from, before, place } = held;
    aim(null);
    held = null;
    stop.classList.remove("held");
    if (keep && place) place.at ? place.at[place.isBehind ? "after" : "before"](stop) : place.list.append(stop);
    const day = stop.closest("[data-day]");
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
