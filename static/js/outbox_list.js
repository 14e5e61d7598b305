// How the outbox is shown: the bar on every page, the list of what waits, small pictures that can be drawn on. See outbox.js.
// `now()` says what is being sent and whether one must sign in; `made` when a kept page was made, null for a fresh one.
window.OutboxList = (outbox) => {
  "use strict";
  const { store, texts, now, made, changed, send, ask } = outbox, ROOT = texts.root;
  const { within, mine, put, encrypt, contentOf, photoOf } = store;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fill = (pattern, value) => pattern.replace("{}", value);
  const clone = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);
  const stamp = (moment) => new Date(moment).toLocaleString(document.documentElement.lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });

  function drawBar(items) {
    let bar = document.getElementById("outbox-bar");
    const stuck = items.filter((item) => item.state === "attention").length, offline = !navigator.onLine || (now().isCut && items.length > 0);
    if (!items.length && !offline) return bar?.remove();
    if (!bar) {
      bar = clone("outbox-bar-template");
      const head = document.querySelector(".phone-head, .topbar");
      head ? head.after(bar) : document.body.prepend(bar);
    }
    const words = [offline && texts.offline, offline && made && fill(texts.asOf, stamp(made)), now().needsSignIn && !offline && texts.signIn, stuck && fill(texts.stuck, stuck)].filter(Boolean);
    bar.querySelector(".words").textContent = words.join(" · ");
    bar.querySelector("b").textContent = items.length ? fill(texts.unsent, items.length) : "";
    const link = bar.querySelector("a");
    link.hidden = !items.length && !now().needsSignIn;
    link.href = now().needsSignIn && !offline ? `/account/sign-in?next=${encodeURIComponent(location.pathname)}` : `${ROOT}outbox`;
    link.textContent = now().needsSignIn && !offline ? texts.toSignIn : texts.look;
    bar.classList.toggle("is-stuck", stuck > 0);
  }
  function stateOf(item) {
    if (item.key === now().sending) return texts.sending;
    if (item.state === "attention") return texts.attention;
    return texts.waiting;
  }
  const NAMED = ["what", "amount"]; // by these one line of cost is told from another
  const saidBy = (item) => contentOf(item).then(({ fields }) => NAMED.flatMap((name) => fields.find(([each]) => each === name)?.[1] || []), () => []); // encrypted: not part of the label
  async function drawList(list, items) {
    const rows = [];
    for (const item of items) {
      const row = clone("outbox-item"), set = (name, value) => { row.querySelector(`.${name}`).textContent = value; };
      row.dataset.key = item.key;
      set("what", [item.label, item.file?.name, ...(/\/costs$/.test(item.path) ? await saidBy(item) : [])].filter(Boolean).join(" · "));
      set("when", [stamp(item.at), item.job, item.file && `${Math.ceil(item.file.size / 1024)} kB`, item.isMarked && texts.marked].filter(Boolean).join(" · "));
      set("stage", stateOf(item));
      row.classList.toggle("is-stuck", item.state === "attention");
      const more = row.querySelector(".more");
      if (item.state === "attention") {
        set("why", item.message ?? "");
        await drawSides(more, item);
        row.querySelector("[data-act=open]").href = await pageOf(item);
      } else more.remove();
      addPicture(row, item);
      rows.push(row);
    }
    list.replaceChildren(...rows);
    const empty = list.parentElement.querySelector("[data-outbox-empty]");
    if (empty) empty.hidden = rows.length > 0;
    const section = list.closest("[data-outbox-section]");
    if (section) section.hidden = !rows.length;
    all("[data-outbox-count]").forEach((count) => { count.textContent = rows.length || ""; });
  }
  const pageOf = async (item) => `${await contentOf(item).then((content) => content.page, () => texts.records + item.job)}#outbox=${item.key}`;
  async function drawSides(more, item) {
    const { said } = await contentOf(item).catch(() => ({ said: [] }));
    const own = more.querySelector(".own"), others = more.querySelector(".others");
    said.forEach(([label, value]) => pair(own, label, value));
    if (!item.now) return others.closest("section").remove();
    if (item.now.state) pair(others, texts.stands, item.now.state);
    item.now.meanwhile.forEach((each) => pair(others, `${each.at} ${each.who}`, each.what));
  }
  function pair(list, label, value) {
    const name = document.createElement("dt"), said = document.createElement("dd");
    [name.textContent, said.textContent] = [label, value];
    list.append(name, said);
  }

  // ---- A photo that waits: shown small, and drawn on before it is sent ----
  const small = new Map(); // addresses of small pictures by key of their photo
  async function smallOf(item) {
    if (!small.has(item.key)) {
      const picture = await createImageBitmap(await photoOf(item), { resizeWidth: 96, resizeQuality: "low" }), canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext("2d").drawImage(picture, 0, 0);
      picture.close();
      small.set(item.key, canvas.toDataURL("image/jpeg", 0.7));
    }
    return small.get(item.key);
  }
  async function addPicture(row, item) { // what the browser cannot read (HEIC on most) has a name only, and no way to draw
    const place = row.querySelector(".thumb"), button = row.querySelector("[data-act=draw]");
    if (!item.isPhoto) return;
    const source = await smallOf(item).catch(() => null);
    if (!source) return;
    place.src = source;
    place.hidden = false;
    button.hidden = !document.getElementById("draw") || item.key === now().sending;
  }
  async function draw(item) {
    const content = await contentOf(item), marks = content.fields.find(([name]) => name === "marks");
    const save = async (drawn) => {
      const fields = [...content.fields.filter(([name]) => name !== "marks"), ["marks", drawn]];
      const box = await encrypt(new TextEncoder().encode(JSON.stringify({ ...content, fields })));
      const photo = await within("readwrite", (items, photos) => { // another key: the portal may have heard of the old one already
        const key = crypto.randomUUID(), asked = photos.get(item.key);
        asked.onsuccess = () => {
          if (!asked.result) return; // sent or thrown away meanwhile
          items.delete(item.key);
          photos.delete(item.key);
          items.put({ ...item, key, box, state: "waiting", message: "", isMarked: Boolean(drawn) });
          photos.put({ ...asked.result, key });
        };
        return asked;
      });
      if (!photo) document.dispatchEvent(new CustomEvent("snack", { detail: { text: texts.sentMeanwhile, kind: "alert" } }));
      await changed();
      send();
    };
    document.dispatchEvent(new CustomEvent("draw-unsent", { detail: { photo: await photoOf(item), marks: marks?.[1] ?? "", save } }));
  }

  addEventListener("click", async (event) => {
    const button = event.target.closest("[data-act]"), row = button?.closest("[data-key]");
    if (!row || button.dataset.act === "open") return;
    const item = (await mine()).find((each) => each.key === row.dataset.key);
    if (!item) return changed();
    if (button.dataset.act === "draw") return draw(item);
    if (button.dataset.act === "again") await put({ ...item, state: "waiting", message: "", isConfirmed: item.isConfirmed || Boolean(item.mayConfirm) });
    if (button.dataset.act === "discard") {
      if (!(await ask(texts.discard))) return;
      await within("readwrite", (items, photos) => { items.delete(item.key); photos.delete(item.key); });
    }
    await changed();
    send();
  });
  return { drawBar, drawList };
};
