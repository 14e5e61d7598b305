// Copies the text of the message, as it stands in its field, for WeChat and other programs.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-copies]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const label = button.querySelector("span"), before = label.textContent;
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
      label.textContent = button.dataset.copied;
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }
})();
