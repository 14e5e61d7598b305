// What the browser adds to pages that work without it. One file, no framework, nothing evaluated (strict CSP).
// Markup asks for behaviour with data- attributes; sentences come from #texts, translated by the server.
(() => {
  "use strict";
  const root = document.documentElement;
  const texts = document.getElementById("texts")?.dataset ?? {};
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (type, handle, capture = false) => document.addEventListener(type, handle, capture);
  const fill = (pattern, value) => (pattern ?? "{}").replace("{}", value);
  const typing = (element) => element?.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
  const mainButton = (form) => form.querySelector("button.primary:not([type=button])") ?? form.querySelector("button:not([type=button]), input[type=submit]");

  // ---- A notice is opened, and read, by a POST; other ways to its link show its page ----
  on("click", (event) => {
    const link = event.target.closest?.("a[href^='/records/notices/']");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !/^\/records\/notices\/\d+$/.test(link.getAttribute("href"))) return;
    event.preventDefault();
    const form = document.createElement("form"), token = document.createElement("input");
    Object.assign(form, { method: "post", action: link.href });
    Object.assign(token, { type: "hidden", name: "csrf_token", value: JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"] });
    form.append(token);
    document.body.append(form);
    form.submit();
  });

  // ---- Time: chips count on the server's clock, so a wrong clock on the desk changes nothing ----
  const offset = Number(root.dataset.now || Date.now() / 1000) * 1000 - Date.now();
  const now = () => Math.floor((Date.now() + offset) / 1000);
  const sprite = () => document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0] ?? "";

  function duration(seconds) {
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
    const parts = days ? [[texts.day, days], [texts.hour, hours]] : hours ? [[texts.hour, hours], [texts.minute, minutes]] : [[texts.minute, minutes]];
    return parts.filter(([, n], i) => i === 0 || n).map(([pattern, n]) => fill(pattern, n)).join(" ");
  }

  function refreshChip(chip) {
    const [due, span, warn] = chip.dataset.due.split(" ").map(Number), rest = due - now();
    const share = span > 0 ? Math.round(100 * Math.min(1, Math.max(0, rest / span))) : 100;
    const soon = warn === undefined ? share < 25 : rest <= warn;
    const kind = rest < 0 ? "late" : soon ? "soon" : "";
    const text = Math.abs(rest) < 60 ? (rest < 0 ? texts.just : texts.soonest) : fill(rest < 0 ? texts.late : texts.left, duration(Math.abs(rest)));
    const shown = chip.querySelector(".left-text");
    if (shown && shown.textContent !== text) shown.textContent = text;
    const owner = chip.closest(".clock") ?? chip;
    owner.classList.toggle("late", kind === "late");
    owner.classList.toggle("soon", kind === "soon");
    const ring = chip.querySelector(".ring");
    ring?.firstElementChild.setAttribute("stroke-dasharray", `${share} 100`);
    if (ring && kind === "late") {
      const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      icon.setAttribute("class", "icon");
      icon.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `${sprite()}#alert-triangle`);
      icon.append(use);
      ring.replaceWith(icon);
    }
  }
  const refreshChips = () => all("[data-due]").forEach(refreshChip);
  setInterval(() => document.visibilityState === "visible" && refreshChips(), 60_000);

  const timers = () => all("[data-timer]").forEach((timer) => {
    if (!timer.dataset.timer && "timerWaits" in timer.dataset) return; // until the first key in its form
    timer.dataset.timer ||= String(now());
    const seconds = Math.max(0, now() - Number(timer.dataset.timer)), pad = (n) => String(n).padStart(2, "0");
    const text = timer.querySelector("output") ?? timer;
    text.textContent = `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
    const target = timer.dataset.timerInput && document.querySelector(timer.dataset.timerInput);
    if (target) target.value = seconds;
  });
  if (document.querySelector("[data-timer]")) setInterval(timers, 1000);

  const poll = () => document.visibilityState === "visible" && document.body.dispatchEvent(new Event("poll"));
  setInterval(poll, 30_000);
  on("visibilitychange", () => { poll(); refreshChips(); });

  // ---- Messages that float ----
  const snacks = document.getElementById("snacks");
  function watchSnack(snack) {
    if (snack.dataset.snack !== "done") return;
    const close = () => (snack.matches(":hover, :focus-within") ? setTimeout(close, 3000) : snack.remove());
    setTimeout(close, snack.querySelector("form, a") ? 12_000 : 7000);
  }
  function say(text, kind = "done", retry = null) {
    const snack = document.getElementById("snack-template").content.firstElementChild.cloneNode(true);
    snack.dataset.snack = kind;
    snack.setAttribute("role", kind === "alert" ? "alert" : "status");
    snack.querySelector(`.for-${kind === "alert" ? "done" : "alert"}`).remove();
    snack.querySelector("span").textContent = text;
    if (retry) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = texts.retry;
      button.addEventListener("click", () => { snack.remove(); retry(); });
      snack.querySelector("span").after(button);
    }
    if (kind === "alert") all(".snack", snacks).forEach((other) => other.querySelector("span")?.textContent === text && other.remove()); // the same is said once
    snacks.append(snack);
  }
  if (snacks) {
    all(".snack", snacks).forEach(watchSnack);
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => node.dataset?.snack && watchSnack(node))))
      .observe(snacks, { childList: true });
  }
  on("snack", (event) => say(event.detail?.text ?? event.detail?.value ?? String(event.detail), event.detail?.kind));

  // ---- Menus: one open at a time, arrows inside, Escape gives the focus back ----
  const menus = "details.menu-host";
  const closeMenu = (menu, refocus) => { menu.open = false; if (refocus) menu.querySelector("summary").focus(); };
  on("toggle", (event) => {
    if (event.target.matches?.(menus) && event.target.open) all(`${menus}[open]`).forEach((menu) => menu !== event.target && !menu.contains(event.target) && closeMenu(menu));
  }, true);
  function moveInMenu(event) {
    const menu = event.target.closest(menus);
    if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) || typing(event.target)) return;
    if (!menu.open) { if (event.key !== "ArrowDown") return; menu.open = true; }
    const items = all(".menu a, .menu button, .menu summary", menu).filter((item) => item.checkVisibility?.() ?? true), at = items.indexOf(document.activeElement), last = items.length - 1;
    const next = { ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last }[event.key];
    items[next]?.focus();
    event.preventDefault();
  }

  // ---- The palette ----
  const palette = document.getElementById("palette"), paletteBox = palette?.querySelector("input[name=q]");
  const options = () => all("[role=option]", palette);
  let listed = null, isEntered = false; // what the lines answer; Enter was pressed before the lines of what is typed were there
  function choose(option) {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    option ? paletteBox.setAttribute("aria-activedescendant", option.id) : paletteBox.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }
  function openPalette() {
    if (!palette || palette.open) return;
    palette.showModal(); // keeps the focus inside and gives it back on closing
    isEntered = false; // it was closed before the answer came
    paletteBox.select();
    paletteBox.dispatchEvent(new Event("palette-open"));
  }
  function listPalette(asked) {
    choose(options()[0]);
    if (asked === undefined) return; // something else of the page was drawn
    listed = asked;
    if (isEntered && listed === paletteBox.value) { isEntered = false; options()[0]?.click(); }
  }
  paletteBox?.addEventListener("input", () => { isEntered = false; });
  paletteBox?.addEventListener("htmx:before:request", (event) => { event.detail.ctx.asked = paletteBox.value; });
  palette?.addEventListener("keydown", (event) => {
    const list = options(), at = list.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      choose(list[(at + (event.key === "ArrowDown" ? 1 : -1) + list.length) % list.length]);
      listed = paletteBox.value; // who walks through the lines means one of these
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === paletteBox && listed !== paletteBox.value) {
      event.preventDefault();
      isEntered = true;
    } else if (event.key === "Enter" && list[at]) {
      event.preventDefault();
      list[at].click();
    }
  });
  palette?.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
    const option = event.target.closest("[data-send]");
    if (option) { event.preventDefault(); send(option); }
  });
  function send(option) { // what changes something is sent as a form
    const form = document.createElement("form"), token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];
    form.method = "post";
    form.action = option.getAttribute("href");
    for (const [name, value] of [["csrf_token", token], ...JSON.parse(option.dataset.send)]) {
      const field = document.createElement("input");
      [field.type, field.name, field.value] = ["hidden", name, value];
      form.append(field);
    }
    form.dataset.noBusy = "";
    document.body.append(form);
    form.requestSubmit(); // heard like any other form: who leaves with entries not sent yet is asked
  }

  // ---- Keys: / searches, digits choose, Ctrl+S and Ctrl+Enter send; letters on everything: keys.js ----
  function chooseByKey(event) {
    for (const group of all("[data-digit-keys]")) {
      const label = all("label", group).find((one) => one.querySelector("kbd")?.textContent.trim().toLowerCase() === event.key.toLowerCase());
      const input = label?.querySelector("input:not(:disabled)");
      if (!input || !group.checkVisibility?.()) continue;
      input.click();
      input.focus();
      return true;
    }
    return false;
  }
  on("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
    if (event.isComposing) return; // an input method is choosing characters
    if (command && key === "k") { event.preventDefault(); openPalette(); return; }
    if (command && (key === "s" || event.key === "Enter")) {
      const form = event.target.closest?.("form[data-submit-key]") ?? document.querySelector("main form[data-submit-key], form[data-submit-key]");
      if (!form) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector(`[data-submit="${key}"]`) ?? mainButton(form));
      return;
    }
    if (command && key === "z" && !event.shiftKey && !typing(event.target)) {
      const undo = all("#snacks [data-undo]").at(-1); // as long as it is offered
      if (undo) { event.preventDefault(); undo.click(); }
      return;
    }
    if (event.key === "Escape") {
      const open = document.querySelector(`${menus}[open]`);
      if (open) closeMenu(open, open.contains(document.activeElement));
      all(".history-pop").forEach((pop) => pop.replaceChildren());
      all(".reason.shown").forEach((reason) => reason.classList.remove("shown"));
      all("[data-clear]").forEach((button) => button.checkVisibility?.() && button.click());
      return;
    }
    moveInMenu(event);
    if (command || event.altKey || event.defaultPrevented || typing(event.target) || palette?.open || "noSingleKeys" in root.dataset) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-slash]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (/^[0-9a-z]$/i.test(event.key) && chooseByKey(event)) event.preventDefault();
  });

  on("click", (event) => {
    const target = event.target;
    all(`${menus}[open]`).forEach((menu) => !menu.contains(target) && closeMenu(menu));
    if (target.closest("[data-palette]")) { event.preventDefault(); openPalette(); }
    target.closest("[data-close]")?.closest(".snack")?.remove();
    if (target.closest("[data-back]") && history.length > 1 && document.referrer.startsWith(`${location.origin}/`)) { event.preventDefault(); history.back(); }
    const theme = target.closest("button[name=theme]");
    if (theme) root.dataset.bsTheme = theme.value === "auto" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : theme.value;
    const blocked = target.closest("[aria-disabled=true]");
    const told = document.getElementById(blocked?.getAttribute("aria-describedby") ?? "");
    all(".reason.shown").forEach((reason) => reason !== told && reason.classList.remove("shown"));
    if (blocked) {
      event.preventDefault();
      told?.classList.toggle("shown");
    }
  });

  // ---- Forms: no double sending, a guard for what is typed, and texts that survive ----
  const dirty = new WeakSet();
  const framed = document.querySelector(".shell, .phone"); // signing in keeps nothing
  const passing = /^(csrf_token|client_key|device_at|taken_at|pair|marks|signature|version|next|state|back|shown|shown_hash)$/; // scripts fill these in: by them a form would become another
  const keepable = (form) => [...form.elements].filter((field) => field.name && field.matches("textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit], [type=button], [autocomplete=one-time-code])"));
  const keeps = (form) => framed && form.method === "post" && !form.matches("[data-no-keep], [data-bulk]") && keepable(form).length > 0;
  // Two forms of one page are told apart by where they send to and what they are about.
  const about = (form) => form.dataset.keep ?? `${location.pathname}#${form.id}#${form.getAttribute("action") ?? ""}#${[...form.elements].filter((field) => field.type === "hidden" && !passing.test(field.name)).map((field) => `${field.name}=${field.value}`).join("&")}`;
  const storage = (form) => `keep:${document.body.dataset.user ?? ""}:${about(form)}`;
  const failed = (form) => form.querySelector("[aria-invalid=true], .form-errors") || form.querySelector(".error");
  const isBox = (field) => /radio|checkbox/.test(field.type);
  const named = (field) => (isBox(field) ? `${field.name}=${field.value}` : field.name);
  const given = (field) => (isBox(field) ? field.defaultChecked : field.tagName === "SELECT" ? ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "" : field.defaultValue);
  const present = (field) => (isBox(field) ? field.checked : field.value);

  function keep(form) { // what differs from what the server sent, beside what that was
    const changed = keepable(form).filter((field) => present(field) !== given(field) && !("follows" in field.dataset)).map((field) => [named(field), [present(field), given(field)]]);
    try {
      changed.length ? sessionStorage.setItem(storage(form), JSON.stringify(Object.fromEntries(changed))) : sessionStorage.removeItem(storage(form));
    } catch { /* too long for the browser: it stays in the form */ }
  }
  function settle(field, fields) { // what is kept elsewhere counts as what the server sent
    if (isBox(field)) field.defaultChecked = fields.some(([name, value]) => name === field.name && value === field.value);
    else if (field.matches("textarea, input")) field.defaultValue = fields.find(([name]) => name === field.name)?.[1] ?? "";
  }
  function restore(form) {
    const kept = sessionStorage.getItem(storage(form));
    if (!kept || failed(form)) return;
    const values = JSON.parse(kept);
    let restored = false;
    keepable(form).forEach((field) => {
      const [value, before] = values[named(field)] ?? [];
      const isAnew = before !== given(field) && !("present" in field.dataset); // the present is another one each time
      if (value === undefined || isAnew || present(field) !== given(field)) return; // what the server sends anew counts
      isBox(field) ? (field.checked = value) : (field.value = value);
      restored = true;
    });
    if (restored && form.matches("[data-guard]")) dirty.add(form);
    return restored;
  }
  const met = new WeakSet(); // each form once, when it comes: what the person empties later stays empty
  function restoreNew() {
    const restored = all("form").filter((form) => keeps(form) && !met.has(form)).filter((form) => (met.add(form), restore(form)));
    if (restored.length && texts.restored) say(texts.restored); // once, however many forms
  }
  function settleSent() {
    // A text is dropped once a page of the portal answers without sending the form back; never on login or error pages.
    for (const flag of Object.keys(sessionStorage).filter((key) => key.startsWith("sent:"))) {
      const key = flag.slice(5), form = all("form").filter(keeps).find((one) => storage(one) === key);
      if (framed && !(form && failed(form))) sessionStorage.removeItem(key);
      sessionStorage.removeItem(flag);
    }
  }
  on("input", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (form.matches("[data-guard]")) dirty.add(form);
    if (keeps(form)) keep(form);
    all("[data-timer-waits]", form).forEach((timer) => { timer.dataset.timer ||= String(now()); });
  });
  on("outbox-kept", ({ target: form, detail: fields }) => { // written into the outbox: brought back is only what was typed since
    if (!form.matches("[data-outbox-stay]")) return sessionStorage.removeItem(storage(form));
    keepable(form).forEach((field) => settle(field, fields));
    keep(form);
  });
  on("outbox-filled", ({ target: form, detail: fields }) => { // the page is older than what the outbox knows of it
    keepable(form).forEach((field) => {
      settle(field, fields);
      isBox(field) ? (field.checked = field.defaultChecked) : (field.value = field.defaultValue);
    });
    if (restore(form) && texts.restored) say(texts.restored);
  });
  addEventListener("beforeunload", (event) => {
    if (all("form[data-guard]").some((form) => dirty.has(form))) event.preventDefault();
  });

  const pressed = new WeakMap(); // the button that sent a form last
  function free(form) {
    delete form.dataset.busy;
    all("button.busy", form).forEach((button) => { button.classList.remove("busy"); button.style.minWidth = ""; });
  }
  on("submit", (event) => {
    const form = event.target;
    if (form.dataset.busy) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (event.defaultPrevented || form.matches("[method=dialog], [data-no-busy], [role=search]")) return;
    if (!navigator.onLine) { // else the browser would show its own error in place of the page
      event.preventDefault();
      event.stopImmediatePropagation();
      say(texts.offline, "alert", () => form.requestSubmit(event.submitter));
      return;
    }
    form.dataset.busy = "1";
    const button = event.submitter;
    pressed.set(form, button);
    if (button) { button.style.minWidth = `${button.offsetWidth}px`; button.classList.add("busy"); }
    setTimeout(() => form.isConnected && free(form), 10_000); // an answer that is a file leaves the page as it is
    dirty.delete(form);
    if (keeps(form)) sessionStorage.setItem(`sent:${storage(form)}`, "1");
    setTimeout(() => form.dataset.busy && busy(true), 300);
  }, true);
  addEventListener("pageshow", (event) => event.persisted && (all("form[data-busy]").forEach(free), busy(false)));

  // ---- A phone that several people use: pages kept for others go, what others wrote there stays (outbox.js) ----
  const person = document.body.dataset.person;
  if (person && "caches" in window) caches.keys().then((names) => names.forEach((name) => name.startsWith("kept:") && name !== `kept:${person}` && caches.delete(name)));
  on("submit", (event) => {
    if (!event.target.matches("[action$='/account/sign-out']") || !localStorage.getItem("outbox")) return;
    const field = document.createElement("input");
    [field.type, field.name, field.value] = ["hidden", "keep", "1"];
    event.target.append(field);
    sessionStorage.clear();
  }, true);

  // ---- Requests of parts of pages ----
  const line = document.getElementById("busy-line");
  const busy = (shown) => line?.classList.toggle("shown", shown);
  let running = 0;
  const quiet = (event) => event.target.closest?.("[data-quiet]");
  const sent = new WeakMap(); // of forms saved while one goes on typing: what the request on its way says
  on("htmx:before:request", (event) => {
    if (event.target.matches?.("[data-still]:is(:hover, :focus-within)")) return event.preventDefault(); // nothing moves under the pointer
    if (event.target.matches?.("[data-judge]")) sent.set(event.target, keepable(event.target).map((field) => [field, present(field)]));
    if (quiet(event)) return;
    running += 1;
    setTimeout(() => running && busy(true), 300);
  });
  on("htmx:finally:request", (event) => {
    if (quiet(event)) return;
    running = Math.max(0, running - 1);
    if (!running) busy(false);
    const form = event.target.closest?.("form");
    if (form) free(form);
  });
  on("htmx:after:request", (event) => {
    const ctx = event.detail.ctx, form = event.target.closest?.("form");
    if (ctx.response.status < 400) {
      if (form && keeps(form) && !ctx.hx?.redirect) { // where a redirect leads, settleSent decides: it may be the sign-in page
        sent.get(form)?.forEach(([field, value]) => (isBox(field) ? (field.defaultChecked = value) : (field.defaultValue = value))); // the server has it
        sent.has(form) ? keep(form) : sessionStorage.removeItem(storage(form));
        sessionStorage.removeItem(`sent:${storage(form)}`);
      }
      return;
    }
    if (form?.matches("[data-guard]")) dirty.add(form);
    if (ctx.hx?.redirect || ctx.hx?.retarget || ctx.response.status === 422) return;
    const page = new DOMParser().parseFromString(ctx.text ?? "", "text/html");
    const message = page.querySelector("[data-error-message]")?.textContent.trim();
    if (ctx.response.status >= 500 || message || !ctx.text || page.title) { // a whole error page has no place inside a part of this one
      event.preventDefault();
      if (!quiet(event)) say(message || texts.failed, "alert", ctx.response.status >= 500 && again(event));
    }
  });
  on("htmx:error", (event) => !quiet(event) && event.detail.ctx && say(texts.offline, "alert", again(event)));
  function again(event) { // the same once more; forms that make something carry a key, so that it is made once
    const source = event.target, form = source.closest?.("form"), button = form && pressed.get(form);
    if (source.matches?.("form")) return () => source.isConnected && source.requestSubmit(button?.isConnected ? button : null);
    return source.matches?.("a, button") ? () => source.isConnected && source.click() : null;
  }
  on("htmx:after:swap", (event) => {
    refreshChips();
    const wanted = all("[data-focus]").at(-1);
    wanted?.focus();
    wanted?.removeAttribute("data-focus"); // once: a later swap elsewhere leaves the focus where the person is
    if (palette?.open) listPalette(event.detail.ctx?.asked);
    restoreNew();
  });

  on("change", (event) => {
    const zone = event.target.closest("[data-dropzone]");
    if (zone) zone.querySelector(".chosen").textContent = [...event.target.files].map((file) => file.name).join("、");
  });
  for (const type of ["dragover", "dragleave", "drop"]) on(type, (event) => event.target.closest?.("[data-dropzone]")?.classList.toggle("over", type === "dragover"));

  const rail = document.querySelector(".rail"), here = rail?.querySelector("[aria-current]");
  if (here) rail.scrollLeft = here.offsetLeft - (rail.clientWidth - here.offsetWidth) / 2; // on a phone it is a strip

  settleSent();
  restoreNew();
  document.querySelector("[data-focus]")?.focus();
  timers();
  refreshChips();
  root.dataset.ready = "";
})();
