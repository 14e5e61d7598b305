// Writing beside a record: names after an @, canned texts after a /, files dropped, pasted or photographed.
// Everything works without it: names are read when a note is sent, texts are in a select, files go with the form.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (type, handle, capture = false) => document.addEventListener(type, handle, capture);
  const areas = "[data-mention], [data-texts]";

  // ---- Suggestions: what is begun before the caret decides what is offered ----
  const SIGNS = [[/[@＠]([^\s@＠]{0,20})$/, "mention"], [/(?:^|[\s，。；、：])\/([^\s/]{0,20})$/, "texts"]];
  function begun(area) {
    const before = area.value.slice(0, area.selectionStart);
    for (const [pattern, source] of SIGNS) {
      const found = area.dataset[source] && pattern.exec(before);
      if (found) return { source, word: found[1].toLowerCase(), from: before.length - found[1].length - 1 };
    }
    return null;
  }
  const boxOf = (area) => area.form.querySelector(".mentions");
  const asked = new WeakMap(); // what a box was filled with, or is about to be
  function fetched(box, url) {
    if (asked.get(box)?.url !== url) asked.set(box, { url, done: fill(box, url) });
    return asked.get(box).done;
  }
  async function fill(box, url) {
    const answer = await fetch(url).catch(() => null), text = answer?.ok ? await answer.text() : "";
    if (asked.get(box).url !== url) return; // something else was begun meanwhile
    box.innerHTML = text;
    if (!text) asked.delete(box);
  }
  async function offer(area, given) {
    const box = boxOf(area), first = given ?? begun(area);
    if (!box) return;
    if (first) await fetched(box, area.dataset[first.source]);
    const wanted = given ?? begun(area); // more was typed while we asked
    let room = wanted ? 8 : 0;
    all("button, a", box).forEach((item) => {
      item.hidden = !(room && (item.dataset.names.includes(wanted.word) || item.matches("a")));
      room -= !item.hidden;
    });
    box.hidden = !wanted || !box.querySelector("button:not([hidden]), a:not([hidden]), p");
  }
  function put(area, button) {
    const at = begun(area), text = "text" in button.dataset ? button.dataset.text : `@${button.dataset.name} `;
    area.focus();
    area.setRangeText(text, at ? at.from : area.selectionStart, area.selectionEnd, "end");
    boxOf(area).hidden = true;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const areaOf = (element) => element?.form?.querySelector?.(areas) ?? element?.closest?.("form")?.querySelector(areas);
  on("input", (event) => event.target.matches?.(areas) && offer(event.target));
  on("click", async (event) => {
    const button = event.target.closest(".mentions button");
    if (button) { put(areaOf(button), button); return; }
    const opener = event.target.closest("[data-offer-texts]"), area = opener && areaOf(opener);
    if (!area?.dataset.texts) return;
    event.preventDefault();
    const box = boxOf(area);
    if (!box.hidden) { box.hidden = true; area.focus(); return; }
    await offer(area, { source: "texts", word: "" });
    box.querySelector("button:not([hidden]), a:not([hidden])")?.focus();
  });
  on("keydown", (event) => {
    const area = areaOf(event.target), box = area && boxOf(area);
    if (!box || box.hidden || event.isComposing) return;
    if (event.key === "Enter" && event.target === area && begun(area) && !event.ctrlKey && !event.metaKey && !event.shiftKey) { // the first that fits
      const first = box.querySelector("button:not([hidden])");
      if (first) { event.preventDefault(); put(area, first); }
      return;
    }
    if (!["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    const found = all("button:not([hidden]), a:not([hidden])", box), at = found.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
    if (event.key === "Escape") box.hidden = true;
    if (event.target === area && event.key === "ArrowUp") return;
    (event.key === "Escape" ? area : found[at] ?? area).focus();
    event.preventDefault();
  });

  // ---- Whom it goes to: the server says it anew as long as somebody is named ----
  let pause;
  async function goesTo(area) {
    const place = area.form.querySelector("[data-receivers]"), body = new FormData(area.form), text = area.value;
    const answer = await fetch(area.dataset.goesTo, { method: "POST", body }).catch(() => null);
    if (answer?.ok && area.value === text) place.outerHTML = await answer.text(); // else more was typed meanwhile
  }
  function named(area) {
    const isNamed = /[@＠]/.test(area.value);
    clearTimeout(pause);
    if (isNamed || "named" in area.dataset) pause = setTimeout(goesTo, 300, area);
    area.toggleAttribute("data-named", isNamed);
  }
  const look = () => all("[data-goes-to]").filter((area) => area.value !== area.defaultValue).forEach(named); // what was kept came back
  on("input", (event) => event.target.matches?.("[data-goes-to]") && named(event.target));

  // ---- Files: each is sent at once, shown with its progress, and what is refused says why ----
  const forms = "form[data-upload]";
  const prepare = () => all(`${forms} [data-pick]`).forEach((input) => input.removeAttribute("name")); // sent by us, not with the form
  function line(list, file) {
    const item = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("progress");
    name.className = "name";
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    if (file.type.startsWith("image/")) {
      const picture = new Image(40, 32);
      picture.className = "thumb";
      picture.alt = "";
      picture.src = URL.createObjectURL(file);
      picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
      item.append(picture);
    }
    item.append(name, bar);
    list.append(item);
    return { item, bar };
  }
  function send(form, file) {
    const { item, bar } = line(form.querySelector("[data-files]"), file), request = new XMLHttpRequest(), body = new FormData();
    body.append("files", file, file.name || "photo.jpg");
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("X-CSRFToken", form.querySelector("[name=csrf_token]").value);
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    request.onloadend = () => {
      const isPart = /^\s*<li/.test(request.responseText);
      if (isPart) {
        const same = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("[name=attachment]")?.value;
        const twin = same && form.querySelector(`[name=attachment][value="${same}"]`); // the record has this very file once
        if (!twin) item.insertAdjacentHTML("afterend", request.responseText);
        item.remove();
        return;
      }
      const said = new DOMParser().parseFromString(request.responseText || "", "text/html").querySelector("[data-error-message]");
      const texts = document.getElementById("texts")?.dataset ?? {};
      bar.replaceWith(said?.textContent.trim() || (request.status ? texts.failed : texts.offline) || "");
      item.className = "error";
      item.setAttribute("role", "alert");
    };
    request.send(body);
  }
  const take = (form, files) => [...files].forEach((file) => send(form, file));
  on("change", (event) => {
    const form = event.target.matches?.("[data-pick]") && event.target.closest(forms);
    if (!form) return;
    take(form, event.target.files);
    event.target.value = "";
  });
  on("paste", (event) => {
    const form = event.target.closest?.(forms), files = event.clipboardData?.files;
    if (!form || !files?.length) return;
    event.preventDefault();
    take(form, files);
  });
  for (const type of ["dragover", "dragleave", "drop"]) {
    on(type, (event) => {
      const form = event.target.closest?.(forms);
      if (!form || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("over", type === "dragover");
      if (type === "drop") take(form, event.dataTransfer.files);
    });
  }
  for (const begin of [prepare, look]) {
    on("htmx:after:swap", begin);
    begin();
  }
})();
