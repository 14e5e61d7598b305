// Rows of a list: chosen, and changed in their cells. Without it the boxes and the form work.
(() => {
  "use strict";
  const table = document.querySelector("table.as-cards");
  if (!table) return;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const rows = () => all("tr.line", table).filter((row) => row.checkVisibility?.() ?? true);
  const boxOf = (row) => row.querySelector(".check input");
  const linkOf = (row) => row.querySelector("a.who");
  const typing = (element) => element.matches?.("textarea, select, input:not([type=checkbox])");

  // What is cut off shows whole under the pointer; it is not in the page a second time.
  table.addEventListener("mouseover", (event) => {
    const cell = event.target.closest?.("td.fill");
    if (cell) cell.title = cell.scrollWidth > cell.clientWidth ? cell.textContent : "";
  });

  // ---- Choosing ----
  const bar = document.getElementById("bulk");
  const every = table.querySelector("[data-select-all]"), whole = bar?.elements.all, phone = document.querySelector("[data-choose]");
  let last = null;

  function count() {
    if (!bar) return;
    const boxes = all("tr.line .check input", table), chosen = boxes.filter((box) => box.checked).length, said = bar.querySelector("[data-count]");
    boxes.forEach((box) => box.closest("tr").setAttribute("aria-selected", String(box.checked || Boolean(whole?.checked))));
    bar.classList.toggle("shown", chosen > 0 || Boolean(whole?.checked));
    const text = whole?.checked ? said.dataset.all : said.dataset.count.replace("{}", chosen);
    if (said.textContent !== text) said.textContent = text;
    if (every) { every.checked = boxes.length > 0 && chosen === boxes.length; every.indeterminate = chosen > 0 && !every.checked; }
    const asked = bar.querySelector("[hx-trigger=bulk-open]");
    if (bar.classList.contains("shown") && asked && !asked.dataset.asked) { asked.dataset.asked = "1"; asked.dispatchEvent(new Event("bulk-open")); }
  }
  function choose(box, range) {
    const boxes = all("tr.line .check input", table), from = boxes.indexOf(last), to = boxes.indexOf(box);
    if (range && from >= 0) boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => { each.checked = box.checked; });
    if (whole && !box.checked) whole.checked = false;
    last = box;
    count();
  }
  function clear() {
    all("tr.line .check input", table).forEach((box) => { box.checked = false; });
    if (whole) whole.checked = false;
    count();
  }
  let shift = false;
  table.addEventListener("pointerdown", (event) => { shift = event.shiftKey; if (shift && event.target.closest(".check")) event.preventDefault(); });
  table.addEventListener("change", (event) => {
    if (event.target === every) {
      all("tr.line .check input", table).forEach((box) => { box.checked = every.checked; });
      if (whole && !every.checked) whole.checked = false;
      count();
    } else if (event.target.closest("tr.line .check")) choose(event.target, shift);
    shift = false;
  });
  table.addEventListener("click", (event) => { // the whole cell is the target, not the small box alone
    const box = event.target.matches(".check") && event.target.querySelector("input");
    if (box) box.click();
  });
  whole?.addEventListener("change", () => { if (whole.checked) all("tr.line .check input", table).forEach((box) => { box.checked = true; }); count(); });
  bar?.querySelector("[data-clear]").addEventListener("click", clear);
  phone?.addEventListener("click", () => {
    const on = table.classList.toggle("choosing");
    phone.setAttribute("aria-pressed", String(on));
    if (!on) clear();
  });
  document.addEventListener("htmx:after:swap", count);
  addEventListener("pageshow", count);

  // ---- Changing in the cell ----
  const edits = (table.dataset.edits ?? "").split(" ").filter(Boolean);
  const cells = (row) => all("td[data-edit]", row).filter((cell) => edits.includes(cell.dataset.edit) && (cell.checkVisibility?.() ?? true));
  const labels = all("thead th", table).map((head) => head.textContent.trim());
  let open = null; // { cell, row, kept, button }

  function pencils(row) {
    for (const cell of all("td[data-edit]", row)) {
      if (!edits.includes(cell.dataset.edit) || cell.querySelector(".cell-edit")) continue;
      const button = document.createElement("button"), acts = cell.classList.contains("cell-act"); // an act has a button that is always seen
      button.type = "button";
      button.className = acts ? "cell-edit tick" : "cell-edit";
      if (!acts) button.tabIndex = -1;
      const name = acts ? `${labels[[...row.children].indexOf(cell)]}: ${linkOf(row)?.textContent ?? ""}` : table.dataset.editLabel.replace("{0}", labels[[...row.children].indexOf(cell)]).replace("{1}", linkOf(row)?.textContent ?? "");
      button.setAttribute("aria-label", name);
      button.title = name;
      button.innerHTML = `<svg class="icon small" aria-hidden="true"><use href="${acts ? table.dataset.editIcon.replace(/#.*/, "#check") : table.dataset.editIcon}"></use></svg>`;
      cell.append(button);
    }
  }
  const equip = (from = table) => { if (edits.length) all("tr.line", from).forEach(pencils); };
  equip();
  document.addEventListener("htmx:after:swap", () => equip());

  const ask = (url, options = {}) => fetch(url, { ...options, headers: { "HX-Request": "true", ...options.headers } });
  const url = (row) => `${table.dataset.cells}/${boxOf(row).value}`;
  const lost = (answer) => { if (answer.redirected || answer.headers.get("HX-Redirect")) { location.reload(); return true; } return false; };
  const complain = (text) => document.dispatchEvent(new CustomEvent("snack", { detail: { text: text || document.getElementById("texts")?.dataset.failed, kind: "alert" } }));

  function show(html) {
    open.cell.innerHTML = open.kept + html; // the value stays under its form, so that nothing moves
    open.cell.classList.add("editing");
    const form = open.cell.querySelector("form"), wrong = form?.querySelector("[aria-invalid=true]");
    (wrong ?? form?.querySelector("select, input:not([type=hidden]), textarea"))?.focus();
    form?.querySelector("input[type=text], input:not([type])")?.select?.();
  }
  async function edit(cell) {
    if (!cell || open) return;
    const row = cell.closest("tr");
    open = { cell, row, kept: cell.innerHTML };
    cell.setAttribute("aria-busy", "true");
    const answer = await ask(`${url(row)}/${cell.dataset.edit}`).catch(() => null);
    cell.removeAttribute("aria-busy");
    if (answer && lost(answer)) return;
    if (!answer?.ok) { open = null; complain(answer && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-error-message]")?.textContent.trim()); return; }
    show(await answer.text());
  }
  function cancel() {
    const { cell, row, kept } = open;
    open = null;
    cell.classList.remove("editing");
    cell.innerHTML = kept;
    (cell.querySelector(".cell-edit") ?? linkOf(row))?.focus();
  }
  function replace(row, html) { // the new line; gone from the list's sight it stays until the page is asked for again
    const drawn = document.createElement("template");
    drawn.innerHTML = html.trim();
    const fresh = drawn.content.firstElementChild;
    if (!fresh) { row.remove(); return null; }
    const chosen = boxOf(row).checked;
    row.replaceWith(fresh);
    boxOf(fresh).checked = chosen;
    pencils(fresh);
    count();
    return fresh;
  }
  async function reload(row, key) {
    const answer = await ask(url(row)).catch(() => null);
    open = null;
    const fresh = answer?.ok ? replace(row, await answer.text()) : null;
    fresh?.querySelector(`td[data-edit="${key}"] .cell-edit`)?.focus();
  }
  async function save(form, step = 0) {
    if (!open || form.dataset.busy) return;
    form.dataset.busy = "1";
    const { cell, row } = open, key = cell.dataset.edit, place = cells(row).indexOf(cell), at = rows().indexOf(row);
    const answer = await ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    delete form.dataset.busy;
    if (answer && lost(answer)) return;
    if (!answer || ![200, 409, 422].includes(answer.status)) { complain(answer && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-error-message]")?.textContent.trim()); return; }
    const html = await answer.text();
    if (answer.status !== 200) { html.includes("data-cell-form") ? show(html) : complain(); return; }
    open = null;
    const fresh = replace(row, html);
    if (!fresh) { const near = rows()[at]; near && linkOf(near)?.focus(); return; }
    const row2 = step && !cells(fresh)[place + step] ? rows()[at + step] : fresh;
    const next = step && row2 ? (row2 === fresh ? cells(fresh)[place + step] : step > 0 ? cells(row2)[0] : cells(row2).at(-1)) : null;
    if (next) edit(next);
    else fresh.querySelector(`td[data-edit="${key}"] .cell-edit`)?.focus();
  }
  table.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-cell-form]")) return;
    event.preventDefault();
    save(event.target);
  });
  table.addEventListener("click", (event) => {
    const pencil = event.target.closest(".cell-edit"), back = event.target.closest("[data-cell-cancel]");
    if (pencil) edit(pencil.closest("td"));
    if (back && open) {
      event.preventDefault();
      back.closest("form").querySelector(".cell-conflict") ? reload(open.row, open.cell.dataset.edit) : cancel();
    }
  });
  table.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td[data-edit]");
    if (cell && !event.target.closest("a, form, button") && edits.includes(cell.dataset.edit)) { getSelection()?.removeAllRanges(); edit(cell); }
  });

  // ---- Keys: Space chooses, Enter opens, Shift with arrows too, F2 changes; inside a cell Tab goes on, Escape leaves ----
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const form = event.target.closest?.("[data-cell-form]");
    if (form) {
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); cancel(); }
      else if (event.key === "Tab") {
        const stops = all("select, input:not([type=hidden]), textarea", form), place = stops.indexOf(event.target);
        if (event.target.closest("button, a") || form.querySelector(".cell-conflict") || stops[place + (event.shiftKey ? -1 : 1)]) return;
        event.preventDefault();
        save(form, event.shiftKey ? -1 : 1);
      }
      return;
    }
    if (event.key === "Escape" && bar?.classList.contains("shown") && !document.querySelector("details.menu-host[open], dialog[open]")) { clear(); return; }
    if (event.defaultPrevented || typing(event.target) || event.target.closest?.("dialog, details, form:not(#bulk)")) return;
    const found = rows(), row = event.target.closest?.("tr.line"), at = found.indexOf(row);
    if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) { // not what a form does with it
      event.preventDefault();
      if (row) linkOf(row)?.click();
      return;
    }
    if (event.shiftKey && row && (event.key === "ArrowDown" || event.key === "ArrowUp")) { // plain arrows walk: keys.js
      const next = found[event.key === "ArrowDown" ? at + 1 : Math.max(at - 1, 0)];
      if (!next) return;
      event.preventDefault();
      linkOf(next).focus();
      boxOf(row).checked = true;
      boxOf(next).checked = true;
      choose(boxOf(next));
    } else if (event.key === " " && row && !event.target.matches("input, button")) {
      event.preventDefault();
      const box = boxOf(row);
      box.checked = !box.checked;
      choose(box, event.shiftKey);
    } else if (event.key === "F2" && row) {
      event.preventDefault();
      const here = event.target.closest("td[data-edit]");
      edit(here && cells(row).includes(here) ? here : cells(row)[0]);
    }
  }, true);
  count();
})();
