// Inspections: a tap or a measured value is saved at once; the order of a day is dragged. Without this, buttons do both.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const waiting = new WeakMap();
  const judge = (form, wait) => {
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => form.dispatchEvent(new CustomEvent("judge", { bubbles: true })), wait));
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (form?.matches("[data-judge]")) judge(form, 0);
    if (form?.matches("[data-photo-line]") && event.target.files?.length) form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-judge]");
    if (form && event.target.matches("input[type=text], textarea")) judge(form, 450);
  });
  // What was typed before the person had to sign in again is put back by app.js; it is saved now.
  const given = (field) => (field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
  const restored = () => document.querySelectorAll("form[data-judge]").forEach((form) => [...form.elements].some((field) => field.matches("input:not([type=hidden]), textarea") && given(field)) && judge(form, 0));
  addEventListener("load", () => setTimeout(restored, 50));

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
