// By keyboard alone, and for screen readers.
import { strict as assert } from "node:assert";
import { by, eventually, lanes, loaded, record, sample } from "./harness/hand.mjs";
import { axe } from "./harness/tools.mjs";
import { onPage } from "./harness/page.mjs";

async function findings(page) {
  // Evaluated by the driver: the page's policy allows no further script.
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe looked at something");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ""}`).join(" | ")}`);
}

for (const theme of ["light", "dark"]) {
  onPage(`axe finds nothing while the page is empty, ${theme}`, "", { theme }, async (page) => {
    await by(page, "drop-zone").waitFor();
    assert.deepEqual(await findings(page), []);
  });
  onPage(`axe finds nothing on the incident, ${theme}`, "", { theme }, async (page) => {
    await sample(page);
    await by(page, "inspected").waitFor();
    assert.deepEqual(await findings(page), []);
    // Menus are open too.
    await page.locator("summary", { hasText: "Rule" }).click();
    assert.deepEqual(await findings(page), []);
  });
  onPage(`axe finds nothing on the help, ${theme}`, "", { theme }, async (page) => {
    await sample(page);
    await page.keyboard.press("Shift+Slash");
    await by(page, "help").waitFor();
    assert.deepEqual(await findings(page), []);
  });
}

onPage("axe finds nothing in a narrow window and in Chinese", "#lang=zh&sample=incident", { width: 400, height: 800 }, async (page) => {
  await loaded(page, 24);
  for (const tab of await page.locator(".tabs button").all()) {
    await tab.click();
    assert.deepEqual(await findings(page), []);
  }
});

/** What has the focus, and whether that can be seen. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const label = element.closest("label");
    const around = label ? getComputedStyle(label) : style;
    const name = element.getAttribute("aria-label") || element.innerText || label?.innerText || element.id;
    return {
      tag: element.tagName, name: (name ?? "").trim().replace(/\s+/g, " ").slice(0, 60),
      visible: [style, around].some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px"),
    };
  });

async function tabTo(page, words, most = 80) {
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (words.test(now.name)) return now;
  }
  assert.fail(`Tab does not reach ${words}`);
}

onPage("a person without a mouse comes from the empty page to the explanation", async (page) => {
  await tabTo(page, /^An incident/);
  await page.keyboard.press("Enter");
  await loaded(page, 24);
  await page.locator(".finding").first().waitFor();
  await tabTo(page, /is believed online wrongly/);
  await page.keyboard.press("Enter");
  await eventually(() => record(page), (at) => at < 24);
  await tabTo(page, /^Client$/);
  // On to the record that decided.
  await tabTo(page, /^record \d+$/);
  await page.keyboard.press("Enter");
});

onPage("Tab goes round everything, and shows where it is", async (page) => {
  await sample(page);
  // From the top of the page on.
  await page.locator("h1").click();
  const stops = [];
  for (let press = 0; press < 150; press += 1) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (now.tag === "BODY") break;
    stops.push(now);
  }
  assert.ok(stops.length < 150, "it comes round");
  assert.deepEqual(stops.filter(({ visible }) => !visible), [], "stops without a mark");
  for (const name of [/Open/, /^Export/, /^Share/, /^中文/, /^Clients online over time/, /Find a client/, /^Anomaly/, /^Sort/, /^Lanes in view/, /^Play$/, /^Cursor$/, /^Speed/, /^Events, scrollable/, /Lost close/, /Copy as JSON/]) {
    assert.ok(stops.some((stop) => name.test(stop.name)), `${name} of ${stops.map((stop) => stop.name).join("; ")}`);
  }
});

onPage("menus, lanes and the splitter work by key", async (page) => {
  await sample(page);
  await tabTo(page, /^Export/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), "events.ndjson");
  await tabTo(page, /^Pin GID_factory@@@/);
  const before = await lanes(page);
  await page.keyboard.press("Enter");
  await eventually(() => page.locator(".lane-name.pinned").count(), (pinned) => pinned === 1);
  assert.equal((await lanes(page)).length, before.length);
  await tabTo(page, /^Height of the events panel/);
  const height = () => page.locator("[data-panel=events]").evaluate((panel) => panel.clientHeight);
  const was = await height();
  await page.keyboard.press("ArrowUp");
  await eventually(height, (now) => now !== was);
});
