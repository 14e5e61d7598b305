// What a captain writes is kept on the phone first and sent from there: in order, once, and never dropped silently.
// Forms with data-outbox go through it. Kept in IndexedDB, encrypted with a key that the portal gives while one is
// signed in. Sentences come from #outbox-texts. Without a secure connection forms are sent as everywhere else.
(() => {
  "use strict";
  const texts = document.getElementById("outbox-texts")?.dataset, me = Number(document.body.dataset.person || 0);
  if (!texts || !me) return;
  const ROOT = texts.root, RECORDS = texts.records, root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fill = (pattern, value) => pattern.replace("{}", value);
  const clone = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  // ---- Time: a kept page says when it was made; chips go on by what the phone knows of the server's clock ----
  const skewKept = localStorage.getItem("portal-skew"), served = Number(root.dataset.now) * 1000;
  let skew = skewKept === null ? Date.now() - served : Number(skewKept); // milliseconds the phone is ahead
  const isOld = skewKept !== null && Date.now() - skew - served > 90_000;
  if (isOld) root.dataset.now = String(Math.floor((Date.now() - skew) / 1000));

  if (!isSecureContext || !("indexedDB" in window) || !crypto.subtle) return;

  root.dataset.outbox = ""; // forms go through it
  const store = window.OutboxStore(me), { within, everybodys, mine, sent, put, ownKey, encrypt, contentOf, photoOf } = store;
  const channel = new BroadcastChannel("outbox");
  async function changed() {
    await show();
    channel.postMessage("changed");
  }
  channel.onmessage = () => show();

  // ---- Meeting the portal: who is signed in, the key, the time ----
  let needsSignIn = false, isCut = false; // isCut: the portal was asked last without an answer, whatever the phone says of its network
  const asking = new Set();
  async function reach(path, patience, options) { // given up after so many milliseconds, or once there is another network: the old one took it along
    const way = new AbortController(), late = setTimeout(() => way.abort(), patience);
    asking.add(way);
    try {
      const answer = await fetch(path, { ...options, redirect: "manual", signal: way.signal });
      const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
      isCut = false;
      return [answer, said];
    } catch (error) {
      isCut = true;
      throw error;
    } finally {
      clearTimeout(late);
      asking.delete(way);
    }
  }
  async function meet() { // who is signed in, the time, the mark for forms; null: nobody, or somebody else
    const [answer, said] = await reach(`${ROOT}outbox/session`, 15_000, { headers: { "X-Outbox": "1" }, cache: "no-store" });
    needsSignIn = said?.state === "sign-in" || (answer.ok && said?.user !== me);
    if (said?.ended) await forget(); // ended on purpose: what is kept can only be read after signing in
    if (needsSignIn) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    skew = Date.now() - said.now * 1000;
    localStorage.setItem("portal-skew", String(skew));
    if (!(await ownKey())) await store.takeKey(said.key);
    return said;
  }
  async function forget() {
    await store.dropKey();
    for (const name of await caches.keys()) if (name.startsWith("kept:")) await caches.delete(name);
  }

  // ---- Writing: a form is one item, each photo is one ----
  const pathOf = (form) => new URL(form.action).pathname;
  const jobOf = (path) => (path.startsWith(RECORDS) ? path.slice(RECORDS.length).split("/")[0] : "");
  const isPhoto = (path) => path.endsWith("/photos");
  const labelOf = (form, submitter) => form.dataset.outboxLabel || (isPhoto(pathOf(form)) && fill(texts.photo, form.querySelector("[name=kind]:checked")?.labels[0].textContent.trim() ?? "")) || (submitter ?? document.querySelector(`button[form="${form.id}"]`) ?? form.querySelector("button:not([type=button])"))?.textContent.trim() || "";
  const shownValue = (field) => (field.tagName === "SELECT" ? field.selectedOptions[0]?.textContent.trim() : /radio|checkbox/.test(field.type) ? (field.checked ? field.labels?.[0]?.textContent.trim() ?? "✓" : "") : field.value);
  const nameOf = (field) => ((field.type === "radio" && field.closest("fieldset")?.querySelector("legend")) || field.labels?.[0])?.textContent.trim() || field.name;
  function saidIn(form) { // label and value as the person saw them, to be shown beside what happened meanwhile
    return [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "file" && shownValue(field))
      .map((field) => [nameOf(field), /^datetime/.test(field.type) ? shownValue(field).replace("T", " ") : shownValue(field)]);
  }
  const underWay = new Set(); // what is being written down
  let last = Promise.resolve();
  function write(form, submitter, data = new FormData(form, submitter)) { // one after the other: what was typed later stays the last word
    const done = last.then(() => writeDown(form, submitter, data));
    last = done.catch(() => {});
    return done;
  }
  function hold(work) {
    underWay.add(work);
    work.catch(() => {}).finally(() => underWay.delete(work));
    return work;
  }
  addEventListener("click", (event) => { // a page is left once all is written down
    const link = event.target.closest("a[href]");
    if (!link || link.origin !== location.origin || link.target || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!navigator.onLine && link.pathname !== location.pathname && !link.pathname.startsWith(ROOT)) { // the worker does not stand before it: else the browser's own error
      event.preventDefault();
      return location.assign(`${ROOT}not-kept`);
    }
    if (!underWay.size) return;
    event.preventDefault();
    Promise.allSettled(underWay).then(() => location.assign(link.href));
  });
  async function writeDown(form, submitter, data) {
    const path = pathOf(form), fields = [], files = [];
    for (const [name, value] of data) {
      if (value instanceof File) { if (value.size) files.push([name, value]); }
      else if (!/^(csrf_token|client_key|device_at)$/.test(name)) fields.push([name, value]);
    }
    const isLast = form.matches("[data-outbox-last]"); // the last word counts: it takes the place of what waits, and holds nothing up
    const isBeside = form.matches("[data-outbox-beside]"); // of a record beside the job: refused, it holds up its like only
    const now = new Date().toISOString(), key = isPhoto(path) || isLast ? crypto.randomUUID() : (form.dataset.outboxKey ||= crypto.randomUUID());
    const old = await within("readonly", (items) => items.get(key)), at = old?.at ?? now; // opened again, it keeps its time
    answers.delete(key); // what was said of its earlier words
    const content = new TextEncoder().encode(JSON.stringify({ fields, said: saidIn(form), page: location.pathname + location.search }));
    const keys = [];
    for (const [index, [name, file]] of (files.length ? files : [[null, null]]).entries()) {
      const item = {
        key: index ? crypto.randomUUID() : key, user: me, job: jobOf(path), path, at, skew: old?.skew ?? Math.round(skew / 1000),
        label: labelOf(form, submitter), isPhoto: isPhoto(path), isLast, isStay: form.matches("[data-outbox-stay]"), isBeside, state: "waiting", box: await encrypt(content),
        file: file && { field: name, name: file.name, type: file.type, size: file.size },
      };
      const photo = file && { key: item.key, ...(await encrypt(await file.arrayBuffer())) };
      await within("readwrite", (items, photos) => {
        const asked = items.getAll(); // one transaction: order and photo are there together or not at all
        asked.onsuccess = () => {
          const before = asked.result.find((each) => each.key === item.key);
          if (isLast) asked.result.filter((each) => each.user === me && each.path === path && !each.isPhoto).forEach((each) => items.delete(each.key));
          const isEnd = form.matches("[data-outbox-end]"); // written anew, it comes after what was mended for it
          item.order = (isEnd ? null : before?.order) ?? 1 + Math.max(0, ...asked.result.map((each) => each.order));
          if (!photo && before?.file) item.file = before.file; // opened again: the photo stays unless another was chosen
          items.put(item);
          if (photo) photos.put(photo);
        };
      });
      keys.push(item.key);
    }
    form.dispatchEvent(new CustomEvent("outbox-kept", { bubbles: true, detail: fields }));
    return keys;
  }

  // ---- Sending: one at a time, text of a job before its photos; a step that the photos belong to waits for them ----
  let token = "", sending = "", pump = null, timer = 0, tries = 0;
  const answers = new Map(); // what became of items, for the form that waits for it
  function choose(items) {
    const jobs = Map.groupBy ? Map.groupBy(items, (item) => item.job) : grouped(items), photos = [];
    for (const [, own] of jobs) {
      const written = own.filter((item) => !item.isPhoto), isStuck = (item) => item.state === "attention";
      const waitsFor = (item) => (earlier) => isStuck(earlier) && (!earlier.isBeside || item.isBeside);
      const first = written.find((item, place) => !isStuck(item) && (item.isLast || !written.slice(0, place).some(waitsFor(item))));
      const waitingPhotos = own.filter((item) => item.isPhoto && item.state === "waiting");
      if (first) {
        const before = first.afterPhotos ? waitingPhotos.filter((photo) => photo.order < first.order) : [];
        return before[0] ?? first;
      }
      photos.push(...waitingPhotos);
    }
    return photos[0];
  }
  function grouped(items) {
    const found = new Map();
    items.forEach((item) => found.set(item.job, [...(found.get(item.job) ?? []), item]));
    return found;
  }
  const send = () => (pump ??= navigator.locks.request("outbox", { ifAvailable: true }, (lock) => (lock ? sendAll() : later())).catch(later).finally(() => { pump = null; sending = ""; changed(); }));
  function later() { // a phone below ground says that it has a network, and no event tells it when it really has: looked at, it asks again soon
    clearTimeout(timer);
    const wait = Math.min(isCut && !document.hidden ? 2 : 300, 2 ** tries++) * (0.5 + Math.random() / 2);
    timer = setTimeout(send, wait * 1000);
  }
  async function sendAll() {
    clearTimeout(timer);
    if (!(await mine()).some((item) => item.state === "waiting")) return;
    if (!navigator.onLine) return;
    const met = await meet();
    if (!met) return;
    token = met.token;
    for (let item = choose(await mine()); item; item = choose(await mine())) {
      sending = item.key;
      await changed();
      if (!(await sendOne(item))) return;
      tries = 0;
    }
    if (delivered.length) document.dispatchEvent(new Event("outbox-sent")); // kept.js: the pages say more now
  }
  async function sendOne(item) { // true: go on with the next
    let body;
    try {
      body = await bodyOf(item);
    } catch (error) {
      return attention(item, error.message === "photo" ? texts.photoMissing : texts.unreadable);
    }
    const headers = { "X-Outbox": "1", "X-CSRFToken": token, "X-Outbox-User": String(me), "X-Outbox-Skew": String(item.skew) };
    if (item.isConfirmed) headers["X-Outbox-Confirmed"] = "1";
    const [answer, answered] = await reach(item.path, item.file ? 180_000 : 45_000, { method: "POST", body, headers }), said = answered ?? {};
    if (said.state === "done") return done(item, said);
    if (said.state === "sign-in") { needsSignIn = true; if (said.ended) await forget(); return false; }
    if (said.state === "refused" || said.state === "conflict") {
      const photos = (await mine()).filter((other) => other.job === item.job && other.isPhoto && other.state === "waiting" && other.order < item.order);
      if (!item.isPhoto && !item.afterPhotos && photos.length) { await put({ ...item, afterPhotos: true }); return true; } // the step may ask for them
      return attention(item, said.message, said);
    }
    if (answer.status >= 400 && answer.status < 500 && ![408, 425, 429].includes(answer.status)) return attention(item, fill(texts.refused, answer.status));
    throw new Error(String(answer.status));
  }
  async function bodyOf(item) {
    const content = await contentOf(item), body = new FormData();
    for (const [name, value] of content.fields) body.append(name, value);
    body.set("client_key", item.key);
    body.set("device_at", item.at);
    if (item.file) body.append(item.file.field, await photoOf(item));
    return body;
  }
  const delivered = []; // what this page had the portal hear of: the page itself does not say it yet
  async function done(item, said) {
    delivered.push({ path: item.path, job: item.job, isPhoto: item.isPhoto, fields: (await contentOf(item)).fields });
    if (said.message) document.dispatchEvent(new CustomEvent("snack", { detail: { text: `${item.label} · ${said.message}`, kind: "alert" } }));
    await within("readwrite", (items, photos) => {
      photos.delete(item.key);
      if (!item.isStay) return items.delete(item.key);
      const asked = items.get(item.key); // nothing: another word took its place meanwhile
      asked.onsuccess = () => asked.result && items.put({ ...item, state: "sent", sentAt: Date.now() - skew });
    });
    answers.set(item.key, said);
    return true;
  }
  async function attention(item, message, said = {}) {
    await within("readwrite", (items) => {
      const asked = items.get(item.key); // nothing: another word took its place meanwhile
      asked.onsuccess = () => asked.result && items.put({ ...item, state: "attention", message, now: said.now, mayConfirm: said.may_confirm });
    });
    answers.set(item.key, { state: said.state ?? "refused", message });
    return true;
  }

  // ---- Forms ----
  const busyForms = new WeakSet();
  let moving = 0; // forms being sent: another page comes after them
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[action$='/account/sign-out']")) leave(event, form);
    else if (form.matches("[data-outbox]")) event.preventDefault(); // before app.js; others still add to the form
  }, true);
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-outbox]") || busyForms.has(form) || form.inert) return; // the button may stand outside of the form
    form.matches("[data-outbox-stay]") ? note(form, event.submitter) : submit(form, event.submitter);
  });
  const shot = new Map(); // photos that were made smaller and handed over, by form
  addEventListener("outbox", (event) => {
    event.preventDefault();
    shot.set(event.target, [...(shot.get(event.target) ?? []), hold(write(event.target, null, event.detail.data))]);
  });
  addEventListener("photos-sent", async (event) => {
    event.preventDefault();
    const form = event.target, handed = shot.get(form) ?? [];
    shot.delete(form);
    try {
      const keys = (await Promise.all(handed)).flat();
      await changed();
      await sendAlso(keys);
      const areThere = keys.every((key) => answers.get(key)?.state === "done");
      if (form.matches("[data-outbox-stay]")) form.dispatchEvent(new CustomEvent("outbox-answered", { bubbles: true, detail: { areThere } }));
      else if (areThere) form.dispatchEvent(new CustomEvent("photos-there", { bubbles: true }));
    } catch (error) {
      say(form, error.name === "QuotaExceededError" ? texts.full : texts.noKey);
    }
  });
  addEventListener("outbox-say", (event) => say(event.target, event.detail));
  async function submit(form, submitter) {
    busyForms.add(form);
    moving += 1;
    submitter?.classList.add("busy");
    say(form, "");
    try {
      if (!(await keyed(form))) return;
      const keys = await write(form, submitter), photo = isPhoto(pathOf(form));
      await changed();
      const sent = send();
      if (!photo) await Promise.race([sent, pause(navigator.onLine && !isCut ? 8000 : 0)]);
      settle(form, keys, photo);
    } catch (error) {
      say(form, error.name === "QuotaExceededError" ? texts.full : texts.noKey);
    } finally {
      busyForms.delete(form);
      moving -= 1;
      submitter?.classList.remove("busy");
    }
  }
  async function keyed(form) { // said where nothing can be written down: nobody is signed in, or the key was never fetched
    if (!(await ownKey())) await meet().catch(() => {});
    const isThere = Boolean(await ownKey());
    if (!isThere) say(form, navigator.onLine ? texts.signIn : texts.noKey);
    return isThere;
  }
  async function note(form, submitter) { // one stays on the page, and may write the same form again before this one is sent
    say(form, "");
    try {
      const [key] = await hold(keyed(form).then((isThere) => (isThere ? write(form, submitter) : [])));
      if (!key) return;
      await changed();
      await sendAlso([key]);
      const said = answers.get(key);
      if (said && said.state !== "done") say(form, said.message);
    } catch (error) {
      say(form, error.name === "QuotaExceededError" ? texts.full : texts.noKey);
    }
  }
  async function sendAlso(keys) { // what was written while the last of others was on its way is not left lying
    await send();
    if ((await mine()).some((item) => keys.includes(item.key) && item.state === "waiting" && !answers.has(item.key)) && navigator.onLine && !needsSignIn) await send();
  }
  function settle(form, keys, photo) {
    const said = keys.map((key) => answers.get(key)).find((answer) => answer && answer.state !== "done");
    if (needsSignIn && navigator.onLine) return say(form, texts.signIn);
    if (said) return say(form, said.message); // the form stays as it is: sent again, it takes the place of what was refused
    if (photo) return form.reset();
    const last = answers.get(keys.at(-1));
    moving += 1;
    location.assign(last?.url || form.dataset.outboxNext || RECORDS + jobOf(pathOf(form)));
  }
  function say(form, message) {
    form.querySelector(":scope > .outbox-said")?.remove();
    if (!message) return;
    const line = clone("outbox-said");
    line.querySelector("span").textContent = message;
    form.prepend(line);
    line.scrollIntoView({ block: "center" });
  }
  async function reopen() { // an item that needs attention is put back into its form
    const key = location.hash.match(/^#outbox=(.+)$/)?.[1], item = key && (await mine()).find((each) => each.key === key);
    if (!item) return;
    const form = all("form[data-outbox]").find((each) => pathOf(each) === item.path);
    if (!form) return location.replace(`${ROOT}outbox`);
    const { fields } = await contentOf(item);
    form.dataset.outboxKey = key;
    form.inert = false;
    form.dataset.touched = "";
    all("input[type=checkbox], input[type=radio]", form).forEach((box) => { box.checked = fields.some(([name, value]) => name === box.name && value === box.value); });
    for (const [name, value] of fields) {
      const field = form.elements[name]; // the version is that of the page, which was looked at since
      if (field instanceof Element && name !== "version" && !/checkbox|radio|file/.test(field.type)) field.value = value;
    }
    if (item.message) say(form, item.message);
  }

  const { drawBar, drawList } = window.OutboxList({ store, texts, now: () => ({ sending, needsSignIn, isCut }), made: isOld ? served : null, changed, send, ask });
  // ---- What is shown: a bar on every page, the list on its own page, what waits on the page of its job ----
  async function show() {
    const items = await mine(), others = (await everybodys()).length;
    others ? localStorage.setItem("outbox", "1") : localStorage.removeItem("outbox");
    drawBar(items);
    all("[data-outbox-list]").forEach((list) => drawList(list, items.filter((item) => !list.dataset.job || item.job === list.dataset.job)));
    showHere(items);
    document.dispatchEvent(new CustomEvent("outbox-items", { detail: items })); // captain.js: what waits on the cards of the day
    for (const form of all("form[data-outbox]:not([data-outbox-stay])")) { // what was written already is not written twice
      const waiting = form.dataset.outboxKey ? null : items.find((item) => !item.isPhoto && item.path === pathOf(form) && !/\/costs$/.test(item.path));
      if (waiting && !form.inert) say(form, waiting.state === "attention" ? texts.attention : texts.written);
      form.inert = Boolean(waiting);
      all(`button[form="${form.id}"]`).forEach((button) => { button.disabled = form.inert; });
    }
    await tell(items);
  }
  async function tell(items) { // visit.js: what is written for the job of this page, the portal heard of it or not
    const job = document.querySelector("main[data-job]")?.dataset.job;
    if (!job || moving) return;
    const own = items.filter((item) => item.job === job), contents = await Promise.all(own.map((item) => contentOf(item).catch(() => null)));
    const known = (await sent()).filter((item) => item.job === job && item.sentAt >= served), old = await Promise.all(known.map((item) => contentOf(item).catch(() => null)));
    if (own.length + known.length > 0 && !(await ownKey())) return; // read once the portal has given the key again
    const earlier = known.flatMap(({ path, isPhoto }, index) => (old[index] ? [{ path, isPhoto, isSent: true, at: Date.now() - skew, fields: old[index].fields }] : []));
    const waiting = own.flatMap(({ path, isPhoto, state, at, skew: ahead }, index) => (contents[index] ? [{ path, isPhoto, isStuck: state === "attention", at: Date.parse(at) - 1000 * ahead, fields: contents[index].fields }] : []));
    document.dispatchEvent(new CustomEvent("outbox-shown", { detail: [...earlier, ...delivered.filter((item) => item.job === job), ...waiting] }));
  }
  function showHere(items) {
    const main = document.querySelector("main[data-job]");
    if (!main) return;
    if (!main.querySelector("[data-outbox-section]")) {
      const section = clone("outbox-here"), list = section.querySelector("[data-outbox-list]");
      list.dataset.job = main.dataset.job;
      main.append(section);
      drawList(list, items.filter((item) => item.job === main.dataset.job));
    }
    if ([...items, ...delivered].some((item) => item.job === main.dataset.job)) { // what the page misses may be among it: the portal decides
      all("button[type=submit][aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }

  function ask(question) {
    const dialog = document.getElementById("outbox-ask");
    dialog.querySelector("p").textContent = question;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  // ---- End of the session: own drafts, key and kept pages go; what others wrote stays, unreadable ----
  function leave(event, form) {
    if (form.dataset.outboxLeft) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    (async () => {
      const unsent = (await mine()).length;
      if (unsent && !(await ask(fill(texts.leave, unsent)))) return;
      const own = [...(await mine()), ...(await sent())];
      await within("readwrite", (items, photos, about) => {
        own.forEach((item) => { items.delete(item.key); photos.delete(item.key); });
        about.delete("key");
      });
      await forget();
      (await everybodys()).length ? localStorage.setItem("outbox", "1") : localStorage.removeItem("outbox");
      if (!navigator.onLine) { // the portal hears of it as soon as there is a network
        localStorage.setItem("portal-leave", "1");
        document.querySelector("main").replaceChildren(clone("outbox-left"));
        return drawBar([]);
      }
      form.dataset.outboxLeft = "1";
      form.requestSubmit();
    })();
  }
  const signOutForm = () => document.querySelector("form[action$='/account/sign-out']");
  function leaveAtLast() {
    if (!localStorage.getItem("portal-leave") || !navigator.onLine || !signOutForm()) return false;
    localStorage.removeItem("portal-leave");
    const form = signOutForm();
    form.dataset.outboxLeft = "1";
    form.requestSubmit();
    return true;
  }

  // ---- Begin ----
  const wake = () => { // what is just being sent may have met the end of the network: once more after it
    tries = 0;
    show();
    if (!leaveAtLast()) Promise.resolve(pump).then(send);
  };
  addEventListener("hashchange", () => reopen().then(show)); // asked for on the page of its form
  addEventListener("online", () => { asking.forEach((way) => way.abort()); wake(); });
  addEventListener("offline", () => show());
  document.addEventListener("outbox-ask", () => show()); // a script of the page came later than what it waits for
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  addEventListener("pageshow", (event) => { if (event.persisted) { moving = 0; wake(); } });
  const WEEK = 7 * 24 * 3600 * 1000;
  (async () => {
    if (leaveAtLast()) return;
    const past = (await sent()).filter((item) => item.sentAt < Date.now() - skew - WEEK);
    if (past.length) await within("readwrite", (items) => past.forEach((item) => items.delete(item.key)));
    await show();
    await reopen();
    if (navigator.onLine) await meet().catch(() => {});
    await show();
    send();
    root.dataset.outboxReady = "";
  })();
})();
