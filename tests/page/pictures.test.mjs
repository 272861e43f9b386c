// Pictures of the main states, for a person to look at; each state is reached first.
import { strict as assert } from "node:assert";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { by, count, drop, eventually, loaded, record, sample } from "./harness/hand.mjs";
import { shots, vectors } from "./harness/places.mjs";
import { fleet, Service } from "./harness/service.mjs";
import { onPage, visiting } from "./harness/page.mjs";

async function picture(page, name) {
  const path = join(shots, `${name}.png`);
  // Lanes and bars come a frame or two after the words.
  await page.waitForTimeout(400);
  await page.screenshot({ path });
  assert.ok(statSync(path).size > 10_000);
}

for (const theme of ["light", "dark"]) {
  for (const language of ["en", "zh"]) {
    const name = `${theme}-${language}`;
    onPage(`empty, incident and help, ${name}`, `#lang=${language}`, { theme }, async (page) => {
      await by(page, "drop-zone").waitFor();
      await picture(page, `empty-${name}`);
      await sample(page);
      await by(page, "inspected").waitFor();
      await picture(page, `incident-${name}`);
      await page.keyboard.press("Shift+Slash");
      await by(page, "help").waitFor();
      await picture(page, `help-${name}`);
      await page.keyboard.press("Escape");
    });
  }
}

const brokers = ["broker-mosquitto-log/input.txt", "broker-emqx/input.json"].map((file) => join(vectors, "replay", file));
for (const [width, height] of [[1440, 900], [390, 800]]) {
  for (const theme of ["light", "dark"]) {
    for (const language of ["en", "zh"]) {
      const name = `brokers-${width}-${theme}-${language}`;
      onPage(name, `#lang=${language}`, { theme, width, height }, async (page) => {
        await drop(page, ...brokers);
        await eventually(() => by(page, "read-as").locator("option:checked").innerText(), (words) => words.includes("EMQX"));
        await picture(page, name);
      });
    }
  }
}

onPage("the cursor within the incident", async (page) => {
  await sample(page);
  await page.locator('.finding[data-kind="out_of_order"] .title').click();
  await eventually(() => record(page), (at) => at < 24);
  await page.keyboard.press("KeyF");
  await picture(page, "incident-cursor");
});

onPage("a clean day", async (page) => {
  await sample(page, "clean-day");
  await picture(page, "clean-day");
});

for (const language of ["en", "zh"]) {
  onPage(`narrow, ${language}`, `#lang=${language}`, { width: 400, height: 800 }, async (page) => {
    await picture(page, `narrow-empty-${language}`);
    await sample(page);
    for (const [at, panel] of ["lanes", "events", "client", "wrong"].entries()) {
      await page.locator(".tabs button").nth(at).click();
      await picture(page, `narrow-${panel}-${language}`);
    }
  });
}

onPage("big, while it loads and after", async (page) => {
  await drop(page, fleet("big.ndjson", 640_000, { clients: 2_000 }).path);
  await eventually(() => count(page, "records"), (now) => now > 20_000);
  await picture(page, "big-loading");
  await loaded(page, 640_000, { within: 30_000 });
  await picture(page, "big");
  for (let press = 0; press < 12; press += 1) await page.keyboard.press("KeyW");
  await picture(page, "big-near");
});

test("live", async (context) => {
  const service = await Service.start();
  after(() => service.stop());
  await visiting("live", "", { base: service.address }, context, async (page) => {
    await eventually(() => count(page, "records"), (now) => now > 150, { within: 20_000 });
    await page.locator(".lane-name .client").first().click();
    await picture(page, "live");
    await by(page, "connection").getByRole("button", { name: "Pause" }).click();
    await picture(page, "live-paused");
  });
});
