// Scrubbing, playing, stepping.
import { strict as assert } from "node:assert";
import { behind, by, eventually, range, record, sample, settled } from "./harness/hand.mjs";
import { hold, holding, release } from "./harness/hold.mjs";
import { onPage } from "./harness/page.mjs";

const rowAt = (page) => by(page, "events-table").locator("tr.at-cursor").getAttribute("data-record").then(Number);

onPage("scrubs over time", async (page) => {
  await sample(page);
  const scrubber = by(page, "scrubber");
  const { min, max } = await scrubber.evaluate((input) => ({ min: Number(input.min), max: Number(input.max) }));
  const box = await scrubber.boundingBox();
  await page.mouse.move(box.x + box.width - 5, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 8 });
  await page.mouse.up();
  const at = await eventually(() => record(page), (at) => at > 5 && at < 20);
  const time = Number((await settled(page)).cursor.split("~")[1]);
  assert.ok(Math.abs(time - (min + max) / 2) < (max - min) / 20);
  await eventually(() => rowAt(page), (row) => row === at, { what: "the event at the cursor" });
  await page.getByRole("button", { name: "End", exact: true }).click();
  await eventually(() => record(page), (at) => at === 24);
});

onPage("scrubs over records, and belief follows", async (page) => {
  await sample(page);
  await page.getByRole("radiogroup", { name: "Scrub over" }).getByText("Records").click();
  const scrubber = by(page, "scrubber");
  assert.equal(await scrubber.getAttribute("max"), "24");
  await scrubber.focus();
  await page.keyboard.press("Home");
  await eventually(() => record(page), (at) => at === 0);
  await eventually(() => by(page, "online-at-cursor").innerText(), (words) => words.startsWith("0 believed"));
  for (let press = 0; press < 4; press += 1) await page.keyboard.press("ArrowRight");
  await eventually(() => record(page), (at) => at === 4);
  await eventually(() => by(page, "online-at-cursor").innerText(), (words) => words.startsWith("4 believed"));
  await eventually(() => behind(page), (table) => table["press-07"]?.believed === "online" && table["agv-03"]?.believed === "unknown");
});

onPage("plays over time at the speed chosen, to the end", async (page) => {
  await sample(page);
  await page.getByRole("combobox", { name: "Speed" }).selectOption("1000");
  const scrubber = by(page, "scrubber");
  const span = await scrubber.evaluate((input) => Number(input.max) - Number(input.min));
  // Looked at within the page: a busy machine asks too seldom from without.
  await by(page, "cursor-record").evaluate((shown) => {
    window.recordsSeen = new Set([shown.innerText]);
    new MutationObserver(() => window.recordsSeen.add(shown.innerText)).observe(shown, { childList: true, characterData: true, subtree: true });
  });
  const began = Date.now();
  await by(page, "play").click();
  const seen = () => page.evaluate(() => [...window.recordsSeen]);
  await eventually(
    async () => ({ label: await by(page, "play").getAttribute("aria-label"), records: await seen() }),
    ({ label, records }) => label === "Play" && records.length > 2,
  );
  const took = Date.now() - began;
  await eventually(() => record(page), (at) => at === 24);
  const records = await seen();
  assert.ok(records.length > 4, `records seen on the way: ${records}`);
  assert.ok(took > (span / 1_000) * 0.6 && took < span / 1_000 + 3_000, `${span / 1_000} ms of play took ${took} ms`);
});

onPage("plays over records, pauses, and steps from there", async (page) => {
  await sample(page);
  await page.getByRole("radiogroup", { name: "Scrub over" }).getByText("Records").click();
  await page.getByRole("combobox", { name: "Speed" }).selectOption("5");
  await by(page, "play").click();
  await eventually(() => record(page), (at) => at >= 2 && at < 24);
  await by(page, "play").click();
  const at = await record(page);
  await page.getByRole("button", { name: "Step forward" }).click();
  await eventually(() => record(page), (now) => now === at + 1);
  await page.getByRole("button", { name: "Step back" }).click();
  await eventually(() => record(page), (now) => now === at);
});

onPage("has the speeds from a quarter to a thousand", async (page) => {
  await sample(page);
  const speeds = await page.getByRole("combobox", { name: "Speed" }).locator("option").evaluateAll((all) => all.map((one) => Number(one.value)));
  assert.equal(speeds[0], 0.25);
  assert.equal(speeds.at(-1), 1_000);
});

onPage("a click into a lane brings the cursor and the client", async (page) => {
  await sample(page);
  const box = await by(page, "lanes-canvas").boundingBox();
  const name = page.locator('.lane-name[data-client$="oven-02"]');
  const lane = await name.boundingBox();
  await page.mouse.click(box.x + box.width / 2, lane.y + 12);
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown.endsWith("oven-02"));
  const at = await eventually(() => record(page), (at) => at < 24);
  await eventually(() => rowAt(page), (row) => row === at);
});

onPage("the brush of the overview moves the lanes", async (page) => {
  await sample(page);
  const box = await by(page, "overview").boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.25, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, y, { steps: 5 });
  await page.mouse.up();
  await settled(page);
  const quarter = await range(page);
  await by(page, "overview").focus();
  await page.keyboard.press("ArrowRight");
  await settled(page);
  const right = await range(page);
  assert.ok(right.from > quarter.from);
  await page.keyboard.press("Home");
  await eventually(() => settled(page), ({ range }) => range === undefined);
});

const time = (page) => by(page, "cursor-time").innerText();

/** A click into a lane at this share of its width. */
async function clickLane(page, share) {
  const box = await by(page, "lanes-canvas").boundingBox();
  const lane = await page.locator('.lane-name[data-client$="oven-02"]').boundingBox();
  await page.mouse.click(box.x + box.width * share, lane.y + 12);
}

/** Where the cursor comes to rest, which has to be one moment on both axes. */
async function atRest(page, wanted) {
  const row = await eventually(() => rowAt(page), (row) => row === wanted, { what: `the event ${wanted} at the cursor` });
  return { row, record: await record(page), time: await time(page) };
}

onPage("an event that is clicked while a time is still being looked up keeps the cursor", async (page) => {
  await holding(page);
  await sample(page);
  const end = await time(page);
  await by(page, "events-scroll").focus();
  await page.keyboard.press("Home");
  const row = by(page, "events-table").locator('tr[data-record="5"]');
  await row.click();
  await eventually(() => time(page), (now) => now !== end);
  const clicked = await atRest(page, 5);
  await hold(page, "recordAt");
  await clickLane(page, 0.3);
  await eventually(() => time(page), (now) => now !== clicked.time);
  await row.click();
  await eventually(() => time(page), (now) => now === clicked.time);
  await release(page, 1);
  assert.deepEqual(await atRest(page, 5), clicked);
});

onPage("a lane that is clicked while a record is still being looked up keeps the cursor", async (page) => {
  await holding(page);
  await sample(page);
  await clickLane(page, 0.3);
  const wanted = await eventually(() => record(page), (at) => at < 24);
  const clicked = await atRest(page, wanted);
  await page.getByRole("button", { name: "End", exact: true }).click();
  await hold(page, "timeOf", "recordAt");
  await page.getByRole("button", { name: "Step back" }).click();
  await clickLane(page, 0.3);
  await release(page, 2);
  assert.deepEqual(await atRest(page, wanted), clicked);
});

onPage("the end stays the end when it is chosen while playing", async (page) => {
  await holding(page);
  await sample(page);
  const end = await atRest(page, 24);
  await hold(page, "recordAt");
  await page.getByRole("combobox", { name: "Speed" }).selectOption("100");
  await by(page, "play").click();
  await eventually(() => time(page), (now) => now !== end.time);
  await page.getByRole("button", { name: "End", exact: true }).click();
  await release(page, 1);
  assert.deepEqual(await atRest(page, 24), end);
});
