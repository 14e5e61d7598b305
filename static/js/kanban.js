// Cards of a board are moved by their handle: dragged with mouse, pen or finger, or with the panel that a press opens.
// Where a card may go is asked of the server when it is taken; the server decides again when it is put down.
(() => {
  "use strict";
  const board = document.querySelector("[data-board]"), panel = document.getElementById("board-panel"), said = document.getElementById("board-said");
  if (!board || !panel) return;
  const LONG_PRESS = 350, NEAR = 6, EDGE = 48;
  const lanes = () => [...board.querySelectorAll("[data-lane]")];
  const say = (text, kind) => document.dispatchEvent(new CustomEvent("snack", { detail: { text, kind } }));
  let held = null, swallow = false;

  // ---- It opens at the first column with a card ----
  const begin = lanes().find((lane) => lane.querySelector(".kanban-card"));
  if (begin && begin.getBoundingClientRect().right > board.getBoundingClientRect().right) board.scrollLeft = begin.offsetLeft - lanes()[0].offsetLeft;

  // ---- The panel ----
  document.addEventListener("htmx:after:swap", () => {
    if (!panel.open && panel.childElementCount) { panel.showModal(); panel.querySelector("[data-focus], h2")?.focus(); }
  });
  panel.addEventListener("close", () => panel.replaceChildren());
  panel.addEventListener("click", (event) => {
    if (event.target === panel) panel.close();
    if (event.target.closest("[data-board-close], .form-foot a.quiet")) { event.preventDefault(); panel.close(); }
  });

  // ---- Where it may go ----
  async function ask(url) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
    if (!answer?.ok) throw new Error(page.querySelector("[data-error-message]")?.textContent.trim() || document.getElementById("texts").dataset.failed);
    return page.querySelector("[data-moves]");
  }
  const waysTo = (moves, lane) => [...moves.querySelectorAll("[data-way]")].filter((way) => way.dataset.way === lane.dataset.lane);
  function mark(moves) {
    const open = [];
    lanes().forEach((lane) => {
      if (lane === held?.from) return;
      const ways = waysTo(moves, lane), free = ways.some((way) => !way.dataset.reason), note = lane.querySelector(".drop-note");
      lane.classList.add(free ? "drop-on" : "drop-off");
      if (free) open.push(lane.getAttribute("aria-label"));
      note.textContent = free ? "" : ways.map((way) => way.dataset.reason).join("；") || board.dataset.refused;
      note.hidden = free;
    });
    said.textContent = `${moves.dataset.who}: ${open.join("、") || board.dataset.refused}`;
  }
  function unmark() {
    board.classList.remove("dragging");
    lanes().forEach((lane) => {
      lane.classList.remove("drop-on", "drop-off", "drop-here");
      lane.querySelector(".drop-note").hidden = true;
    });
  }

  // ---- Taking, carrying, putting down ----
  function take() {
    const card = held.card, place = card.getBoundingClientRect();
    held.taken = true;
    held.dx = held.x - place.left;
    held.dy = held.y - place.top;
    held.ghost = card.cloneNode(true);
    held.ghost.classList.add("kanban-ghost");
    held.ghost.setAttribute("aria-hidden", "true");
    held.ghost.style.width = `${place.width}px`;
    document.body.append(held.ghost);
    card.classList.add("held");
    board.classList.add("dragging");
    said.textContent = board.dataset.loading;
    const mine = held;
    held.moves = ask(held.grip.href);
    held.moves.then((moves) => held === mine && mark(moves), (error) => {
      if (held === mine) { say(error.message, "alert"); drop(); }
    });
    follow();
  }
  function under() {
    return document.elementsFromPoint(held.x, held.y).map((element) => element.closest("[data-lane]")).find(Boolean);
  }
  function follow() {
    held.ghost.style.left = `${held.x - held.dx}px`;
    held.ghost.style.top = `${held.y - held.dy}px`;
    const lane = under();
    lanes().forEach((each) => each.classList.toggle("drop-here", each === lane && each.classList.contains("drop-on")));
    const place = board.getBoundingClientRect();
    if (held.x > place.right - EDGE) board.scrollBy(16, 0);
    if (held.x < place.left + EDGE) board.scrollBy(-16, 0);
  }
  function drop() {
    clearTimeout(held.timer);
    held.ghost?.remove();
    held.card.classList.remove("held");
    if (held.taken) unmark();
    held = null;
  }
  async function carryOut(lane, asked) {
    let moves;
    try { moves = await asked; } catch { return; } // it was said when the answer came
    const ways = waysTo(moves, lane), way = ways.find((each) => !each.dataset.reason);
    if (!way) { say(ways.map((each) => each.dataset.reason).join("；") || board.dataset.refused, "alert"); return; }
    const form = way.querySelector("form");
    if (form) { panel.append(form); form.requestSubmit(form.querySelector("button")); return; }
    window.htmx.ajax("GET", way.querySelector("a").getAttribute("href"), { target: "#board-panel", swap: "innerHTML" });
  }

  board.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button !== 0 || held) return;
    const card = grip.closest(".kanban-card");
    held = { grip, card, from: card.closest("[data-lane]"), id: event.pointerId, touch: event.pointerType === "touch", x: event.clientX, y: event.clientY, x0: event.clientX, y0: event.clientY };
    if (held.touch) held.timer = setTimeout(() => held && !held.taken && take(), LONG_PRESS);
  });
  document.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    held.x = event.clientX;
    held.y = event.clientY;
    if (held.taken) follow();
    else if (Math.hypot(held.x - held.x0, held.y - held.y0) > NEAR) held.touch ? drop() : take();
  });
  document.addEventListener("pointerup", (event) => {
    if (held?.id !== event.pointerId) return;
    if (!held.taken) { drop(); return; }
    swallow = true; // the press that ends a move opens no panel
    setTimeout(() => { swallow = false; }, 0);
    const lane = under(), { from, moves } = held;
    drop();
    if (lane && lane !== from) carryOut(lane, moves);
  });
  document.addEventListener("pointercancel", (event) => held?.id === event.pointerId && drop());
  document.addEventListener("keydown", (event) => event.key === "Escape" && held?.taken && drop());
  document.addEventListener("click", (event) => {
    if (!swallow) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  board.addEventListener("dragstart", (event) => event.preventDefault());
  board.addEventListener("contextmenu", (event) => event.target.closest(".grip") && held?.touch && event.preventDefault());
  board.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches(".grip")) { event.preventDefault(); event.target.click(); }
  });
})();
