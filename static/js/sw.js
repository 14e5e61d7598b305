// Shows the pages of a role that works without network. Registered for those pages only; what is written is not its
// matter (see outbox.js). Pages are kept under the number of the person they were made for: there is one such cache at
// a time, and the first answer to somebody else drops it.
"use strict";
const ROOT = new URL(self.registration.scope).pathname, SHELL = "kept-shell", PAGES = "kept:", INDEX = `${ROOT}kept`, FALLBACK = `${ROOT}not-kept`, NOT_READY = `${ROOT}not-ready`;
const PATIENCE = 6000; // milliseconds for the network while a kept page is at hand
const CUT = 60_000, LITTLE = 1500; // so long after the network let a page wait, the next is given less patience
const FRESH = 12 * 3600 * 1000; // a kept page of the same version is asked for again after that
const AT_ONCE = 3; // pages asked for at the same time
const CALM = { ignoreVary: true, ignoreSearch: true };

// Begun by the sign-in page already. Once the worker is there, so is a page of ours for a phone that keeps nothing yet.
self.addEventListener("install", (event) => event.waitUntil(prepare().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(attend(event.source));
  if (event.data === "forget") event.waitUntil(forget(null));
});
self.addEventListener("fetch", (event) => {
  const request = event.request, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(fromShell(request));
  else if (request.mode === "navigate" && url.pathname.startsWith(ROOT)) event.respondWith(page(event));
  else if (request.destination === "image") event.respondWith(picture(event));
});

const linksIn = (text, pattern) => [...text.matchAll(pattern)].map(([link]) => link.replaceAll("&amp;", "&"));

async function addFiles(text) { // the styles and scripts that a page names; their addresses name their content
  const shell = await caches.open(SHELL), links = linksIn(text, /\/static\/[^"'#\s]+\?v=[0-9a-f]+/g);
  await Promise.all(links.map(async (link) => (await shell.match(link, { ignoreVary: true })) ?? shell.add(link).catch(() => {})));
  return links;
}

async function prepare() { // what belongs to nobody: the page for a phone that is not ready, and the files of all pages
  const answer = await fetch(NOT_READY, { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  const links = await addFiles(await answer.clone().text());
  await (await caches.open(SHELL)).put(NOT_READY, answer);
  return links;
}

async function attend(page) { // a page that came while the worker began is not shown by it yet: it takes it over
  await self.clients.claim();
  await refresh().catch(() => {});
  page?.postMessage("kept");
}

const pageCaches = async () => (await caches.keys()).filter((name) => name.startsWith(PAGES));

async function forget(owner) { // what belongs to others; null: all of it
  for (const name of await pageCaches()) if (owner === null || name !== PAGES + owner) await caches.delete(name);
}

async function kept(request) {
  for (const name of await pageCaches()) {
    const found = await (await caches.open(name)).match(request, CALM);
    if (found) return found;
  }
}

async function keep(request, answer) {
  const owner = answer.headers.get("X-Portal-User");
  if (!owner) return;
  const isNew = !(await caches.has(PAGES + owner));
  await forget(owner);
  if (answer.ok && !answer.redirected) await (await caches.open(PAGES + owner)).put(request, answer);
  if (isNew) await refresh().catch(() => {}); // just signed in: the rest is fetched before the page has asked for it
}

let cutAt = 0; // when a page was last waited for in vain
async function page(event) {
  const copy = await kept(event.request);
  try {
    const asked = fetch(event.request), patience = Date.now() - cutAt < CUT ? LITTLE : PATIENCE;
    const late = copy && new Promise((_resolve, reject) => setTimeout(reject, patience));
    const answer = await (late ? Promise.race([asked, late]) : asked);
    cutAt = 0;
    if (copy && answer.status >= 502 && answer.status <= 504) return copy;
    event.waitUntil(keep(event.request, answer.clone()));
    return answer;
  } catch {
    cutAt = Date.now();
    return copy ?? (await kept(new Request(FALLBACK))) ?? (await (await caches.open(SHELL)).match(NOT_READY, CALM)) ?? Response.error();
  }
}

async function fromShell(request) {
  const shell = await caches.open(SHELL), found = await shell.match(request, { ignoreVary: true });
  if (found) return found; // its address names its content
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).searchParams.has("v")) await shell.put(request, answer.clone());
  return answer;
}

async function picture(event) {
  try {
    const answer = await fetch(event.request), [name] = await pageCaches();
    if (answer.ok && name) event.waitUntil(caches.open(name).then((cache) => cache.put(event.request, answer.clone())).catch(() => {}));
    return answer.clone();
  } catch {
    return (await kept(event.request)) ?? Response.error();
  }
}

let running = null; // pages in several tabs ask at the same time
const refresh = () => (running ??= renew().finally(() => { running = null; }));

async function renew() { // the pages of today and tomorrow, and the files they need
  const answer = await fetch(INDEX, { cache: "no-store", redirect: "manual" });
  if (!answer.ok) return;
  const said = await answer.json();
  await forget(String(said.user));
  const pages = await caches.open(PAGES + said.user), shell = await caches.open(SHELL), index = await pages.match(INDEX);
  const old = index ? await index.json() : {}, now = {}, needed = new Set(await prepare().catch(() => []));
  async function one([path, version]) {
    const known = old[path], copy = await pages.match(path, { ignoreVary: true });
    const isFresh = copy && known?.version === version && Date.now() - known.at < FRESH;
    const answer = isFresh ? copy : await fetch(path, { cache: "no-store", redirect: "manual" }).catch(() => null);
    if (!answer?.ok) return;
    const text = await answer.clone().text();
    (await addFiles(text)).forEach((link) => needed.add(link));
    for (const link of linksIn(text, /\/records\/attachments\/\d+\/thumbnail/g)) if (!(await pages.match(link, CALM))) await pages.add(link).catch(() => {});
    if (!isFresh) await pages.put(path, answer); // last: a page is kept once all it needs is
    now[path] = isFresh ? known : { version, at: Date.now() };
  }
  said.pages.forEach(([path]) => { now[path] = null; }); // until it is there
  const waiting = [...said.pages];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (waiting.length) await one(waiting.shift());
  }));
  await pages.put(INDEX, new Response(JSON.stringify(now))); // kept.js says by it whether the phone is ready
  const wanted = new Set(said.pages.map(([path]) => path));
  for (const request of await pages.keys()) {
    const path = new URL(request.url).pathname;
    if (path.startsWith(said.records) && path !== INDEX && !wanted.has(path)) await pages.delete(request);
  }
  for (const request of await shell.keys()) {
    const url = new URL(request.url), isOlder = !needed.has(url.pathname + url.search) && [...needed].some((each) => each.startsWith(`${url.pathname}?`));
    if (isOlder) await shell.delete(request);
  }
}
