// Everything without a mouse: letters on what can be pressed (Alt held, or F2), arrows in lists, boards and calendars,
// the overview of keys, records opened lately. Works on pages as they are; nothing has to be declared.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (type, handle, capture = false) => document.addEventListener(type, handle, capture);
  const store = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } }, set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing */ } } };
  const typing = (element) => element?.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
  const seen = (element) => (element.checkVisibility?.({ visibilityProperty: true, opacityProperty: true }) ?? true) && element.getClientRects().length > 0;
  const root = document.documentElement;

  // ---- Letters ----
  const PRESSABLE = "a[href], button:not(:disabled), summary, input:not([type=hidden], :disabled), select:not(:disabled), textarea:not(:disabled), [role=tab], [tabindex='0']";
  const ROWS = ".dense-table tbody tr.line :is(a, .check input), .kanban-card a, .day-head a, .calendar-more, svg a, [role=option], .calendar-entry a, .plot-scroll, .skip-link, .brand";
  const LETTERS = "SGHJKLQWRTYUIOPZXCVBNMA"; // without D, E and F: with Alt they are the browser's own
  let hints = null;

  function scope() {
    const dialog = all("dialog[open]").at(-1);
    if (dialog) return dialog;
    return document.querySelector("details.menu-host[open] > .menu") ?? document.body;
  }
  function inView(element) {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && !covered(element, box);
  }
  function covered(element, box) { // by what stays in its place while the page is scrolled
    const isStuck = (part) => part && !part.contains(element) && (/fixed|sticky/.test(getComputedStyle(part).position) || isStuck(part.parentElement));
    const middle = (from, to, room) => (Math.max(0, from) + Math.min(room, to)) / 2;
    return Boolean(isStuck(document.elementFromPoint(middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight))));
  }
  // What has letters: all in view, and what declares a key of its own wherever on the page it is, else its key would go to another.
  function targets() {
    const found = new Set(), reached = all(PRESSABLE, scope()).map((element) => [element, inView(element)]);
    reached.sort((a, b) => b[1] - a[1]); // where two declare one key, the one in view has it
    return reached.filter(([element, near]) => {
      if (!near && !element.dataset.key || element.matches(ROWS) || element.tabIndex < 0 && !element.dataset.key || element.closest("[inert]") || !seen(element)) return false;
      const same = element.matches("a[href]") ? element.getAttribute("href") : "";
      if (same && found.has(same) && !element.dataset.key) return false; // two ways to one page: the first is enough
      if (same) found.add(same);
      return true;
    }).map(([element]) => element);
  }
  function codes(elements) {
    const taken = new Map();
    elements.forEach((element) => { const key = element.dataset.key?.toUpperCase(); if (key && !taken.has(key)) taken.set(key, element); });
    const named = new Set(taken.values());
    let digit = 1;
    elements.forEach((element) => { if (!named.has(element) && digit < 10 && element.matches(".rail a:not(.brand), .tab-bar a")) { taken.set(String(digit), element); named.add(element); digit += 1; } });
    const rest = elements.filter((element) => !named.has(element) && inView(element));
    const weight = (element) => (element.matches(".primary") ? 0 : element.closest("main, .control-panel, dialog, .menu") ? 1 : 2);
    const order = rest.map((element, place) => [weight(element), place, element]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((each) => each[2]);
    const free = [...LETTERS].filter((letter) => !taken.has(letter));
    let pairs = 0; // as few letters as needed begin pairs
    while (free.length - pairs + pairs * LETTERS.length < order.length && pairs < free.length) pairs += 1;
    const single = free.slice(0, free.length - pairs), first = free.slice(free.length - pairs);
    const words = [...single, ...first.flatMap((a) => [...LETTERS].map((b) => a + b))];
    order.slice(0, words.length).forEach((element, place) => taken.set(words[place], element));
    return taken;
  }
  function show(sticky) {
    hide();
    const known = codes(targets()), layer = document.createElement("div");
    layer.id = "hints";
    layer.setAttribute("aria-hidden", "true");
    layer.setAttribute("popover", "manual"); // over dialogs, too
    for (const [code, element] of known) {
      if (!inView(element)) continue; // its key holds all the same
      const box = element.getBoundingClientRect(), badge = document.createElement("kbd");
      badge.textContent = code;
      badge.dataset.code = code;
      badge.style.left = `${Math.max(0, Math.min(innerWidth - 28, box.left - 4))}px`;
      badge.style.top = `${Math.max(0, Math.min(innerHeight - 20, box.top - 6))}px`;
      layer.append(badge);
    }
    (all("dialog[open]").at(-1) ?? document.body).append(layer);
    layer.showPopover?.();
    hints = { known, layer, typed: "", sticky };
    root.dataset.keys = "";
  }
  function hide() {
    hints?.layer.remove();
    hints = null;
    delete root.dataset.keys;
  }
  function press(element) {
    if (typing(element)) { element.focus(); element.select?.(); return; }
    if (!inView(element)) element.scrollIntoView({ block: "center" }); // who pressed it sees what it says
    element.focus({ preventScroll: true });
    element.click?.(); // a drawing takes the focus only
    if (element.matches("summary")) setTimeout(() => element.parentElement.open && element.parentElement.querySelector(".menu a, .menu button, .menu input")?.focus(), 0);
  }
  function typeHint(event) {
    const letter = /^(Key[A-Z]|Digit\d)$/.test(event.code) ? event.code.slice(-1) : /^[a-z0-9]$/i.test(event.key) ? event.key.toUpperCase() : "";
    if (!letter) return false;
    const typed = hints.typed + letter, found = hints.known.get(typed);
    const going = [...hints.known.keys()].some((code) => code.startsWith(typed) && code !== typed);
    event.preventDefault();
    event.stopImmediatePropagation();
    if (found) { hide(); if (found.isConnected) press(found); }
    else if (going) {
      hints.typed = typed;
      all("kbd", hints.layer).forEach((badge) => { badge.hidden = !badge.dataset.code.startsWith(typed); });
    } else hide();
    return true;
  }
  on("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Alt") {
      if (!hints && !event.repeat) show(false);
      event.preventDefault(); // else letting go moves the focus into the browser's own menu
      return;
    }
    if (event.key === "F2" && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); hints ? hide() : show(true); return; }
    if (!hints && event.altKey && !event.ctrlKey && !event.metaKey && /^(Key[A-Z]|Digit\d)$/.test(event.code)) show(false); // what moved while Alt was down took the letters away
    if (!hints) return;
    if (event.ctrlKey || event.metaKey || event.key === "Tab") { hide(); return; }
    if (event.key === "Escape") { hide(); event.preventDefault(); event.stopImmediatePropagation(); return; }
    if ((event.altKey || hints.sticky) && typeHint(event)) return;
    if (hints.sticky && event.key !== "Shift") hide();
  }, true);
  on("keyup", (event) => {
    if (event.key !== "Alt") return;
    event.preventDefault();
    if (hints && !hints.sticky) hide();
  }, true);
  addEventListener("blur", hide);
  addEventListener("resize", hide);
  on("pointerdown", hide, true);
  on("scroll", () => hints && hide(), true);
  on("htmx:after:swap", () => hints && show(hints.sticky)); // what came has letters, too

  // ---- Arrows ----
  const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  const TABLE = "main .dense-table tbody, main table.matrix tbody, main .pivot tbody";
  const PLANES = ".kanban, .calendar-scroll, .tiles, .rail, .app-menu, .tab-strip, .tab-bar, .view-switch, .choice-row, .segment";
  const lead = (row) => row.querySelector("a.who, .group-open, a[aria-expanded], button[aria-expanded]") ?? row.querySelector("a, button, summary, input");
  const rowsOf = (table) => all("tbody tr", table).filter((row) => seen(row) && lead(row));
  function go(element) {
    element.focus();
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function inTable(event) {
    const row = event.target.closest("tbody tr"), table = row?.closest("main .dense-table");
    if (!table || !(event.key in STEPS)) return false;
    const rows = rowsOf(table), at = rows.indexOf(row), next = rows[Math.max(0, Math.min(rows.length - 1, at + STEPS[event.key]))];
    if (at < 0) return false;
    const alike = event.target.matches("input[type=checkbox]") ? next.querySelector("input[type=checkbox]") : null;
    go(alike ?? lead(next));
    return true;
  }
  function openGroup(event) {
    const head = event.target.closest("tbody tr")?.querySelector("[aria-expanded]"), wanted = { ArrowRight: "false", ArrowLeft: "true" }[event.key];
    if (!head || head.getAttribute("aria-expanded") !== wanted) return false;
    head.click();
    return true;
  }
  function intoList(event) {
    const search = event.target.matches("[data-slash]") && !event.target.value && event.target.getAttribute("aria-expanded") !== "true";
    if (event.key !== "ArrowDown" || !(search || event.target === document.body || event.target.id === "main")) return false;
    const first = document.querySelector(TABLE.split(",")[0]) && rowsOf(document.querySelector("main .dense-table"))[0];
    const to = first ? lead(first) : document.querySelector("main .kanban-card .top a, main .calendar-entry a");
    if (!to) return false;
    go(to);
    return true;
  }
  function onPlane(event) {
    const plane = event.target.closest(PLANES), way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!plane || !way || event.target.matches("input, .menu *, .grip")) return false;
    const here = event.target.getBoundingClientRect(), middle = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const [x, y] = middle(here);
    const cards = plane.matches(".kanban") ? ".kanban-card .top a:not(.grip), .kanban-folded" : "a, button, summary";
    let best = null, least = Infinity;
    for (const each of all(cards, plane)) {
      if (each === event.target || each.tabIndex < 0 || !seen(each)) continue;
      const [toX, toY] = middle(each.getBoundingClientRect()), ahead = (toX - x) * way[0] + (toY - y) * way[1], aside = Math.abs((toX - x) * way[1]) + Math.abs((toY - y) * way[0]);
      if (ahead < 3) continue;
      const far = ahead + 3 * aside;
      if (far < least) [best, least] = [each, far];
    }
    if (!best) return false;
    go(best);
    return true;
  }
  on("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.("details.menu-host[open], [role=listbox], [role=combobox][aria-expanded=true]")) return;
    if (typing(event.target) ? intoList(event) : inTable(event) || openGroup(event) || intoList(event) || onPlane(event)) event.preventDefault();
  });

  // ---- The overview ----
  const isOn = () => store.get("single-keys") !== "off";
  root.toggleAttribute("data-no-single-keys", !isOn());
  async function overview() {
    let dialog = document.getElementById("key-help");
    if (!dialog) {
      const answer = await fetch("/records/keys", { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!answer?.ok) { location.assign("/records/keys"); return; }
      dialog = document.createElement("dialog");
      dialog.id = "key-help";
      dialog.className = "key-help";
      dialog.innerHTML = await answer.text();
      const label = document.querySelector("[data-key-help]")?.textContent.trim();
      if (label) dialog.setAttribute("aria-label", label);
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      document.body.append(dialog);
      dialog.querySelector("[data-needs-dialog]").hidden = false;
      single(dialog);
    }
    if (!dialog.open) dialog.showModal();
  }
  function single(from) {
    all("[data-needs-script]", from).forEach((part) => { part.hidden = false; });
    all("[data-single-keys]", from).forEach((box) => { box.checked = isOn(); });
  }
  single(document);
  on("change", (event) => {
    if (!event.target.matches("[data-single-keys]")) return;
    store.set("single-keys", event.target.checked ? "on" : "off");
    root.toggleAttribute("data-no-single-keys", !event.target.checked);
  });
  on("click", (event) => { if (event.target.closest("[data-key-help]")) { event.preventDefault(); event.target.closest("details")?.removeAttribute("open"); overview(); } });
  on("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !isOn() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    overview();
  });

  // ---- Records opened lately: their addresses only; the server says what they are called today ----
  const key = `recent:${document.body.dataset.user ?? ""}`, lately = () => (store.get(key) ?? "").split("\n").filter(Boolean);
  if (document.body.dataset.user && /^\/records\/[a-z-]+\/[^/]+$/.test(location.pathname) && document.querySelector(".crumbs")) {
    store.set(key, [location.pathname, ...lately().filter((path) => path !== location.pathname)].slice(0, 8).join("\n"));
  }
  document.querySelector("#palette-q")?.addEventListener("palette-open", () => { document.querySelector("#palette [name=recent]").value = lately().filter((path) => path !== location.pathname).join("\n"); }, true);
})();
