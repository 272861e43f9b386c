// The table of events: a million rows, filters, links both ways.
import { strict as assert } from "node:assert";
import { by, drop, eventually, loaded, record, sample, settled } from "./harness/hand.mjs";
import { fleet } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";

const MILLION = 1_000_000;
const records = (page) => by(page, "events-table").locator("tbody tr").evaluateAll((rows) => rows.map((row) => Number(row.dataset.record)));
/** Whether a row is within what can be seen of the table. */
const seen = (page, number) =>
  page.evaluate((number) => {
    const row = document.querySelector(`[data-testid=events-table] tr[data-record="${number}"]`)?.getBoundingClientRect();
    const box = document.querySelector("[data-testid=events-scroll]").getBoundingClientRect();
    return !!row && row.top >= box.top && row.bottom <= box.bottom + 1;
  }, number);

onPage("a million rows scroll to the last", async (page) => {
  const { path } = fleet("million.ndjson", MILLION, { clients: 5_000 });
  await drop(page, path);
  await loaded(page, MILLION, { within: 40_000 });
  assert.equal(await by(page, "event-count").innerText(), "1,000,000 events");
  const scroll = by(page, "events-scroll");
  // The scroll bar has two ends, and rows in between.
  await scroll.evaluate((element) => (element.scrollTop = 0));
  await eventually(() => seen(page, 1), Boolean, { what: "the first row" });
  await scroll.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await eventually(() => seen(page, MILLION), Boolean, { what: "the last row" });
  await scroll.evaluate((element) => (element.scrollTop = (element.scrollHeight - element.clientHeight) / 2));
  await eventually(() => records(page), (shown) => shown.some((number) => Math.abs(number - MILLION / 2) < 200), { what: "the middle" });
  // Keys and wheel move by rows, however the bar is scaled.
  await scroll.focus();
  await page.keyboard.press("Home");
  await eventually(() => seen(page, 1), Boolean);
  await scroll.hover();
  await page.mouse.wheel(0, 240);
  await eventually(() => records(page), (shown) => shown[0] >= 10 && shown[0] <= 12, { what: "ten rows on" });
  await page.keyboard.press("End");
  await eventually(() => seen(page, MILLION), Boolean);
  // No row is lost on the way: numbers follow each other.
  const shown = await records(page);
  for (let at = 1; at < shown.length; at += 1) assert.equal(shown[at], shown[at - 1] + 1);
});

onPage("rows and cursor lead to each other", async (page) => {
  await sample(page);
  await page.getByRole("button", { name: "Previous anomaly" }).click();
  const at = await eventually(() => record(page), (now) => now < 24);
  await eventually(() => seen(page, at), Boolean);
  const row = by(page, "events-table").locator("tbody tr").first();
  const number = Number(await row.getAttribute("data-record"));
  const client = (await row.locator(".device").innerText()).trim();
  await row.click();
  await eventually(() => record(page), (now) => now === number);
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown.endsWith(client));
  await by(page, "events-scroll").focus();
  await page.keyboard.press("ArrowDown");
  await eventually(() => record(page), (now) => now === number + 1);
});

onPage("filters by kind, client and anomaly", async (page) => {
  await sample(page);
  const panel = page.locator("[data-panel=events]");
  const total = () => by(page, "event-count").innerText().then((words) => Number(words.split(" ")[0]));
  await panel.getByRole("group", { name: "Kind" }).getByText("connect", { exact: true }).click();
  const connects = await eventually(total, (now) => now < 24);
  await eventually(
    () => by(page, "events-table").locator(".kind").allInnerTexts(),
    (kinds) => kinds.length > 0 && kinds.every((kind) => kind === "connect"),
  );
  await panel.getByText("Anomalies only").click();
  const anomalous = await eventually(total, (now) => now < connects && now > 0);
  assert.equal(await by(page, "events-table").locator("tbody tr:not(.anomalous)").count(), 0);
  await page.locator('.lane-name[data-client$="agv-03"] .client').click();
  await panel.getByText("Selected client only").click();
  await eventually(total, (now) => now < anomalous);
  assert.equal((await settled(page)).only, "anomalous.selected");
});
