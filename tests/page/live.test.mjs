// The page of a running service, over a restart of it.
import { strict as assert } from "node:assert";
import { after, test } from "node:test";
import { three, lines } from "./harness/events.mjs";
import { by, count, drop, eventually, lanes, loaded, paste, settled } from "./harness/hand.mjs";
import { fleet, Service } from "./harness/service.mjs";
import { visiting } from "./harness/page.mjs";

const running = [];
async function service(options) {
  const started = await Service.start(options);
  running.push(started);
  return started;
}
after(() => Promise.all(running.map((one) => one.stop())));

/** While the service is down, or has no past, the browser itself says of each try that it failed. */
const DOWN = [/410 \(Gone\)|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/];
const state = (page) => by(page, "connection").getAttribute("data-state");
const connected = (page) => eventually(() => state(page), (now) => now === "live" || now === "lagging", { within: 20_000, what: "a connection" });
const newest = (page) => count(page, "records");

function onService(name, options, body) {
  test(name, async (context) => {
    const served = await service(options);
    await visiting(name, "", { base: served.address, expects: DOWN }, context, (page, visited) => body(page, served, visited));
  });
}

onService("follows the service that served it", {}, async (page, served) => {
  await connected(page);
  assert.equal(await by(page, "source").innerText(), "Running service");
  const shown = await eventually(() => lanes(page), (now) => now.length > 5);
  assert.match(shown[0], /^device-\d+$/);
  const first = await newest(page);
  await eventually(() => newest(page), (now) => now > first, { what: "further transitions" });

  // A client is as the service says.
  await page.locator(".lane-name .client").first().click();
  const client = await by(page, "inspected").innerText();
  await by(page, "verdict-believed").locator(".state").waitFor();
  await by(page, "copy-json").click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(copied.clientId, client.replace(/\s/g, ""));
  const told = await (await fetch(new URL(`v1/clients/${encodeURIComponent(copied.clientId)}`, served.address))).json();
  assert.deepEqual(Object.keys(copied), Object.keys(told));
});

onService("shows from where the channels of its events came", {}, async (page, served) => {
  await connected(page);
  await eventually(() => newest(page), (now) => now > 10);
  await by(page, "connection").getByRole("button", { name: "Pause" }).click();
  const ADDRESS = /^[\d.]+:\d+$/;
  const cells = () => by(page, "events-table").locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.title || cell.innerText)));
  const rows = await eventually(cells, (now) => now.filter((row) => row.some((cell) => ADDRESS.test(cell))).length > 3, { what: "addresses" });
  const [, , , client, channel, address] = rows.find((row) => ADDRESS.test(row[5]));
  const told = await (await fetch(new URL(`v1/clients/${encodeURIComponent(client)}`, served.address))).json();
  const found = told.channels.find(({ channelId }) => channelId === channel);
  assert.equal((found.connect ?? found.disconnect ?? found.tcpclean).clientIp, address);
});

onService("pauses, counts what waits, and goes on", {}, async (page) => {
  await connected(page);
  await eventually(() => newest(page), (now) => now > 10);
  await by(page, "connection").getByRole("button", { name: "Pause" }).click();
  await eventually(() => state(page), (now) => now === "paused");
  // What came before the pause is shown some times a second.
  await page.waitForTimeout(500);
  const still = await newest(page);
  const waiting = () => by(page, "connection").innerText().then((words) => Number(/Paused, (\d+) waiting/.exec(words)?.[1] ?? -1));
  await eventually(waiting, (now) => now > 3);
  assert.equal(await newest(page), still);
  await by(page, "connection").getByRole("button", { name: "Resume" }).click();
  await connected(page);
  await eventually(() => newest(page), (now) => now > still + 3);
});

onService("goes on after a restart of the service", {}, async (page, served) => {
  await connected(page);
  await eventually(() => newest(page), (now) => now > 20);
  await served.stop();
  await eventually(() => state(page), (now) => now === "reconnecting", { what: "that the service is gone" });
  assert.match(await by(page, "connection").innerText(), /Reconnecting/);
  // What was seen stays while there is no service.
  const [before, clients, shown] = [await newest(page), await count(page, "clients"), await lanes(page)];
  assert.ok(shown.length > 5);
  await page.waitForTimeout(500);
  assert.deepEqual(await lanes(page), shown);
  await served.run(2);
  await connected(page);
  await eventually(() => newest(page), (now) => now > before + 5, { what: "transitions after the restart" });
  assert.ok((await count(page, "clients")) >= clients);
  assert.ok((await lanes(page)).length >= shown.length);
  assert.equal(await page.getByText("no longer has the transitions from before").count(), 0, "nothing was lost");
});

onService("says so when the service came back without its past", { store: "memory" }, async (page, served) => {
  await connected(page);
  await eventually(() => newest(page), (now) => now > 40);
  await served.stop();
  await eventually(() => state(page), (now) => now === "reconnecting");
  await served.run(2);
  await page.getByText("The service no longer has the transitions from before").waitFor({ timeout: 20_000 });
  await connected(page);
  const first = await newest(page);
  await eventually(() => newest(page), (now) => now > first);
});

onService("looks at a recording meanwhile, and comes back", {}, async (page) => {
  await connected(page);
  await paste(page, lines(three));
  await loaded(page, 6);
  assert.equal(await by(page, "connection").count(), 0);
  await page.getByRole("button", { name: "Follow service" }).click();
  await connected(page);
  await eventually(() => newest(page), (now) => now > 6);
});

onService("is followed while a recording is still being read", {}, async (page) => {
  await connected(page);
  await drop(page, fleet("big.ndjson", 640_000, { clients: 2_000 }).path);
  await eventually(() => by(page, "loading").count(), (shown) => shown === 1, { what: "that it reads" });
  await eventually(() => count(page, "records"), (now) => now > 0, { what: "progress" });
  await page.getByRole("button", { name: "Follow service" }).click();
  await connected(page);
  const first = await newest(page);
  await eventually(() => newest(page), (now) => now > first, { what: "further transitions" });
  assert.equal(await by(page, "source").innerText(), "Running service");
  assert.equal(await by(page, "notices").locator(".notice").count(), 0);
});

onService("goes on while another view of it is opened", {}, async (page) => {
  await connected(page);
  const shown = await eventually(() => page.locator(".lane-name").evaluateAll((names) => names.map((name) => name.dataset.client)), (now) => now.length > 5);
  await page.goto(new URL(`#client=${encodeURIComponent(shown[3])}`, page.url()).href);
  await eventually(() => by(page, "inspected").innerText().catch(String), (client) => client.replace(/\s/g, "") === shown[3]);
  await connected(page);
  const first = await newest(page);
  await eventually(() => newest(page), (now) => now > first, { what: "further transitions" });
  // The view follows as before.
  await eventually(() => settled(page), ({ range, cursor }) => range === undefined && cursor === undefined);
  assert.equal(await page.getByRole("combobox", { name: "Sort" }).inputValue(), "name");
});
