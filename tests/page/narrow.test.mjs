// A window of 400 pixels, and reduced ones in between.
import { strict as assert } from "node:assert";
import { by, loaded, sample } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

async function fits(page) {
  const { wide, shown } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, shown: document.documentElement.clientWidth }));
  assert.ok(wide <= shown, `${wide} pixels of document in ${shown}`);
  // Nothing that can be pressed lies outside either.
  const outside = await page.evaluate(() =>
    [...document.querySelectorAll("button,select,input,summary")]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        const scrolled = element.closest(".counts,.scroll,.body,pre,.bar,.offenders");
        return box.width > 0 && !scrolled && element.checkVisibility() && (box.right > innerWidth + 1 || box.left < -1);
      })
      .map((element) => element.getAttribute("aria-label") || element.textContent),
  );
  assert.deepEqual(outside, []);
}

for (const language of ["en", "zh"]) {
  onPage(`400 pixels, ${language}`, `#lang=${language}`, { width: 400, height: 800 }, async (page) => {
    await fits(page);
    await sample(page);
    for (const [at, panel] of ["lanes", "events", "inspector", "wrong"].entries()) {
      await page.locator(".tabs button").nth(at).click();
      await page.locator(`[data-panel=${panel}]`).waitFor();
      for (const other of ["lanes", "events", "inspector", "wrong"]) {
        assert.equal(await page.locator(`[data-panel=${other}]`).isVisible(), other === panel, `${other} beside ${panel}`);
      }
      await fits(page);
    }
    await page.keyboard.press("Shift+Slash");
    await by(page, "help").waitFor();
    await fits(page);
  });
}

for (const width of [640, 900, 1024, 1280]) {
  onPage(`${width} pixels`, "#sample=incident", { width, height: 720 }, async (page) => {
    await loaded(page, 24);
    await fits(page);
    const lanes = await page.locator("[data-panel=lanes] .scroll").boundingBox();
    assert.ok(lanes.height > 60, `lanes have ${lanes.height} pixels`);
  });
}
