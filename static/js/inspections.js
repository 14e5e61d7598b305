// An inspection on site: what is tapped, measured or photographed is saved at once, through the outbox where there is one
// (outbox.js), by htmx otherwise. What a line lacks and how the inspection stands is said here by the rules that the portal
// gives (conditions.js), also for what is not sent yet; the portal looks again and decides. Without this, buttons save.
(() => {
  "use strict";
  const root = document.documentElement, main = document.querySelector("main[data-inspection]"), texts = main.dataset;
  root.classList.add("js");
  const { holds, number } = window.Conditions, { local, now } = window.Moments, rules = JSON.parse(texts.rules);
  const all = (selector, from = main) => [...from.querySelectorAll(selector)];
  const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
  const cards = all("[data-line]"), end = document.getElementById("finish"), usesOutbox = () => "outbox" in root.dataset;
  const unsentPhotos = new Map(); // how many wait on this phone, by the address of their form

  // ---- What is known of a line, sent or not ----
  const form = (card) => card.querySelector("[data-judge]"), part = (card, name) => form(card).elements[name];
  const measureOf = (card) => { // what was measured, if it reads like a number; the portal says what is wrong with the rest
    const text = (part(card, "measured")?.value ?? "").normalize("NFKC").trim();
    return /^\d{1,6}([.,]\d{1,2})?$/.test(text) ? number(text.replace(",", ".")) : null;
  };
  const resultOf = (card) => all("input[type=radio]:checked", card)[0]?.value ?? null;
  function factsOf(card) {
    const { low = null, high = null, photoRule, askedIf, askedResult = null } = card.dataset, photos = card.querySelector("[data-photo-line]");
    return {
      result: resultOf(card), asked_if: askedIf ? { result: resultOf(document.getElementById(askedIf)) } : null, asked_if_result: askedResult, measured: measureOf(card), low, high,
      is_must: "must" in card.dataset, photo_rule: photoRule, photos: [...all(".judged .thumbs li", card), ...Array(unsentPhotos.get(new URL(photos.action).pathname) ?? 0)],
    };
  }
  const isMeasured = (facts) => facts.measured !== null && (facts.low !== null || facts.high !== null);
  const words = (card) => card.querySelector("h3").firstChild.textContent.trim();
  const measured = (card, facts) => (facts.measured === null ? "" : `${facts.measured} ${card.dataset.unit}`);

  // ---- What is shown of it ----
  function judgeByMeasure(card) {
    const facts = factsOf(card);
    if (!isMeasured(facts)) return;
    const result = holds(rules.out, facts) ? "FAIL" : "PASS";
    all("input[type=radio]", card).forEach((box) => { box.checked = box.value === result; });
  }
  function draw(card) {
    const facts = factsOf(card), said = card.querySelector("[data-state]");
    const lacksPhoto = holds(rules.photo, facts), isOut = isMeasured(facts) && holds(rules.out, facts);
    if (said.querySelector(".error")) return facts; // until the next word
    const found = isMeasured(facts) && facts.result !== "NOT_APPLICABLE" && fill(isOut ? texts.outside : texts.within, { measured: measured(card, facts), limit: card.dataset.limit });
    said.replaceChildren(...[found && say(isOut ? "outside" : "within", found), lacksPhoto && say("photo")].filter(Boolean));
    return facts;
  }
  function say(name, text) {
    const made = document.getElementById("line-words").content.querySelector(`.${name}`).cloneNode(true);
    if (text) made.querySelector("span").textContent = text;
    return made;
  }
  function drawAll() {
    const whole = cards.map((card) => [card, draw(card)]), found = whole.filter(([, facts]) => holds(rules.asked, facts)), asked = new Set(found.map(([card]) => card));
    cards.forEach((card) => { card.hidden = !asked.has(card); });
    const failed = found.filter(([, facts]) => facts.result === "FAIL");
    const missing = found.flatMap(([card, facts]) => (facts.result === null ? [[card, texts.notJudged]] : holds(rules.photo, facts) ? [[card, texts.noPhoto]] : []));
    const judged = found.filter(([, facts]) => facts.result !== null).length, counts = { judged, all: found.length, failed: failed.length, missing: missing.length };
    document.getElementById("progress").textContent = [fill(texts.progress, counts), failed.length && fill(texts.failed, counts), missing.length && fill(texts.toDo, counts)].filter(Boolean).join(" · ");
    drawEnd(missing, failed);
  }
  function isMissed() { // unless what is said here of the rectification lies within its limit
    const done = end.elements.reported_at?.value.slice(0, 10);
    return "missed" in texts && (!done || done > texts.missed);
  }
  function drawEnd(missing, failed) {
    const isFailed = isMissed() || failed.some(([, facts]) => holds(rules.must, facts)), place = document.getElementById("finish-part");
    place.classList.toggle("fails", isFailed);
    const isOpen = missing.length > 0 && !isFailed;
    place.classList.toggle("open", isOpen);
    place.classList.toggle("passes", !isFailed && !isOpen);
    askSignatures();
    place.querySelector(".verdict").className = `panel verdict ${isFailed ? "fail" : isOpen ? "" : "pass"}`;
    const list = place.querySelector(".missing-list"), pattern = document.getElementById("missing-line");
    list.replaceChildren(...missing.map(([card, what]) => {
      const row = pattern.content.firstElementChild.cloneNode(true), link = row.querySelector("a");
      [link.href, link.textContent, row.querySelector("small").textContent] = [`#${card.id}`, words(card), what];
      return row;
    }));
    place.querySelector("[data-missing]").hidden = !missing.length;
    place.querySelector("[data-missing-count]").textContent = missing.length;
    place.querySelector("[data-failed]").replaceChildren(...failed.map(([card, facts]) => {
      const row = document.createElement("li");
      row.textContent = [`${words(card)} ${measured(card, facts)}`.trim(), "must" in card.dataset && card.querySelector(".must").textContent].filter(Boolean).join(" · ");
      return row;
    }));
    const asked = end.elements.requirement, usual = failed.map(([card, facts]) => [`${words(card)} ${measured(card, facts)}`.trim(), part(card, "comment").value.trim() || (facts.measured === null && texts.notInOrder)].filter(Boolean).join("：")).join("\n");
    if (!asked) return;
    if (!("touched" in asked.dataset) && [asked.defaultValue, asked.dataset.usual].includes(asked.value)) asked.value = usual; // own words stay, also those put back
    asked.dataset.usual = usual;
  }

  // ---- Who signs: asked for where it fails with both of them there, and why where one refuses ----
  const present = ["manager_present", "foreman_present"], signers = ["manager", "foreman"];
  function askSignatures() {
    const asked = document.getElementById("finish-part").classList.contains("fails") && present.every((name) => end.elements[name].value !== "no");
    for (const who of signers) {
      const signed = end.elements[`${who}_signed`];
      signed.forEach((box) => { box.required = asked; });
      end.elements[`${who}_refusal`].required = asked && signed.value === "no";
    }
  }
  end.addEventListener("input", drawAll);

  // ---- When it began: with the first line that is judged, unless the person says something else ----
  const began = end.elements.inspected_at;
  function begin(at) {
    if (!("draft" in texts) || "touched" in began.dataset) return;
    began.value = local(at);
    began.dataset.touched = "";
  }

  // ---- Saving ----
  const waiting = new WeakMap();
  function save(card, wait) {
    begin(now());
    form(card).dataset.touched = "";
    card.querySelector("[data-state] .error")?.remove();
    judgeByMeasure(card);
    drawAll();
    clearTimeout(waiting.get(card));
    wait ? waiting.set(card, setTimeout(() => send(card), wait)) : send(card); // at once where a field is left: the page may be left, too
  }
  const send = (card) => (usesOutbox() ? form(card).requestSubmit() : form(card).dispatchEvent(new CustomEvent("judge", { bubbles: true })));
  main.addEventListener("change", (event) => {
    const card = event.target.closest("[data-line]"), photos = event.target.closest("[data-photo-line]");
    if (photos) return event.target.files.length && photograph(photos, [...event.target.files]);
    if (card && event.target.closest("[data-judge]")) save(card, 0);
  });
  main.addEventListener("input", (event) => {
    const card = event.target.closest("[data-line]");
    if (event.target === end.elements.requirement || event.target === began) event.target.dataset.touched = "";
    if (card && event.target.matches("input[type=text], textarea")) save(card, 450);
  });
  main.addEventListener("submit", (event) => { // a trade the project does not have: its lines that are not judged do not apply
    if (!event.target.matches("[data-skip]") || !usesOutbox()) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.hidden = true;
    all("[data-line]", event.target.closest(".trade")).filter((card) => factsOf(card).result === null).forEach((card) => {
      card.querySelector("input[value=NOT_APPLICABLE]").checked = true;
      save(card, 0);
    });
  }, true);
  // What was typed before the person had to sign in again, or in the moment the page was left, is put back by app.js; it is saved now.
  const isChanged = (field) => (field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
  const saveChanged = () => cards.filter((card) => all("input:not([type=hidden]), textarea", form(card)).some(isChanged)).forEach((card) => save(card, 0));
  addEventListener("load", () => setTimeout(() => usesOutbox() || saveChanged(), 50));
  const begun = new WeakSet(); // forms of photos whose files were taken over
  async function photograph(photos, files) {
    begun.add(photos);
    if (!usesOutbox()) return photos.dispatchEvent(new CustomEvent("photograph", { bubbles: true }));
    for (const file of files) {
      const data = new FormData(photos), small = await window.Photos.shrink(file, Number(texts.side));
      data.set("file", small, small.name);
      photos.dispatchEvent(new CustomEvent("outbox", { bubbles: true, cancelable: true, detail: { url: photos.action, data } }));
    }
    photos.reset();
    photos.dispatchEvent(new CustomEvent("photos-sent", { bubbles: true, cancelable: true }));
  }

  // ---- What the outbox tells: what waits on this phone, and that photos have arrived ----
  let isFilled = false;
  document.addEventListener("outbox-shown", ({ detail: items }) => {
    unsentPhotos.clear();
    for (const { path, isPhoto } of items) if (isPhoto) unsentPhotos.set(path, (unsentPhotos.get(path) ?? 0) + 1);
    if (!isFilled) cards.forEach((card) => fillIn(card, items.findLast(({ path, isPhoto }) => !isPhoto && path === new URL(form(card).action).pathname)));
    if (!isFilled && items.length) begin(Math.min(...items.map(({ at }) => at)));
    const isOver = items.some(({ path, isStuck }) => !isStuck && path === new URL(end.action).pathname), note = main.querySelector("[data-is-over]");
    main.querySelector("[data-lines]").inert = isOver;
    note.hidden = !isOver;
    note.querySelector("span").textContent = texts.over;
    drawAll();
    if (!isFilled && !isOver) saveChanged();
    isFilled = true;
  });
  function fillIn(card, item) { // the page may be older than what was tapped on it
    if (item && !("touched" in form(card).dataset)) form(card).dispatchEvent(new CustomEvent("outbox-filled", { bubbles: true, detail: item.fields }));
  }
  document.addEventListener("outbox-answered", async (event) => {
    const card = event.target.closest("[data-line]");
    if (!card || !event.detail.areThere) return;
    const answer = await fetch(form(card).action, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return;
    const there = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".thumbs"), shown = card.querySelector(".judged .thumbs");
    if (!there) return;
    shown ? shown.replaceWith(there) : card.querySelector(".judged").append(there);
    drawAll();
  });
  document.addEventListener("htmx:after:swap", drawAll);
  drawAll();
  addEventListener("load", () => all("[data-photo-line]").forEach((photos) => { // taken before this script was there
    const files = [...photos.elements.file.files];
    if (files.length && !begun.has(photos)) photograph(photos, files);
  }));
  document.dispatchEvent(new Event("outbox-ask"));
})();
