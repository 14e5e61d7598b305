// Lists: rows opened wherever they are pressed; where a typed word is looked for and what filters it names, offered under the box; what a menu counts is asked for when it is opened.
(() => {
  "use strict";
  const all = (selector, from = document) => [...(from?.querySelectorAll(selector) ?? [])], MOST = 6;
  const input = document.querySelector("input[data-offers]"), box = input && document.getElementById(input.dataset.offers);
  const filters = all(".search-cell .menu-columns > div:first-child a:not([aria-current])").map((link) => [link, link.textContent.trim()]);
  let options = all("[role=option]", box);
  const chosen = () => options.findIndex((option) => option.ariaSelected === "true");

  function mark(at) {
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    options[at] ? input.setAttribute("aria-activedescendant", options[at].id) : input.removeAttribute("aria-activedescendant");
    options[at]?.scrollIntoView({ block: "nearest" });
  }
  // Below the places: the filters of the menu that are called so. One whose code was typed is taken.
  function offerFilters(typed) {
    all("[data-url]", box).forEach((option) => option.remove());
    const word = typed.toLowerCase(), found = word.length < 2 ? [] : filters.filter(([, name]) => name.toLowerCase().includes(word)).slice(0, MOST);
    const made = found.map(([link, name], place) => {
      const option = document.createElement("li"), said = document.createElement("b");
      option.id = `q-filter-${place}`;
      option.setAttribute("role", "option");
      option.dataset.url = link.getAttribute("href");
      said.textContent = name;
      option.append(link.closest(".menu-fold")?.querySelector("summary").textContent.trim() ?? "", said);
      return option;
    });
    box.append(...made);
    options = all("[role=option]", box);
    return options.indexOf(made.find((_option, place) => /\d/.test(word) && found[place][1].toLowerCase().startsWith(`${word} `)));
  }
  function offer(shown) {
    const typed = input.value.trim();
    box.hidden = !shown || !typed;
    input.setAttribute("aria-expanded", String(!box.hidden));
    all("[data-in] b", box).forEach((part) => { part.textContent = typed; });
    mark(box.hidden ? -1 : Math.max(0, offerFilters(typed)));
  }
  function look(option) {
    if (option.dataset.url) { location.assign(option.dataset.url); return; }
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

  // ---- A row opens its record and the head of a group folds it, wherever they are pressed ----
  const OTHERS = "a, button, input, select, textarea, label, summary, form, .check", DOUBLE = 350;
  const rowAt = (event) => event.target.closest?.(OTHERS) ? null : event.target.closest?.(".as-cards tr.line, tr.timeline-line, tr.group");
  const linkOf = (row) => row.querySelector("a.who, a.group-toggle");
  let taken = false, opening = 0;
  document.body.classList.add("rows-open");
  document.addEventListener("pointerdown", (event) => { // this press closes a menu, or leaves a value half typed
    taken = Boolean(document.querySelector("details.menu-host[open], td.editing, [data-offers][aria-expanded=true]"));
    if (event.button === 1 && rowAt(event)) event.preventDefault();
  }, true);
  document.addEventListener("click", (event) => {
    const row = rowAt(event), link = row && linkOf(row);
    if (!link || taken || event.defaultPrevented || event.detail > 1 || String(getSelection())) return;
    const table = row.closest("table"), cell = event.target.closest("td[data-edit]");
    if (table.matches(".choosing") && row.matches(".line")) row.querySelector(".check input")?.click();
    else if ((event.ctrlKey || event.metaKey) && row.matches(":not(.group)")) open(link.href, "_blank", "noopener");
    else if (event.shiftKey || event.altKey) return;
    else if (cell && event.pointerType !== "touch" && table.dataset.edits?.split(" ").includes(cell.dataset.edit)) opening = setTimeout(() => link.click(), DOUBLE); // twice changes the cell
    else link.click();
  });
  document.addEventListener("dblclick", () => clearTimeout(opening));
  document.addEventListener("auxclick", (event) => {
    const row = event.button === 1 ? rowAt(event) : null;
    if (row?.matches(":not(.group)") && linkOf(row)) open(linkOf(row).href, "_blank", "noopener");
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".search-cell > details[open]")) event.target.querySelectorAll("[hx-trigger=menu-open]").forEach((part) => part.dispatchEvent(new Event("menu-open")));
  }, true);
})();
