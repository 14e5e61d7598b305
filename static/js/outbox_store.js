// Where the outbox keeps what is to be sent: IndexedDB of the phone. `items` are the forms and photos (only addresses and
// states are readable), `photos` their files, `about` the key, which the portal gives and no script can read. See outbox.js.
window.OutboxStore = (me) => {
  "use strict";
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("outbox", 1);
    asked.onupgradeneeded = () => {
      for (const [name, keyPath] of [["items", "key"], ["photos", "key"], ["about", "name"]]) asked.result.createObjectStore(name, { keyPath });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  async function within(mode, act) {
    const base = await opened;
    return new Promise((resolve, reject) => {
      const work = base.transaction(["items", "photos", "about"], mode, { durability: "strict" });
      const asked = act(work.objectStore("items"), work.objectStore("photos"), work.objectStore("about"));
      work.oncomplete = () => resolve(asked?.result);
      work.onabort = work.onerror = () => reject(work.error);
    });
  }
  const whole = () => within("readonly", (items) => items.getAll());
  const everybodys = async () => (await whole()).filter((item) => item.state !== "sent");
  // What was said on a page one stays at, and the portal has: a kept page may be older than they are.
  const sent = async () => (await whole()).filter((item) => item.user === me && item.state === "sent").sort((a, b) => a.order - b.order);
  const mine = async () => (await everybodys()).filter((item) => item.user === me).sort((a, b) => a.order - b.order);
  const put = (item) => within("readwrite", (items) => items.put(item));

  // ---- The key: replaced when somebody else signs in ----
  async function ownKey() {
    const kept = await within("readonly", (_items, _photos, about) => about.get("key"));
    return kept?.user === me ? kept.key : null;
  }
  async function encrypt(bytes) {
    const key = await ownKey(), iv = crypto.getRandomValues(new Uint8Array(12));
    if (!key) throw new Error("no key");
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes) };
  }
  async function decrypt(box) {
    const key = await ownKey();
    if (!key) throw new Error("no key");
    return crypto.subtle.decrypt({ name: "AES-GCM", iv: box.iv }, key, box.data);
  }
  const contentOf = async (item) => JSON.parse(new TextDecoder().decode(await decrypt(item.box)));
  async function photoOf(item) {
    const photo = await within("readonly", (_items, photos) => photos.get(item.key));
    if (!photo) throw new Error("photo");
    return new File([await decrypt(photo)], item.file.name, { type: item.file.type });
  }

  async function takeKey(given) {
    const key = await crypto.subtle.importKey("raw", Uint8Array.from(atob(given), (sign) => sign.charCodeAt(0)), "AES-GCM", false, ["encrypt", "decrypt"]);
    await within("readwrite", (_items, _photos, about) => about.put({ name: "key", user: me, key }));
  }
  const dropKey = () => within("readwrite", (_items, _photos, about) => about.delete("key"));
  return { within, everybodys, mine, sent, put, ownKey, takeKey, dropKey, encrypt, contentOf, photoOf };
};
