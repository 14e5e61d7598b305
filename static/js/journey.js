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
  const [, root, kind, number] = location.pathname.split("/");
  if (root !== "records") return;
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Every view of a list leaves the same behind: its address, and the records that can be walked through, in its order.
  function leave() {
    const paths = all(`main a[href^="${location.pathname}/"]:not(.empty-state a)`).map((link) => link.pathname);
    const rows = [...new Set(paths)].filter((path) => path.split("/").length === 4);
    const pages = document.querySelector("nav.pager .tabular")?.textContent.replaceAll(",", "").match(/^(\d+)–\d+(?: \/ (\d+\+?))?/);
    const [first, total] = pages ? [Number(pages[1]), pages[2] ?? ""] : [1, String(rows.length)];
    sessionStorage.setItem(key(location.pathname), JSON.stringify({ url: location.pathname + location.search, rows, first, total }));
  }
  // Groups opened by a script stand in the address, as those opened by a link do: Back and the path show them again.
  let pressed = null;
  function address() {
    const heads = all(".group-toggle[data-group]"), open = heads.filter((head) => head.ariaExpanded === "true").map((head) => head.dataset.group);
    if (pressed === null || !heads.length) return;
    const inner = open.filter((path) => !open.some((other) => other.startsWith(`${path}/`)));
    let text = ""; // as many as MAX_OPTION of portal/listing/state.py has room for, the one just opened first
    for (const path of inner.sort((a, b) => (b === pressed) - (a === pressed))) {
      const longer = text ? `${text};${path}` : path;
      if (longer.length <= 400) text = longer;
    }
    const url = new URL(heads[0].href);
    text ? url.searchParams.set("open", text) : url.searchParams.delete("open");
    history.replaceState(history.state, "", url);
  }
  if (!number) {
    if (!document.querySelector(".control-panel .search-cell")) return;
    document.addEventListener("click", (event) => { pressed = event.target.closest?.(".group-toggle")?.dataset.group ?? pressed; }, true);
    document.addEventListener("htmx:after:swap", () => { address(); leave(); });
    addEventListener("pageshow", leave);
    leave();
    return;
  }
  const back = document.querySelector(".crumbs[data-journey] a");
  const steps = document.querySelector("[data-journey-steps]");
  if (!back || !steps || back.pathname !== `/records/${kind}`) return;
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(key(back.pathname))); } catch { return; }
  if (!kept) return;
  back.href = kept.url;
  const place = kept.rows.indexOf(location.pathname);
  if (place < 0 || kept.rows.length < 2) return;
  const [said, previous, next] = steps.children;
  said.textContent = kept.total ? `${(kept.first + place).toLocaleString("en")} / ${kept.total.replace(/\B(?=(\d{3})+(?!\d))/g, ",")}` : ""; // one number alone says nothing
  for (const [link, path] of [[previous, kept.rows[place - 1]], [next, kept.rows[place + 1]]]) {
    if (path) link.href = path;
    else { link.classList.add("off"); link.setAttribute("role", "link"); link.setAttribute("aria-disabled", "true"); }
  }
  steps.hidden = false;
})();
