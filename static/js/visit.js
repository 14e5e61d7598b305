// What a visit comes to while parts of it still wait on the phone: the words the customer signs, what a step still misses,
// which step is next. Rules, patterns and words come from the portal (#visit); outbox.js says what waits ("outbox-shown").
(() => {
  "use strict";
  const source = document.getElementById("visit");
  if (!source) return;
  const visit = JSON.parse(source.dataset.visit), { holds, against, number, tidy } = window.Conditions;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fill = (pattern, values) => pattern.replace(/\{(\w*)\}/g, (_all, name) => values[name] ?? "");
  let unsent = null; // of this job, in order: { action, isPhoto, fields }; null: forms go without the outbox

  // ---- What holds once everything that waits is sent: the facts that the rules look at, with the states ----
  const stepOf = (action) => visit.steps[action] ?? visit.caseSteps[action];
  const about = (action, facts) => (action in visit.caseSteps ? facts.case : facts); // what a step moves on
  const seen = (action, facts) => (action in visit.caseSteps ? { ...facts.case, order: facts } : facts); // what its rules look at
  const isFrom = (action, facts) => ((from, state) => (from.length ? from.includes(state) : state === null))(stepOf(action).from, about(action, facts).state); // from none: it is begun
  function enter(facts, { action, isPhoto, fields }) {
    if (isPhoto) return [facts.photos, facts.present_photos].forEach((list) => list.push({ kind: fields.kind }));
    if (action === "costs") return facts.costs.push({ kind: fields.kind, bearer: fields.bearer, amount: number(fields.amount) });
    const { sets = {}, adds = [] } = stepOf(action) ?? {}, into = about(action, facts);
    for (const [name, value] of Object.entries(fields)) {
      if (name in into) into[name] = adds.includes(name) ? number(into[name] || 0) + number(value || 0) : tidy(value);
    }
    return Object.assign(into, sets);
  }
  function factsBefore(form) { // without the form itself, which may be written down already and open again
    const facts = structuredClone(visit.known);
    for (const item of unsent.filter((each) => each.action !== form?.dataset.step)) {
      enter(facts, item);
      if (!item.isPhoto && stepOf(item.action) && isFrom(item.action, facts)) about(item.action, facts).state = stepOf(item.action).to;
    }
    return facts;
  }
  function factsWith(form) {
    const facts = factsBefore(form);
    enter(facts, { action: form.dataset.step, fields: Object.fromEntries(new FormData(form)) });
    const ticked = new Map(all("[name=checks]", form).map((box) => [Number(box.value), box.checked]));
    facts.present_checks.forEach((line) => { line.ticked_at = ticked.get(line.id) ?? line.ticked_at; });
    const pad = form.querySelector("[data-sign]");
    if (pad) facts[pad.dataset.sign] = pad.matches("[data-signed]");
    return facts;
  }
  function isPossible(action, facts) {
    return isFrom(action, facts) && stepOf(action).guards.every((guard) => guard.isEntered || holds(guard.when, seen(action, facts)));
  }

  // ---- The words: patterns filled with what the portal knows and what is not sent yet ----
  const money = (amount) => amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  function costLine(fields) {
    const measure = fields.quantity ? `${number(fields.quantity)} ${tidy(fields.unit)}`.trim() : "";
    const what = [tidy(fields.what), measure].filter(Boolean).join(" ");
    return { kind: visit.terms.kind[fields.kind], what, amount: money(number(fields.amount)), bearer: visit.terms.bearer[fields.bearer] };
  }
  function factsInWords() {
    const facts = { ...visit.facts };
    for (const { action, fields } of unsent) {
      if (action === "arrive") Object.assign(facts, { cause: visit.terms.cause[fields.cause], plan: tidy(fields.plan) });
      if (action === "extend") facts.plan = `${facts.plan}\n${tidy(fields.new_problem)}`;
      if (action === "finish") Object.assign(facts, { work_done: tidy(fields.work_done), done_at: fields.done_at.slice(0, 16).replace("T", " ") });
      if (action === "quote") {
        const [material, labour] = [number(fields.quote_material), number(fields.quote_labour)];
        Object.assign(facts, { quote_material: money(material), quote_labour: money(labour), quote: money(material + labour) });
      }
    }
    return facts;
  }
  const words = {
    quote: (facts) => fill(visit.patterns.quote, facts),
    work: (facts) => {
      const noted = unsent.filter((item) => item.action === "costs").map(({ fields }) => costLine(fields));
      const lines = [...facts.costs, ...noted].map((line) => fill(visit.patterns.cost, line));
      return [fill(visit.patterns.all, facts), facts.done_at && fill(visit.patterns.done, facts), ...lines].filter(Boolean).join("\n");
    },
  };

  // ---- What can be written down only once something else is: shown when it can, with the words to be signed ----
  async function offer() {
    const facts = factsBefore(null), isOver = visit.over.includes(facts.state);
    for (const form of all("form[data-step]")) {
      const section = form.closest(".phone-section");
      if (section.matches("[data-when-possible]")) section.hidden = !isPossible(form.dataset.step, facts) && !unsent.some((item) => item.isWaiting && item.action === form.dataset.step);
      else if (section.id !== "now") section.hidden = isOver;
      if (form.querySelector(".signed-text") && !section.hidden) await showWords(form, section.id !== "now");
    }
  }
  async function showWords(form, isAhead) {
    const place = form.querySelector(".signed-text"), served = (place.dataset.served ??= place.textContent);
    const text = isAhead ? words[place.dataset.words](factsInWords()) : served, { shown, shown_hash: hash } = form.elements;
    if (shown.value === text) return;
    if (shown.value) form.dispatchEvent(new Event("words-changed")); // what was drawn stood for other words
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    place.textContent = text;
    shown.value = text;
    hash.value = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---- What a step still misses, as far as the phone can know; the portal looks again ----
  function missing(form) {
    const step = stepOf(form.dataset.step);
    if (!step || unsent === null) return "";
    const [before, entered] = [factsBefore(form), factsWith(form)].map((facts) => seen(form.dataset.step, facts)), factsOf = (guard) => (guard.isEntered ? entered : before);
    const failed = step.guards.filter((guard) => !holds(guard.when, factsOf(guard)));
    const pad = form.querySelector("[data-sign]"), isOfPad = ({ when: [operator, name] }) => operator === "says" && name === pad?.dataset.sign;
    const said = failed.filter((guard) => !isOfPad(guard)).flatMap((guard) => { // lines of a checklist are named one by one
      const named = against(guard.when, factsOf(guard)).map((line) => line.text).filter(Boolean);
      return named.length ? named : [guard.label];
    });
    const others = said.length ? fill(visit.missing, { "": [...new Set(said)].join("、") }) : "";
    return [failed.some(isOfPad) ? pad.dataset.missing : "", others].filter(Boolean).join(" "); // an empty pad: what the portal says of it
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

  // ---- Costs: who bears them once the cause is written down, and what is noted but not sent ----
  function suggestBearer() {
    const boxes = all("#cost-form [name=bearer]"), facts = factsBefore(null), { free, yes, no } = visit.bearer;
    if (!unsent.some((item) => item.action === "arrive") || boxes.some((box) => box.checked !== box.defaultChecked)) return; // else somebody chose
    boxes.forEach((box) => { box.checked = box.defaultChecked = box.value === (holds(free, facts) ? yes : no); });
  }
  function showCosts() {
    const list = document.getElementById("unsent-costs"), lines = unsent.filter((item) => item.action === "costs" && item.isWaiting);
    if (!list) return;
    const pattern = list.querySelector("template").content;
    all("li", list).forEach((line) => line.remove());
    lines.map(({ fields }) => costLine(fields)).forEach((said) => {
      const line = pattern.cloneNode(true);
      line.querySelector("b").textContent = `${said.kind} ${said.what}`;
      line.querySelector(".num").textContent = said.amount;
      list.append(line);
    });
    list.hidden = !lines.length;
  }
  function suggestActual() { // what was noted comes to this once all of it is sent; what somebody typed stays
    if (!unsent.some((item) => item.action === "costs")) return;
    const { costs } = factsBefore(null);
    for (const field of all("[name^=actual_]").filter((each) => each.value === each.defaultValue && !each.form.inert)) {
      const sum = costs.filter(({ kind }) => visit.actual[kind] === field.name).reduce((total, { amount }) => total + number(amount), 0);
      field.value = field.defaultValue = sum.toFixed(2);
    }
  }
  function showCase() { // what waits for the cost case, with the yuan as they were written
    const section = document.getElementById("cost-case"), lines = all("#cost-case [data-case-step]");
    for (const line of lines) {
      const item = unsent.findLast(({ action, isWaiting }) => isWaiting && action === line.dataset.caseStep);
      line.hidden = !item;
      if (!item) continue;
      const written = Object.entries(item.fields).filter(([name]) => /_(material|labour)$/.test(name)).map(([, amount]) => amount), sum = written.reduce((total, amount) => total + number(amount), 0);
      line.querySelector(".num").textContent = Number.isFinite(sum) ? fill(line.dataset.amount, { "": money(sum) }) : written.join(" + ");
    }
    if (section && visit.known.case.state === null) section.hidden = lines.every((line) => line.hidden);
  }
  function showPhotos() {
    for (const count of all("[data-photos-unsent]")) {
      const waiting = unsent.filter((item) => item.isPhoto && item.isWaiting);
      const numbers = Object.fromEntries(Object.keys(visit.terms.photo).map((kind) => [kind, waiting.filter(({ fields }) => fields.kind === kind).length]));
      const said = Object.entries(numbers).filter(([, number]) => number).map(([kind, number]) => `${visit.terms.photo[kind]} ${number}`).join(" · ");
      count.textContent = said && fill(count.dataset.photosUnsent, { "": said });
      count.hidden = !said;
    }
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
    unsent = event.detail.map(({ path, isPhoto, isStuck, fields }) => ({ action: path.split("/").at(-1), isPhoto, isWaiting: isStuck !== undefined, fields: Object.fromEntries(fields) }));
    all("[data-until]").forEach((part) => { part.hidden = unsent.some((item) => item.action === part.dataset.until); });
    showCosts();
    showPhotos();
    showCase();
    suggestBearer();
    suggestActual();
    await offer();
    goOn();
  });
})();
