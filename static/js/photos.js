// Photos before they travel: when they were taken, and smaller. Used by the pages of captains and inspectors.
window.Photos = (() => {
  "use strict";
  // The moment of a JPEG from its EXIF block: tags 0x9003 (taken) and 0x9011 (zone) of the sub-directory 0x8769.
  function takenAt(buffer) {
    const view = new DataView(buffer);
    if (view.byteLength < 12 || view.getUint16(0) !== 0xffd8) return null;
    let at = 2;
    while (at + 4 < view.byteLength && view.getUint16(at) !== 0xffe1) {
      if (view.getUint8(at) !== 0xff) return null;
      at += 2 + view.getUint16(at + 2);
    }
    const tiff = at + 10;
    if (tiff + 8 > view.byteLength || view.getUint32(at + 4) !== 0x45786966) return null;
    const little = view.getUint16(tiff) === 0x4949;
    const short = (place) => view.getUint16(place, little), long = (place) => view.getUint32(place, little);
    const entries = (place) => Array.from({ length: short(place) }, (_, i) => place + 2 + 12 * i);
    const entry = (list, tag) => list.find((place) => short(place) === tag);
    const words = (place) => new TextDecoder().decode(new Uint8Array(buffer, long(place + 4) > 4 ? tiff + long(place + 8) : place + 8, long(place + 4))).replace(/\0.*$/, "");
    const pointer = entry(entries(tiff + long(tiff + 4)), 0x8769);
    if (pointer === undefined) return null;
    const list = entries(tiff + long(pointer + 8)), taken = entry(list, 0x9003), zone = entry(list, 0x9011);
    const parts = taken === undefined ? null : words(taken).match(/^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/);
    if (!parts) return null;
    const shift = zone === undefined ? "+08:00" : words(zone);
    return `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}${/^[+-]\d\d:\d\d$/.test(shift) ? shift : "+08:00"}`;
  }

  async function momentOf(file) {
    try {
      const found = takenAt(await file.slice(0, 256 * 1024).arrayBuffer());
      if (found) return found;
    } catch { /* no EXIF, or a strange one */ }
    return new Date(file.lastModified).toISOString();
  }

  // A picture the browser cannot read (HEIC on most) goes as it is; the server turns it into a JPEG.
  async function shrink(file, side) {
    let picture;
    try { picture = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { return file; }
    const share = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * share);
    canvas.height = Math.round(picture.height * share);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!smaller || (smaller.size >= file.size && share === 1)) return file;
    return new File([smaller], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  }

  return { momentOf, shrink };
})();
