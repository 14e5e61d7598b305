// On the sign-in page of a phone: has the worker installed while the password is typed, so that the first page of a captain
// is shown by it already. It holds nothing about anybody yet. See sw.js and kept.js.
(() => {
  "use strict";
  const ROOT = "/repair-captain/", isPhone = matchMedia("(pointer: coarse)").matches;
  const isWanted = isPhone || (document.querySelector("[name=next]")?.value ?? "").startsWith(ROOT);
  if (isWanted && isSecureContext && "serviceWorker" in navigator) navigator.serviceWorker.register(`${ROOT}sw.js`, { scope: ROOT }).catch(() => {});
})();
