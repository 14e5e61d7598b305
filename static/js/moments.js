// The clock of the company, whatever zone the phone is set to and however wrong it goes.
window.Moments = (() => {
  "use strict";
  const ahead = Number(document.documentElement.dataset.now || Date.now() / 1000) * 1000 - Date.now(); // outbox.js corrects it on kept pages
  const now = () => Date.now() + ahead;
  const local = (moment) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" }).format(moment).replace(" ", "T");
  return { now, local };
})();
