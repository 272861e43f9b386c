// Ways into the page: paste, drop, open; containers, packed files, large files.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { event, lines, three } from "./harness/events.mjs";
import { behind, by, count, drop, eventually, file, lanes, loaded, paste, sample, settled } from "./harness/hand.mjs";
import { fleet } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";
import { vectors } from "./harness/places.mjs";

onPage("pastes one object", async (page) => {
  await paste(page, JSON.stringify(event("GID_a@@@one", "c1", "connect", 0), null, 2));
  await loaded(page, 1);
  assert.equal(await count(page, "online"), 1);
  await eventually(() => lanes(page), (shown) => shown.join() === "one");
});

onPage("pastes an array", async (page) => {
  await paste(page, JSON.stringify(three));
  await loaded(page, 6);
  assert.equal(await count(page, "clients"), 3);
  assert.equal(await count(page, "online"), 1);
  await eventually(() => behind(page), ({ three, two }) => three?.believed === "online" && two?.actual === "offline");
});

onPage("pastes NDJSON, and more of it on top", async (page) => {
  await paste(page, lines(three.slice(0, 4)));
  await loaded(page, 4);
  await paste(page, lines(three.slice(4)).replaceAll("\n", "\r\n"));
  await loaded(page, 6);
  assert.equal(await by(page, "source").innerText(), "2 files");
  assert.equal(await count(page, "rejected"), 0);
});

onPage("pastes a console log with junk between records", async (page) => {
  const log = `2026-03-02 08:00:01 [INFO] received ${JSON.stringify(three[0])}\n  at Listener.consume(Listener.java:41)\n${lines(three.slice(1))}bye\n`;
  await paste(page, log);
  await eventually(() => count(page, "rejected"), (rejected) => rejected === 3);
  assert.equal(await count(page, "clients"), 3);
  const rejected = by(page, "rejected").locator("li");
  assert.equal(await rejected.count(), 3);
  const [first, , last] = await rejected.allInnerTexts();
  assert.match(first, /Not JSON/);
  assert.match(first, /line 1, column 1/);
  assert.match(first, /2026-03-02 08:00:01 \[INFO\] received/);
  assert.match(last, /bye/);
});

const readAs = (page) => by(page, "read-as").locator("option:checked").innerText();

onPage("pastes and drops recordings of brokers, and says whose they are", async (page) => {
  const vector = (name, input) => readFileSync(join(vectors, "replay", name, input), "utf8");
  await paste(page, vector("broker-emqx", "input.json"));
  await loaded(page, 5);
  assert.equal(await readAs(page), "EMQX lifecycle messages (detected)");
  assert.equal(await count(page, "clients"), 2);
  assert.equal(await count(page, "rejected"), 1);
  await drop(page, file("mosquitto.log", vector("broker-mosquitto-log", "input.txt")), file("aws.ndjson.gz", gzipSync(vector("broker-aws", "input.ndjson"))));
  await loaded(page, 18);
  assert.equal(await readAs(page), "EMQX lifecycle messages, Mosquitto log, AWS IoT lifecycle messages (detected)");
  await page.getByRole("button", { name: "中文" }).click();
  assert.equal(await readAs(page), "EMQX 上下线消息, Mosquitto 日志, AWS IoT 上下线消息（自动识别）");
  await page.getByRole("button", { name: "关闭当前记录" }).click();
  await paste(page, vector("broker-published", "input.1.ndjson"));
  await loaded(page, 3);
  assert.equal(await readAs(page), "VerneMQ 钩子消息（自动识别）");
  await page.getByRole("button", { name: "关闭当前记录" }).click();
  await paste(page, lines(three));
  await loaded(page, 6);
  assert.equal(await by(page, "read-as").count(), 0);
});

onPage("reads files again for what a person says they are", async (page) => {
  // Nothing at the beginning tells that this is a log.
  const log = `mosquitto says:\n${readFileSync(join(vectors, "replay", "broker-mosquitto-log", "input.txt"), "utf8")}`;
  await paste(page, log);
  await eventually(() => count(page, "rejected"), (rejected) => rejected > 0);
  assert.equal(await count(page, "clients"), 0);
  assert.equal(await readAs(page), "connection notices (detected)");
  await by(page, "read-as").selectOption("mosquitto");
  await eventually(() => count(page, "clients"), (clients) => clients > 0);
  assert.equal(await readAs(page), "Mosquitto log");
  assert.equal((await settled(page)).as, "mosquitto");
  await by(page, "read-as").selectOption("detected");
  await eventually(() => count(page, "clients"), (clients) => clients === 0);
  await by(page, "read-as").selectOption("mosquitto");
  await eventually(() => count(page, "clients"), (clients) => clients > 0);
  await page.getByRole("button", { name: "Close this recording" }).click();
  await paste(page, lines(three));
  await loaded(page, 6);
  assert.equal(await by(page, "read-as").count(), 0);
});

onPage("opens files with the dialog, by key and by button", async (page) => {
  const one = file("one.ndjson", lines(three.slice(0, 4)));
  const two = file("two.json", JSON.stringify(three.slice(4)));
  // Choosers are caught while somebody listens, and the switch is not waited for: it has to stay on in between.
  page.on("filechooser", () => {});
  // Before anything is loaded the drop zone is a button.
  const [first] = await Promise.all([page.waitForEvent("filechooser"), by(page, "drop-zone").click()]);
  assert.equal(first.isMultiple(), true);
  await first.setFiles(one);
  await loaded(page, 4);
  const [second] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Control+O")]);
  await second.setFiles(two);
  await loaded(page, 6);
});

onPage("drops several files, plain and packed, by name and by first bytes", async (page) => {
  await drop(
    page,
    file("a.ndjson", lines(three.slice(0, 2))),
    file("b.ndjson.gz", gzipSync(lines(three.slice(2, 4)))),
    file("c.json.gz", gzipSync(JSON.stringify(three.slice(4, 5)))),
    // No name says that this one is packed.
    file("d.log", gzipSync(lines(three.slice(5)))),
  );
  await loaded(page, 6);
  assert.equal(await count(page, "rejected"), 0);
  assert.equal(await count(page, "online"), 1);
});

onPage("asks nothing of anybody while data is loaded", async (page, { requests }) => {
  await page.waitForLoadState("networkidle");
  const before = requests.length;
  await drop(page, file("secret.ndjson", lines(three)));
  await loaded(page, 6);
  await by(page, "play").click();
  await page.waitForTimeout(300);
  // The engine itself is fetched with the first data: files of the page, nothing sent along. The
  // browser looks for the page's icon by itself when the address changes.
  for (const request of requests.slice(before)) {
    assert.equal(request.method(), "GET");
    assert.equal(request.postData(), null);
    const { pathname, search } = new URL(request.url());
    assert.match(pathname, /\/presence\/(assets\/[\w-]+\.(js|wasm|svg)|favicon\.svg)$/);
    assert.equal(search, "");
  }
  const then = requests.length;
  await paste(page, lines([event("GID_a@@@four", "c4", "connect", 200)]));
  await loaded(page, 7);
  await page.waitForTimeout(300);
  const further = requests.slice(then).map((request) => new URL(request.url()));
  assert.deepEqual(further.filter(({ pathname, search }) => search || !pathname.endsWith("/favicon.svg")), []);
});

onPage("reads 100 MB and answers meanwhile", async (page, _, context) => {
  const big = fleet("big.ndjson", 640_000, { clients: 2_000 });
  await page.evaluate(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  const began = Date.now();
  await drop(page, big.path);
  // Lanes fill while it is loading.
  await page.locator(".lane-name .device").first().waitFor();
  const firstLanes = Date.now() - began;
  assert.equal(await by(page, "loading").count(), 1, "lanes come before all is read");
  const early = await count(page, "records");
  assert.match(await by(page, "loading").innerText(), /MB of 1\d\d MB/);
  await eventually(() => count(page, "records"), (now) => now > early, { what: "progress" });
  // A click is answered while it reads.
  const asked = Date.now();
  await page.getByRole("button", { name: "Keys and help" }).click();
  await by(page, "help").waitFor();
  const answered = Date.now() - asked;
  assert.equal(await by(page, "loading").count(), 1, "still reading when the click was answered");
  await page.keyboard.press("Escape");
  await loaded(page, 640_000, { within: 30_000 });
  const all = Date.now() - began;
  const long = await page.evaluate(() => window.long);
  context.diagnostic(
    `${(big.size / 1e6).toFixed(0)} MB: first lanes ${firstLanes} ms, all ${all} ms, click answered in ${answered} ms, ` +
      `longest main-thread task ${Math.max(0, ...long)} ms of 50 (${long.length} long ones)`,
  );
});

onPage("stops reading when told to, and keeps what there is", async (page) => {
  const big = fleet("big.ndjson", 640_000, { clients: 2_000 });
  await drop(page, big.path);
  await eventually(() => count(page, "records"), (now) => now > 0, { what: "progress" });
  await by(page, "loading").getByRole("button", { name: "Cancel" }).click();
  await eventually(() => by(page, "loading").count(), (shown) => shown === 0);
  const read = await count(page, "records");
  assert.ok(read > 0 && read < 640_000, `${read} records`);
  await page.getByText("Reading was cancelled. What was read so far is shown.").waitFor();
  // It goes on from there.
  await paste(page, lines(three));
  await loaded(page, read + 6);
});

onPage("closes a recording and begins anew", async (page) => {
  await sample(page);
  await page.getByRole("button", { name: "Close this recording" }).click();
  await by(page, "drop-zone").waitFor();
  await sample(page, "clean-day");
  await page.getByText("Nothing is wrong: no anomaly, no rejected record.").waitFor();
});

onPage("closes a recording that is still being read, and what waited behind it", async (page) => {
  const big = fleet("big.ndjson", 640_000, { clients: 2_000 });
  await drop(page, big.path);
  await eventually(() => count(page, "records"), (now) => now > 0, { what: "progress" });
  await paste(page, lines(three));
  assert.equal(await by(page, "loading").count(), 1, "still reading");
  await page.getByRole("button", { name: "Close this recording" }).click();
  await by(page, "drop-zone").waitFor();
  // What comes next is read by itself: nothing of before is in it, and nothing failed.
  await sample(page);
  assert.equal(await by(page, "source").innerText(), "incident.ndjson");
  assert.equal(await by(page, "notices").locator(".notice").count(), 0);
});
