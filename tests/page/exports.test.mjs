// Files that the page saves, beside what the command says of the same input.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { lines, three } from "./harness/events.mjs";
import { by, drop, eventually, exported, file, loaded, sample } from "./harness/hand.mjs";
import { fleet, replay } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";

onPage("the report of a fleet is the command's, byte for byte", async (page) => {
  const { path } = fleet("report.ndjson", 30_000, { clients: 300 });
  await drop(page, path);
  await loaded(page, 30_000);
  const { name, bytes } = await exported(page, "Report, as JSON");
  assert.equal(name, "report.json");
  assert.ok(bytes.equals(replay(path)), "other bytes than `mqtt-presence replay --format json`");
});

onPage("the report of several files with rejected records is the command's", async (page) => {
  const one = file("one.log", `${lines(three.slice(0, 3))}oops\n{"clientId":"x"}\n`);
  const two = file("two.log", `[1,2]\n${lines(three.slice(3))}`);
  await drop(page, one, two);
  await eventually(() => page.locator("[data-count=rejected]").count(), (shown) => shown === 1);
  await eventually(() => by(page, "loading").count(), (shown) => shown === 0);
  const { bytes } = await exported(page, "Report, as JSON");
  // The page knows a file by its name alone.
  const expected = replay(one, two).toString().replaceAll(JSON.stringify(one), '"one.log"').replaceAll(JSON.stringify(two), '"two.log"');
  assert.equal(bytes.toString(), expected);
});

onPage("saved events are those shown, and replay to the same answer", async (page) => {
  const { path } = fleet("some.ndjson", 20_000, { clients: 200 });
  await drop(page, path);
  await loaded(page, 20_000);
  const all = await exported(page, "Events shown, as NDJSON");
  assert.equal(all.name, "events.ndjson");
  assert.ok(all.bytes.equals(readFileSync(path)), "records as they came");
  await page.getByRole("group", { name: "Kind" }).getByText("tcpclean", { exact: true }).click();
  await eventually(() => by(page, "event-count").innerText(), (words) => !words.startsWith("20,000"));
  const { bytes } = await exported(page, "Events shown, as NDJSON");
  const ends = readFileSync(path, "utf8").split("\n").filter((line) => line.includes('"tcpclean"'));
  assert.equal(bytes.toString(), ends.map((line) => `${line}\n`).join(""));
});

onPage("intervals are the channels of the report", async (page) => {
  const { path } = fleet("some.ndjson", 20_000, { clients: 200 });
  await drop(page, path);
  await loaded(page, 20_000);
  const { name, bytes } = await exported(page, "Intervals, as CSV");
  assert.equal(name, "intervals.csv");
  const [head, ...rows] = bytes.toString().split("\r\n");
  assert.equal(head, "clientId,channelId,start,end,state");
  assert.equal(rows.pop(), "");
  const end = ({ disconnect, tcpclean }) => [disconnect, tcpclean].filter(Boolean).map(({ time }) => time).sort((a, b) => a - b)[0] ?? "";
  const channels = JSON.parse(replay(path)).clients.flatMap(({ clientId, channels }) =>
    channels.map((channel) => [clientId, channel.channelId, channel.connect?.time ?? "", end(channel), channel.state].join(",")),
  );
  assert.deepEqual(rows.toSorted(), channels.toSorted());
});

onPage("the lanes are saved as a picture", async (page) => {
  await sample(page);
  const { name, bytes } = await exported(page, "Lanes, as PNG");
  assert.equal(name, "lanes.png");
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  const shown = await by(page, "lanes-canvas").evaluate((canvas) => ({ width: canvas.width, height: canvas.height }));
  assert.ok(bytes.readUInt32BE(16) > shown.width && bytes.readUInt32BE(20) > shown.height);
  // Not an empty sheet.
  assert.ok(bytes.length > 5_000, `${bytes.length} bytes`);
});

onPage("rejected records can be taken along", async (page) => {
  await drop(page, file("bad.log", `${lines(three)}oops\n{"clientId":1}\n`));
  await by(page, "rejected").locator("li").nth(1).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download rejected records" }).click()]);
  const saved = readFileSync(await download.path(), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(saved.map(({ record, code, line }) => [record, code, line]), [[7, "invalid_json", 7], [8, "wrong_type", 8]]);
});
