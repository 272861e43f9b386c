// What a person does with the page, and what they see of it.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { scratch } from "./places.mjs";

export const by = (page, id) => page.getByTestId(id);

/** Asks until it holds, then gives the answer; what is seen last is in the failure. */
export async function eventually(ask, holds, { within = 10_000, what = "" } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > end) assert.fail(`${what || holds} did not come; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A file on disk, to be dropped or opened. */
export function file(name, bytes) {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

/** Puts text on the clipboard and presses Ctrl+V. */
export async function paste(page, text) {
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await page.keyboard.press("Control+V");
}

/** Drops files from disk onto the page, as the system does. */
export async function drop(page, ...files) {
  const session = await page.context().newCDPSession(page);
  const event = (type) => session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data: { items: [], files, dragOperationsMask: 1 } });
  for (const type of ["dragEnter", "dragOver", "drop"]) await event(type);
  await session.detach();
}

export async function count(page, what) {
  const item = page.locator(`[data-testid=counts] [data-count=${what}]`);
  if ((await item.count()) === 0) return 0;
  return Number((await item.innerText()).replace(/[^\d]/g, ""));
}

/** Waits for the end of loading. */
export async function loaded(page, records, { within = 10_000 } = {}) {
  await eventually(
    async () => ({ records: await count(page, "records"), loading: await by(page, "loading").count() }),
    (now) => now.loading === 0 && (records === undefined ? now.records > 0 : now.records === records),
    { within, what: `${records ?? "some"} records, loaded` },
  );
}

export async function sample(page, name = "incident") {
  await page.locator(`[data-sample=${name}]`).click();
  await loaded(page, name === "incident" ? 24 : 115);
  // The names of the lanes come last.
  await page.locator(".lane-name .device").first().waitFor();
}

/** What the address bar says of the view; the page writes it some times a second. */
export function address(page) {
  return Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.slice(1)));
}

export async function range(page) {
  const [from, to] = (address(page).range ?? "").split("~").map(Number);
  return to === undefined ? null : { from, to };
}

/** The view, once the address bar holds what was done before: by the page's own clock, which a busy machine holds up too. */
export async function settled(page) {
  await page.evaluate(() => new Promise((after) => setTimeout(after, 550)));
  return address(page);
}

export async function record(page) {
  const [number] = /\d[\d,]*/.exec(await by(page, "cursor-record").innerText());
  return Number(number.replaceAll(",", ""));
}

export async function notice(page, words) {
  const shown = by(page, "notices").locator(".notice p").filter({ hasText: words });
  await shown.first().waitFor();
  return shown.first().innerText();
}

export async function lanes(page) {
  return page.locator(".lane-name").evaluateAll((names) =>
    names
      .map((name) => ({ top: name.getBoundingClientRect().top, client: name.dataset.client }))
      .sort((a, b) => a.top - b.top)
      .map(({ client }) => client.replace(/^.*@@@/, "")),
  );
}

/** The table behind the lanes: what the canvas shows at the cursor. */
export async function behind(page) {
  const rows = await by(page, "lanes-table").locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  return Object.fromEntries(rows.map(([client, believed, actual, anomalies]) => [client.replace(/^.*@@@/, ""), { believed, actual, anomalies: Number(anomalies) }]));
}

export async function exported(page, label) {
  await page.locator("summary", { hasText: /Export|导出/ }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: label }).click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}
