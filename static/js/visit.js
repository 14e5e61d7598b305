// What a visit comes to while parts of it still wait on the phone: the words the customer signs, what a step still misses,
// which step is next. Rules, patterns and words come from the portal (#visit); outbox.js says what waits ("outbox-shown").
(() => {
  "use strict";
  const source = document.getElementById("visit");
  if (!source) return;
  const visit = JSON.parse(source.dataset.visit);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fill = (pattern, values) => pattern.replace(/\{(\w*)\}/g, (_all, name) => values[name] ?? "");
  let unsent = null; // of this job, in order: { action, isPhoto, fields }; null: forms go without the outbox
  const waits = (action) => unsent?.some((item) => !item.isPhoto && item.action === action);

  // ---- The words: patterns filled with what the portal knows and what is not sent yet ----
  const tidy = (text) => (text ?? "").replace(/\r\n?/g, "\n").normalize("NFC").trim();
  const number = (text) => Number(tidy(text).normalize("NFKC").replace(/^(?:[¥￥]|rmb|cny)\s*|\s*(?:元|圆|圓)$/gi, "").replaceAll(",", ""));
  const money = (amount) => amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const costs = () => unsent.filter((item) => item.action === "costs").map(({ fields }) => fields);
  function costLine(fields) {
    const measure = fields.quantity ? `${number(fields.quantity)} ${tidy(fields.unit)}`.trim() : "";
    const what = [tidy(fields.what), measure].filter(Boolean).join(" ");
    return { kind: visit.terms.kind[fields.kind], what, amount: money(number(fields.amount)), bearer: visit.terms.bearer[fields.bearer] };
  }
  function words() {
    const facts = { ...visit.facts };
    for (const { action, fields } of unsent) {
      if (action === "arrive") Object.assign(facts, { cause: visit.terms.cause[fields.cause], plan: tidy(fields.plan) });
      if (action === "extend") facts.plan = `${facts.plan}\n${tidy(fields.new_problem)}`;
      if (action === "finish") Object.assign(facts, { work_done: tidy(fields.work_done), done_at: fields.done_at.slice(0, 16).replace("T", " ") });
    }
    const lines = [...facts.costs, ...costs().map(costLine)].map((line) => fill(visit.patterns.cost, line));
    return [fill(visit.patterns.all, facts), facts.done_at && fill(visit.patterns.done, facts), ...lines].filter(Boolean).join("\n");
  }

  // ---- Signing: once the finished work is written down, on the portal or on the phone ----
  async function offerToSign() {
    const form = document.querySelector("form[data-step='sign-off']"), later = form?.closest("[data-after-finish]");
    if (!form) return;
    if (later) later.hidden = !waits("finish");
    if (later?.hidden) return;
    const place = form.querySelector(".signed-text"), kept = (place.dataset.words ??= place.textContent);
    const text = later ? words() : kept, { shown, shown_hash: hash } = form.elements;
    if (shown.value === text) return;
    if (shown.value) form.dispatchEvent(new Event("words-changed")); // what was drawn stood for other words
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    place.textContent = text;
    shown.value = text;
    hash.value = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---- What a step still misses, as far as the phone can know; the portal looks again ----
  function missing(form) {
    const needs = visit.needs[form.dataset.step];
    if (!needs || unsent === null) return "";
    const open = all("[name=checks]:not(:checked)", form), must = open.map((box) => needs.must[box.value]).filter(Boolean);
    const borne = costs().filter((line) => line.bearer === "CUSTOMER").reduce((sum, line) => sum + number(line.amount), visit.borne);
    const hasPhoto = visit.photos[needs.photo] || unsent.some((item) => item.isPhoto && item.fields.kind === needs.photo);
    const holds = {
      photo: hasPhoto || !(needs.rule === "ALWAYS" || (needs.rule === "ON_FAILURE" && (needs.came_back || open.length))),
      cleaned: form.elements.site_cleaned?.checked,
      costs: visit.facts.costs.length + costs().length > 0 || form.elements.has_no_costs?.checked,
      quote: borne <= (waits("accept") ? visit.offered : visit.agreed),
      signed: form.querySelector("[data-sign]")?.matches("[data-signed]"),
    };
    const found = [...must, ...Object.entries(needs.labels).filter(([code]) => !holds[code]).map(([, label]) => label)];
    return found.length ? fill(visit.missing, { "": found.join("、") }) : "";
  }
  addEventListener("submit", (event) => {
    const form = event.target, said = form.matches("form[data-step]") && missing(form);
    if (!said) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.dispatchEvent(new CustomEvent("outbox-say", { bubbles: true, detail: said }));
  }, true);

  function markSteps(written) {
    const lines = all(".step-list [data-step]"), isWritten = (line) => line.dataset.step.split(" ").some((action) => written.includes(action));
    lines.filter(isWritten).forEach((line) => {
      const said = line.querySelector("small") ?? line.querySelector(".dot + span").appendChild(document.createElement("small"));
      said.textContent = visit.written;
      line.classList.add("is-written");
    });
    const now = document.querySelector(".step-list .is-now"), next = lines[lines.findLastIndex(isWritten) + 1];
    if (written.length) document.getElementById("why-not")?.setAttribute("hidden", ""); // said when the page was made
    if (!now || !next || !isWritten(now)) return;
    now.classList.remove("is-now");
    now.removeAttribute("aria-current");
    now.querySelector(":scope > .small")?.remove();
    next.classList.add("is-now");
    next.setAttribute("aria-current", "step");
  }

  // ---- The next step: what is written down is done, the button at the thumb is that of the first that is not ----
  function goOn() {
    const written = [...new Set(unsent.filter((item) => !item.isPhoto).map((item) => item.action))];
    markSteps(written);
    const button = document.querySelector(".action-bar .btn.primary[form]"), forms = all("form[data-step][data-title]").filter((form) => !form.closest("[hidden]"));
    const next = forms.find((form) => !written.includes(form.dataset.step));
    if (!button || !next || next.id === button.getAttribute("form")) return;
    button.setAttribute("form", next.id);
    button.textContent = next.dataset.title;
    button.disabled = false;
    const folded = next.closest("details");
    if (folded) folded.open = true;
    folded?.querySelector("summary small")?.remove(); // "later" is now
    next.closest(".phone-section").scrollIntoView({ block: "start" });
  }

  document.addEventListener("outbox-shown", async (event) => {
    unsent = event.detail.map(({ path, isPhoto, fields }) => ({ action: path.split("/").at(-1), isPhoto, fields: Object.fromEntries(fields) }));
    await offerToSign();
    goOn();
  });
})();
