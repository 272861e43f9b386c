// Each bad input gets its sentence, nothing freezes, what was loaded stays.
import { strict as assert } from "node:assert";
import { closeSync, createWriteStream, ftruncateSync, openSync, truncateSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { event, lines, three } from "./harness/events.mjs";
import { by, count, drop, eventually, file, lanes, loaded, notice, paste } from "./harness/hand.mjs";
import { scratch } from "./harness/places.mjs";
import { fleet } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";

const many = lines(Array.from({ length: 4_000 }, (_, at) => event(`client-${at % 50}`, `channel-${at}`, "connect", at)));

/** With three clients loaded; afterwards they are still there, and the page takes further data. */
function onLoaded(name, body) {
  onPage(name, async (page, visited) => {
    await paste(page, lines(three));
    await loaded(page, 6);
    await body(page, visited);
    await eventually(() => by(page, "loading").count(), (shown) => shown === 0);
    const before = await count(page, "records");
    assert.ok(before >= 6);
    await page.locator("#find-client").fill("GID_a");
    await eventually(() => lanes(page), (shown) => ["one", "three", "two"].every((client) => shown.includes(client)));
    await page.locator("#find-client").press("Escape");
    await paste(page, lines([event("GID_a@@@four", "c4", "connect", 9_000)]));
    await loaded(page, before + 1);
  });
}

async function unchanged(page, path, words) {
  await drop(page, path);
  const said = await notice(page, words);
  assert.equal(await count(page, "records"), 6);
  return said;
}

onLoaded("a PDF", async (page) => {
  const said = await unchanged(page, file("invoice.pdf", "%PDF-1.7\n%âãÏÓ\n1 0 obj\n"), "is a PDF document, not a recording");
  assert.match(said, /^invoice\.pdf /);
});

onLoaded("an image and a program", async (page) => {
  await unchanged(page, file("photo.ndjson", Buffer.from("89504e470d0a1a0a0000", "hex")), "photo.ndjson is an image");
  await unchanged(page, file("tool", Buffer.from("7f454c46020101000000", "hex")), "tool is a program");
});

onLoaded("an empty file", (page) => unchanged(page, file("empty.ndjson", ""), "empty.ndjson is empty."));

onLoaded("text without a notice", async (page) => {
  await drop(page, file("poem.txt", "so much depends\nupon\n"));
  await notice(page, "poem.txt has no connection notice. See the event format.");
});

onLoaded("a truncated gzip", async (page) => {
  const packed = gzipSync(many);
  await drop(page, file("cut.ndjson.gz", packed.subarray(0, packed.length / 2)));
  await notice(page, "cut.ndjson.gz is a gzip file whose end is missing. What came before was read.");
  assert.ok((await count(page, "records")) > 100, "what came before is there");
});

onLoaded("a damaged gzip", async (page) => {
  const packed = gzipSync(many);
  packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 200);
  await drop(page, file("torn.ndjson.gz", packed));
  await notice(page, /torn\.ndjson\.gz is a damaged gzip file/);
});

onLoaded("text that is not UTF-8", async (page) => {
  const latin = Buffer.from(`${lines(three.slice(0, 1))}{"clientId":"M\xfcller","channelId":"x","eventType":"connect","time":1}\n`, "latin1");
  await drop(page, file("latin.ndjson", latin));
  await notice(page, "latin.ndjson has text that is not UTF-8. Those records are rejected, the others were read.");
  assert.equal(await count(page, "rejected"), 1);
});

onLoaded("one record of 100 MB", async (page) => {
  const path = join(scratch, "huge.json");
  const out = createWriteStream(path);
  out.write('{"clientId":"');
  const part = "a".repeat(1 << 20);
  for (let written = 0; written < 100; written += 1) if (!out.write(part)) await once(out, "drain");
  out.end('","channelId":"c","eventType":"connect","time":1}\n');
  await once(out, "close");
  await drop(page, path);
  await eventually(() => count(page, "rejected"), (rejected) => rejected === 1, { within: 20_000 });
  await page.keyboard.press("Shift+Slash");
  await by(page, "help").waitFor();
  await page.keyboard.press("Escape");
  assert.match(await by(page, "rejected").innerText(), /Too large/);
  await eventually(() => by(page, "loading").count(), (shown) => shown === 0, { within: 20_000 });
});

onLoaded("a file of 2 GB", async (page) => {
  const path = join(scratch, "vast.ndjson");
  const sparse = openSync(path, "w");
  ftruncateSync(sparse, 2 ** 31);
  closeSync(sparse);
  const said = await unchanged(page, path, "at most");
  assert.match(said, /^vast\.ndjson is 2[.\d]* GB; at most 1[.\d]* GB can be read here\. Cut it, or use `mqtt-presence replay`\.$/);
});

onLoaded("a clipboard without text", async (page) => {
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(2, 2);
    canvas.getContext("2d").fillRect(0, 0, 2, 2);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": await canvas.convertToBlob() })]);
  });
  await page.keyboard.press("Control+V");
  await notice(page, "The clipboard holds no text.");
  assert.equal(await count(page, "records"), 6);
});

onLoaded("a file that changes while it is read", async (page) => {
  const { path } = fleet("changing.ndjson", 640_000, { clients: 2_000 });
  await drop(page, path);
  await eventually(() => count(page, "records"), (now) => now > 1_000);
  truncateSync(path, 1_000);
  await notice(page, "changing.ndjson could not be read to its end");
  assert.ok((await count(page, "records")) < 640_006);
});
