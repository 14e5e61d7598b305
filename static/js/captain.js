// What the captain's phone adds to pages that work without it: shrinks photos before they travel, takes the signature,
// draws on photos, fills in the present moment, calls with one touch. Sending without a network is outbox.js: it may take
// a request over by cancelling the event "outbox" on the form, whose detail is { url, data }.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const say = (text) => document.dispatchEvent(new CustomEvent("snack", { detail: { text, kind: "alert" } }));
  const texts = document.getElementById("texts")?.dataset ?? {};
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const fresh = () => [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const { momentOf, shrink } = window.Photos, { local, now } = window.Moments;

  // ---- Moments ----
  const put = (id, value) => {
    const field = document.getElementById(id);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  all("[data-now-for]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => put(button.dataset.nowFor, local(now())));
  });
  all("[data-quick-for]").forEach((group) => {
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const { days, clock } = event.target.closest("button")?.dataset ?? {};
      if (clock) put(group.dataset.quickFor, `${local(now() + days * 86_400_000).slice(0, 10)}T${clock}`);
    });
  });

  // ---- Times that the portal suggested as the present: the page may be kept or open for long, so they go on until typed ----
  const follows = (field) => "follows" in field.dataset && !field.form.dataset.outboxKey; // written down, a form keeps its times
  const moveOn = () => all("[data-follows]").filter(follows).forEach((field) => field !== document.activeElement && (field.value = local(now())));
  all("[data-present]").filter((field) => field.value === field.defaultValue).forEach((field) => { field.dataset.follows = ""; }); // else app.js brought back what was typed
  addEventListener("input", (event) => event.target.removeAttribute?.("data-follows"), true); // before app.js keeps what is typed
  addEventListener("submit", (event) => all("[data-follows]", event.target).filter(follows).forEach((field) => { field.value = local(now()); }), true);
  addEventListener("toggle", moveOn, true);
  addEventListener("pageshow", moveOn);
  addEventListener("visibilitychange", moveOn);
  setInterval(moveOn, 20_000);
  document.addEventListener("outbox-shown", ({ detail }) => { // when one arrived is said once: what waits counts for the next form
    const said = detail.flatMap(({ path, fields }) => (path.endsWith("/steps/reach") ? fields : [])).findLast(([name]) => name === "arrived_at");
    const field = said && document.querySelector("[data-step=arrive] [name=arrived_at][data-follows]");
    if (!field) return;
    field.value = said[1];
    field.removeAttribute("data-follows");
  });
  moveOn();

  // ---- The cards of the day: what waits on the phone for a job, and how far it is written down ----
  let waiting = [];
  function markCards() {
    for (const card of all("[data-card]")) {
      const own = waiting.filter((item) => item.job === card.dataset.card), steps = own.filter((item) => item.path.includes("/steps/"));
      const line = card.querySelector(".unsent-line"), next = card.querySelector("[data-go-on]"), due = card.querySelector("[data-until]");
      next.dataset.served ??= next.textContent;
      next.textContent = steps.length ? next.dataset.goOn : next.dataset.served;
      line.textContent = [line.dataset.unsent.replace("{}", own.length), steps.length && line.dataset.reached.replace("{}", steps.at(-1).label)].filter(Boolean).join(" · ");
      line.hidden = !own.length;
      if (due) due.hidden = steps.some((item) => item.path.endsWith(`/${due.dataset.until}`));
    }
  }
  if (document.querySelector(".job-list")) {
    document.addEventListener("outbox-items", ({ detail }) => { waiting = detail; markCards(); });
    document.addEventListener("htmx:after:swap", markCards);
    document.dispatchEvent(new Event("outbox-ask"));
  }

  // ---- When it was sent, as the phone says ----
  document.addEventListener("submit", (event) => {
    const field = event.target.elements.device_at;
    if (field) field.value = new Date().toISOString();
  }, true);

  // ---- Calling: the number is asked for, which is written down, and dialled ----
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-call]")) return;
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } });
      const number = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("a[href^='tel:']");
      if (number) location.href = number.getAttribute("href");
      else say(texts.failed);
    } catch { say(form.dataset.offline); }
  });

  // ---- Photos ----
  // True when sent or taken over by the outbox; a sentence when the portal refused it.
  async function post(form, url, data) {
    if (!form.dispatchEvent(new CustomEvent("outbox", { bubbles: true, cancelable: true, detail: { url, data } }))) return true;
    const answer = await fetch(url, { method: "POST", body: data, headers: { "HX-Request": "true" } });
    if (answer.ok) return true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [...page.querySelectorAll(".form-errors li, [data-error-message]")].map((line) => line.textContent.trim()).join(" ") || texts.failed;
  }

  const photos = document.querySelector("form[data-photos]");
  if (photos) {
    const input = photos.elements.file, note = photos.querySelector(".progress");
    photos.classList.add("is-shrinking");
    photos.querySelector("[data-plain]").hidden = true;
    document.addEventListener("click", (event) => {
      const tile = event.target.closest("[data-kind]");
      if (!tile) return;
      photos.elements.kind.value = tile.dataset.kind;
      photos.elements.pair.value = tile.dataset.pair ?? "";
    });
    photos.addEventListener("change", (event) => { if (event.target.name === "kind") photos.elements.pair.value = ""; });
    document.querySelector("[data-camera]")?.addEventListener("click", (event) => { event.preventDefault(); input.click(); });
    let sending = false;
    async function send() {
      const files = [...input.files];
      if (!files.length || sending) return;
      sending = true;
      note.hidden = false;
      const refused = [];
      let sent = 0;
      for (const [index, file] of files.entries()) {
        note.textContent = note.dataset.text.replace("{}", index + 1).replace("{}", files.length);
        const data = new FormData(photos), small = await shrink(file, Number(photos.dataset.side));
        data.set("file", small, small.name);
        data.set("taken_at", await momentOf(file));
        data.set("device_at", new Date().toISOString());
        data.set("client_key", fresh());
        if (index) data.set("pair", "");
        try {
          const answer = await post(photos, photos.action, data);
          answer === true ? (sent += 1) : refused.push(answer);
        } catch { refused.push(texts.offline); }
      }
      sending = false;
      note.hidden = true;
      input.value = "";
      if (refused.length) say([...new Set(refused)].join(" "));
      if (sent) photos.dispatchEvent(new CustomEvent("photos-sent", { bubbles: true, cancelable: true })) && setTimeout(renew, refused.length ? 3000 : 0);
    }
    input.addEventListener("change", send);
  }

  // ---- The page comes again with the photos that the portal has: not under the customer's pen, nor while somebody types ----
  let isOlder = false;
  const isInUse = () => document.querySelector("[data-signed], dialog[open]") || document.activeElement?.matches("textarea, input:not([type=radio], [type=checkbox], [type=file])");
  function renew() {
    if (!isInUse()) return location.reload();
    if (!isOlder) document.dispatchEvent(new CustomEvent("snack", { detail: { text: photos.dataset.there } }));
    isOlder = true;
  }
  document.addEventListener("photos-there", renew);
  document.addEventListener("focusout", () => isOlder && setTimeout(renew, 3000)); // what was pressed instead comes first

  // ---- Strokes of a finger on a canvas ----
  function fit(canvas, width, height) {
    const density = Math.max(2, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    return canvas.getContext("2d");
  }
  function follow(canvas, begin, move, end) {
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    let active = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (active !== null || event.button) return;
      active = event.pointerId;
      canvas.setPointerCapture(active);
      begin(point(event));
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === active) (event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]).forEach((each) => move(point(each)));
    });
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, (event) => {
      if (event.pointerId !== active) return;
      active = null;
      end?.();
    });
  }

  // ---- Signature ----
  for (const sign of all("[data-sign]")) {
    const pad = sign.querySelector(".signature-pad"), canvas = pad.querySelector("canvas"), file = sign.querySelector("input[type=file]"), form = file.form;
    pad.hidden = false;
    sign.querySelector("details").open = false;
    let strokes = [];
    const draw = () => {
      const box = canvas.getBoundingClientRect(), pen = fit(canvas, box.width, box.height);
      pen.strokeStyle = pen.fillStyle = colour("--pen");
      pen.lineWidth = canvas.width / 160;
      pen.lineCap = pen.lineJoin = "round";
      for (const stroke of strokes) {
        pen.beginPath();
        stroke.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x * canvas.width, y * canvas.height));
        if (stroke.length === 1) pen.lineTo(stroke[0][0] * canvas.width + 0.1, stroke[0][1] * canvas.height);
        pen.stroke();
      }
    };
    const button = sign.querySelector("label[for][hidden]"), name = button.querySelector("[data-file-name]"), unnamed = name.textContent;
    button.hidden = false; // in place of the control, whose words are the browser's
    file.classList.add("is-covered");
    const change = () => { draw(); name.textContent = file.files[0]?.name ?? unnamed; sign.toggleAttribute("data-signed", strokes.length > 0 || file.files.length > 0); };
    const clear = () => { strokes = []; change(); };
    draw();
    new ResizeObserver(draw).observe(canvas); // also when the part it stands in is unfolded
    follow(canvas, (point) => { strokes.push([point]); file.value = ""; change(); }, (point) => { strokes.at(-1).push(point); draw(); });
    sign.querySelector("[data-sign-again]").addEventListener("click", clear);
    file.addEventListener("change", change);
    form.addEventListener("words-changed", clear);
    form.elements.signed_by?.addEventListener("input", (event) => { pad.querySelector(".who").textContent = event.target.value; });
    const drawn = document.createElement("input");
    drawn.type = "hidden";
    drawn.name = "signature";
    form.addEventListener("submit", () => {
      drawn.remove();
      file.disabled = strokes.length > 0;
      if (!strokes.length) return;
      drawn.value = canvas.toDataURL("image/png");
      form.append(drawn);
    }, true);
    addEventListener("pageshow", () => { file.disabled = false; });
  }

  // ---- Drawing on a photo ----
  const dialog = document.getElementById("draw");
  if (dialog) {
    const form = dialog.querySelector("form[data-marks]"), canvas = dialog.querySelector("canvas"), picture = new Image();
    let strokes = [], unsent = null; // unsent: the photo waits in the outbox, and `save` takes what was drawn
    const shape = () => dialog.querySelector("[name=shape]:checked").value;
    function stroke(pen, { shape: kind, points }) {
      const { width, height } = canvas, spots = points.map(([x, y]) => [x * width, y * height]), [x0, y0] = spots[0], [x1, y1] = spots.at(-1);
      pen.beginPath();
      if (kind === "circle") pen.ellipse((x0 + x1) / 2, (y0 + y1) / 2, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2, 0, 0, 2 * Math.PI);
      else if (kind === "line") spots.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y));
      else {
        const angle = Math.atan2(y1 - y0, x1 - x0), head = width / 32;
        pen.moveTo(x0, y0);
        pen.lineTo(x1, y1);
        for (const turn of [2.6, -2.6]) {
          pen.moveTo(x1, y1);
          pen.lineTo(x1 + head * Math.cos(angle + turn), y1 + head * Math.sin(angle + turn));
        }
      }
      pen.stroke();
    }
    function draw() {
      const pen = canvas.getContext("2d"), thick = Math.max(3, Math.max(canvas.width, canvas.height) / 160);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      pen.lineCap = pen.lineJoin = "round";
      for (const [name, width] of [["--on-plate", thick * 1.5], ["--late-solid", thick]]) {
        pen.strokeStyle = colour(name);
        pen.lineWidth = width;
        strokes.forEach((each) => stroke(pen, each));
      }
    }
    follow(
      canvas,
      (point) => { strokes.push({ shape: shape(), points: [point, point] }); draw(); },
      (point) => {
        const { shape: kind, points } = strokes.at(-1);
        kind === "line" && points.length < 390 ? points.push(point) : (points[points.length - 1] = point);
        draw();
      },
    );
    function open(source, kept = [], waiting = null) {
      [strokes, unsent] = [kept, waiting];
      picture.onload = () => {
        canvas.width = picture.naturalWidth;
        canvas.height = picture.naturalHeight;
        if (!dialog.open) dialog.showModal();
        draw();
      };
      picture.onerror = () => say(texts.failed);
      picture.src = source;
    }
    all("[data-draw]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        form.action = button.dataset.draw;
        open(button.dataset.picture);
      });
    });
    document.addEventListener("draw-unsent", ({ detail }) => open(URL.createObjectURL(detail.photo), detail.marks ? JSON.parse(detail.marks) : [], detail));
    dialog.addEventListener("close", () => picture.src.startsWith("blob:") && URL.revokeObjectURL(picture.src));
    dialog.querySelector("[data-draw-undo]").addEventListener("click", () => { strokes.pop(); draw(); });
    dialog.querySelector("[data-draw-cancel]").addEventListener("click", () => dialog.close());
    const near = (value) => Math.round(value * 10_000) / 10_000;
    addEventListener("submit", (event) => {
      if (event.target !== form) return;
      const marks = strokes.length ? JSON.stringify(strokes.map((each) => ({ ...each, points: each.points.map((spot) => spot.map(near)) }))) : "";
      form.elements.marks.value = marks;
      if (!unsent) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // it goes with the photo, not by itself
      unsent.save(marks);
      dialog.close();
    }, true);
  }
})();
