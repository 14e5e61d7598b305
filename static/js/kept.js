// Has the pages of today and tomorrow kept on the phone (sw.js), tries again until they are, and says on the page whether
// the phone can go on without network: only once the worker shows this page and every page it should keep is there.
(() => {
  "use strict";
  const ROOT = document.getElementById("outbox-texts")?.dataset.root, INDEX = `${ROOT}kept`, me = Number(document.body.dataset.person || 0), template = document.getElementById("kept-line");
  if (!me || !template || !isSecureContext || !("serviceWorker" in navigator) || !location.pathname.startsWith(ROOT)) return;
  const line = template.content.firstElementChild.cloneNode(true), words = line.querySelector(".words"), worker = navigator.serviceWorker;
  document.querySelector("main").before(line);
  const fill = (pattern, ...values) => values.reduce((text, value) => text.replace("{}", value), pattern);
  const CALM = 300_000; // milliseconds after which pages that are there are looked at again
  const install = line.querySelector("[data-install]");
  let timer = 0, tries = 0, isAsking = false, offered = null; // offered: what the browser would ask, held back until all is kept

  const wanted = () => [...document.querySelectorAll("[data-kept-pages]")].flatMap((part) => part.dataset.keptPages.split(" ").filter(Boolean));
  async function show() { // the list that the worker writes names every page, those it could not keep are null; this page may name newer ones
    const name = `kept:${me}`, found = (await caches.has(name)) && (await (await caches.open(name)).match(INDEX)), listed = found ? await found.json() : {};
    const pages = Object.values({ ...Object.fromEntries(found ? wanted().map((path) => [path, null]) : []), ...listed });
    const there = pages.filter(Boolean).length, isReady = Boolean(worker.controller) && pages.length > 0 && there === pages.length;
    words.textContent = isReady ? words.dataset.ready : there < pages.length ? fill(words.dataset.part, there, pages.length) : words.dataset.begun;
    line.classList.toggle("is-ready", isReady);
    install.hidden = !(isReady && offered);
    return isReady;
  }
  async function keep() {
    clearTimeout(timer);
    const isReady = await show();
    if (!navigator.onLine || isAsking || (isReady && Date.now() - Number(sessionStorage.getItem(`portal-kept:${me}`) || 0) < CALM)) return;
    isAsking = true;
    timer = setTimeout(again, 60_000); // a worker that was stopped in between does not answer
    try {
      await worker.register(`${ROOT}sw.js`, { scope: ROOT });
      (await worker.ready).active.postMessage("keep");
    } catch (error) {
      if (error.name === "SecurityError" || error.name === "NotSupportedError") words.textContent = words.dataset.failed;
      else again();
    }
  }
  function again() {
    isAsking = false;
    clearTimeout(timer);
    timer = setTimeout(keep, Math.min(60_000, 2000 * 2 ** tries++));
  }
  worker.addEventListener("message", async (event) => { // "kept": it went through the pages, also if some are missing
    if (event.data !== "kept") return;
    isAsking = false;
    clearTimeout(timer);
    if (!(await show())) return again();
    tries = 0;
    sessionStorage.setItem(`portal-kept:${me}`, String(Date.now()));
  });
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offered = event;
    show();
  });
  install.addEventListener("click", () => { offered?.prompt(); offered = null; install.hidden = true; });
  const anew = () => { tries = 0; sessionStorage.removeItem(`portal-kept:${me}`); keep(); };
  worker.addEventListener("controllerchange", show);
  document.addEventListener("outbox-sent", anew);
  document.addEventListener("htmx:after:swap", keep); // jobs may have come
  addEventListener("online", anew);
  addEventListener("pageshow", keep);
})();
