// The way through a list: a record leads back to the list as it was left, and on to the record before and after it.
// Kept in this tab only. Without a script the path leads to the plain list.
(() => {
  "use strict";
  // A tab of a record opens where one was looking, and stays in hand for the arrows.
  const strip = document.querySelector(".tab-strip"), here = `tab:${location.pathname}`;
  if (strip) {
    const open = strip.querySelector("[aria-current]"), left = JSON.parse(sessionStorage.getItem(here));
    sessionStorage.removeItem(here);
    strip.scrollLeft = open ? open.offsetLeft - (strip.clientWidth - open.offsetWidth) / 2 : 0;
    if (left) { scrollTo({ top: left.y, behavior: "instant" }); if (left.keys) open?.focus({ preventScroll: true }); }
    strip.addEventListener("click", (event) => {
      const tab = event.target.closest("a");
      if (tab?.pathname === location.pathname) sessionStorage.setItem(here, JSON.stringify({ y: scrollY, keys: event.detail === 0 }));
    });
  }
  const key = (path) => `journey:${path}`;
  const rows = [...document.querySelectorAll(".dense-table td.cell-title a.who, .kanban-card .top a:not(.grip)")].map((link) => link.pathname);
  const [, root, kind, number] = location.pathname.split("/");
  if (root !== "records") return;
  if (!number && rows.length) {
    const kept = { url: location.pathname + location.search, rows, first: 1 };
    const first = document.querySelector(".pager .tabular");
    kept.first = parseInt(first ? first.textContent : "", 10) || 1;
    sessionStorage.setItem(key(location.pathname), JSON.stringify(kept));
  }
  const back = document.querySelector(".crumbs[data-journey] a");
  const steps = document.querySelector("[data-journey-steps]");
  if (!number || !back || !steps || back.pathname !== `/records/${kind}`) return;
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(key(back.pathname))); } catch { return; }
  if (!kept) return;
  back.href = kept.url;
  const place = kept.rows.indexOf(location.pathname);
  if (place < 0 || kept.rows.length < 2) return;
  const [said, previous, next] = steps.children;
  said.textContent = `${kept.first + place}`;
  for (const [link, path] of [[previous, kept.rows[place - 1]], [next, kept.rows[place + 1]]]) {
    if (path) link.href = path;
    else { link.classList.add("off"); link.setAttribute("role", "link"); link.setAttribute("aria-disabled", "true"); }
  }
  steps.hidden = false;
})();
