// The dashboard is arranged by handle, with mouse, pen or finger; buttons do the same for keys. Kept when it is put down.
(() => {
  "use strict";
  let held = null;
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0 || held) return;
    event.preventDefault();
    const place = grip.closest("[data-place]"), list = place.closest("[data-places]");
    held = { place, id: event.pointerId, kind: list.dataset.places === "number" ? "number" : "panel", before: place.nextElementSibling, from: list };
    place.classList.add("held");
  });
  document.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const under = document.elementFromPoint(event.clientX, event.clientY), list = under?.closest("[data-places]");
    if (!list || (list.dataset.places === "number") !== (held.kind === "number")) return;
    const over = under.closest("[data-place]");
    if (!over) { if (!list.contains(held.place)) list.append(held.place); return; }
    if (over === held.place) return;
    const box = over.getBoundingClientRect(), columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const after = columns > 1 ? event.clientX > box.left + box.width / 2 : event.clientY > box.top + box.height / 2;
    after ? over.after(held.place) : over.before(held.place);
  });
  function put(event, keep) {
    if (held?.id !== event.pointerId) return;
    const { place, from, before } = held;
    held = null;
    place.classList.remove("held");
    if (!keep) { from.insertBefore(place, before); return; }
    if (place.parentElement === from && place.nextElementSibling === before) return;
    const form = place.closest("form");
    form.querySelectorAll("[data-places] > [data-place]").forEach((each) => {
      const column = each.parentElement.dataset.places;
      each.querySelector("[name=order]").value = column === "number" ? each.dataset.place : `${each.dataset.place}.${column}`;
    });
    form.requestSubmit(document.getElementById("arrange-order"));
  }
  document.addEventListener("pointerup", (event) => put(event, true));
  document.addEventListener("pointercancel", (event) => put(event, false));
  // What is pressed while the last change is on its way waits for the answer, and goes on from what that made. An order goes as
  // it was seen, and so does everything after a refusal: there the page is another than the one that was pressed on.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement, body = ctx.request.body;
    if (form.id !== "arrange" || body.get("do") === "order" || form.querySelector("[role=alert]")) return;
    body.set("version", form.elements.version.value);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && held && put({ pointerId: held.id }, false));
})();
