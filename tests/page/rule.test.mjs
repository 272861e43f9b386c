// What is said and saved while a large recording is read, or evaluated anew by another rule.
import { strict as assert } from "node:assert";
import { by, count, drop, eventually, exported, loaded } from "./harness/hand.mjs";
import { fleet, replay } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";

const EVENTS = 640_000;
const big = () => fleet("big.ndjson", EVENTS, { clients: 2_000 }).path;

async function takeOver(page) {
  await page.locator("summary", { hasText: "Rule" }).click();
  await page.getByLabel("A newer connect supersedes older channels").check();
  await page.keyboard.press("Escape");
}

onPage("nothing is said to be wrong or online before it is known", async (page) => {
  // Within the page: a busy machine looks too seldom from without.
  await page.evaluate(() => {
    window.said = new Set();
    const look = () => {
      for (const place of ["[data-count=online]", "[data-testid=online-at-cursor]", "[data-panel=wrong] .nothing", "[data-testid=loading]"]) {
        const text = document.querySelector(place)?.innerText;
        if (text !== undefined) window.said.add(text);
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  const said = () => page.evaluate(() => [...window.said]);
  const early = (told) => told.filter((words) => /^Nothing is wrong|^0 believed/.test(words));
  await drop(page, big());
  await loaded(page, EVENTS, { within: 30_000 });
  await page.locator(".finding").first().waitFor();
  const online = await count(page, "online");
  assert.ok(online > 0);
  assert.deepEqual(early(await said()), []);
  await page.evaluate(() => window.said.clear());
  await takeOver(page);
  await page.locator('.finding[data-kind="superseded"]').waitFor({ timeout: 30_000 });
  await eventually(() => by(page, "loading").count(), (shown) => shown === 0);
  const told = await said();
  assert.ok(told.includes("Looking for anomalies…") && told.includes("… believed online") && told.includes("Applying the rule"), `${told}`);
  assert.deepEqual(early(told), []);
  assert.ok((await count(page, "online")) > 0);
});

onPage("a report that is asked for while the rule is applied is by the new one", async (page) => {
  const path = big();
  await drop(page, path);
  await loaded(page, EVENTS, { within: 30_000 });
  await takeOver(page);
  const { bytes } = await exported(page, "Report, as JSON");
  assert.ok(bytes.equals(replay("--takeover", path)), "other bytes than `mqtt-presence replay --takeover`");
});

onPage("a report that is asked for while it is read is of the whole recording", async (page) => {
  page.setDefaultTimeout(40_000);
  const path = big();
  await drop(page, path);
  await eventually(() => count(page, "records"), (now) => now > 0, { what: "progress" });
  const saved = exported(page, "Report, as JSON");
  await page.getByText("The file is saved once everything has been read and evaluated.").waitFor();
  assert.equal(await by(page, "loading").count(), 1, "still reading");
  const { bytes } = await saved;
  assert.ok(bytes.equals(replay(path)), "other bytes than `mqtt-presence replay`");
});
