// A survey at the desk: keys 1 to 5 give the marked line its score and go on to the next; the link of a survey is copied.
(() => {
  const lines = () => [...document.querySelectorAll("[data-score-line]")];
  const first = (line) => line.querySelector("input:checked") ?? line.querySelector("input");
  const typing = (target) => target.matches?.("textarea, select, input:not([type=radio])");
  function mark(line) {
    if (line) first(line).focus();
    else document.querySelector("#recommend input, #praise")?.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const all = lines();
    if (!all.length) return;
    const here = event.target.closest?.("[data-score-line]");
    if (!here && event.target.closest?.("#recommend")) return; // its numbers go to ten
    const line = here ?? all.find((one) => !one.querySelector("input:checked"));
    if (/^[1-5]$/.test(event.key) && line) {
      event.preventDefault();
      line.querySelector(`input[value="${event.key}"]`).click();
      mark(all[all.indexOf(line) + 1]);
    } else if (here && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const next = all[all.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      mark(next);
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // without https there is no clipboard of its own
    }
    button.querySelector("span").textContent = button.dataset.done;
  });
  document.addEventListener("DOMContentLoaded", () => {
    const [line] = lines();
    if (line && !document.querySelector("[data-focus]")) first(line).focus();
  });
})();
