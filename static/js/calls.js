// The call desk by keys: Y and N, 1 to 5 (0 to 9 and T for ten), Enter for the next question, Ctrl Enter to finish.
// An answer that leads to something opens its fold with the question already written down.
(() => {
  "use strict";
  const form = () => document.querySelector("[data-talk]");
  const questions = () => [...(form()?.querySelectorAll("[data-q]") ?? [])];
  const typing = (element) => element?.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
  const entry = (question) => question.querySelector("input[type=radio]:checked") ?? question.querySelector("input:not([type=hidden]), textarea");

  function go(question) {
    const target = question && entry(question);
    if (!target) return document.querySelector("[data-finish]")?.focus();
    target.focus({ preventScroll: true });
    question.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  function step(question, by) {
    const all = questions(), place = all.indexOf(question) + by;
    if (place < 0) return;
    go(all[place]);
  }
  function choose(question, value) {
    const wanted = [...question.querySelectorAll("input[type=radio]")].find((each) => each.value === value);
    if (!wanted) return false;
    wanted.checked = true;
    wanted.dispatchEvent(new Event("change", { bubbles: true }));
    return wanted;
  }
  function meaning(question, key) {
    const kind = question.dataset.kind, letter = key.toUpperCase();
    if (kind === "YES_NO") return { Y: "YES", N: "NO", 1: "YES", 2: "NO" }[letter];
    if (kind === "SCORE" && /^[1-5]$/.test(key)) return key;
    if (kind === "RATE10") return letter === "T" ? "10" : /^[0-9]$/.test(key) ? key : undefined;
    if (kind === "OVERALL") return { 1: "SATISFIED", 2: "FAIR", 3: "UNSATISFIED" }[key];
    return undefined;
  }
  function words(question) {
    return question.querySelector("legend, .call-label")?.textContent.trim() ?? "";
  }
  document.addEventListener("keydown", (event) => {
    const question = event.target.closest?.("[data-q]");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && form()?.contains(event.target)) {
      event.preventDefault();
      form().requestSubmit();
      return;
    }
    if (!question || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && !event.target.matches("textarea, button")) {
      event.preventDefault();
      step(question, event.shiftKey ? -1 : 1);
      return;
    }
    if (typing(event.target)) return;
    const value = meaning(question, event.key);
    if (value === undefined) return;
    event.preventDefault();
    const chosen = choose(question, value);
    if (!chosen) return;
    const comment = chosen.matches("[data-bad]") && question.querySelector(".call-comment .input");
    if (question.dataset.kind === "OVERALL") question.querySelector("textarea")?.focus();
    else if (comment) comment.focus();
    else step(question, 1);
  });

  // Fair or unsatisfied opens the slip with what was answered badly; the person may change every word.
  document.addEventListener("change", (event) => {
    if (event.target.name !== "overall" || event.target.value === "SATISFIED") return;
    const slip = form()?.querySelector("[data-slip]"), box = slip?.querySelector("textarea");
    if (!slip) return;
    slip.open = true;
    if (box.value) return;
    const bad = questions().filter((each) => each.dataset.kind !== "OVERALL" && each.querySelector("[data-bad]:checked"));
    box.value = bad.map((each) => {
      const said = each.querySelector(".call-comment .input")?.value.trim(), answer = each.querySelector(":checked").parentElement.firstChild.nextSibling?.textContent.trim() ?? "";
      return said || `${words(each)} ${answer}`;
    }).join("；");
  });
})();
