// The page in Chinese.
import { strict as assert } from "node:assert";
import { by, eventually, file, drop, notice, sample } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

const CHINESE = /\p{Script=Han}/u;
/** Names of fields, keys and events are the same in every language. */
const NAMES = /^(mqtt-presence|EN|English|GID_|[a-z]+-\d+|[0-9a-f]{10}|clientId|channelId|eventType|clientIp|time|connect|disconnect|tcpclean|\d{4}-\d\d-\d\d UTC$|incident\.ndjson|Ctrl|Esc|UTC|IP)/;

/** Labels and headings that say something in another language. */
function untranslated(page) {
  return page.evaluate(() => {
    const said = [];
    for (const element of document.querySelectorAll("h1,h2,h3,h4,button,label,option,summary,th,dt,dd,p,li,legend,[aria-label],[placeholder],[title]")) {
      for (const name of ["aria-label", "placeholder", "title"]) if (element.hasAttribute(name)) said.push(element.getAttribute(name));
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) said.push(node.textContent);
    }
    return [...new Set(said.map((text) => text.trim()).filter((text) => /[A-Za-z]{3}/.test(text)))];
  }).then((said) => said.filter((text) => !CHINESE.test(text) && !NAMES.test(text) && !text.startsWith("{")));
}

onPage("follows the browser's language", "", { language: "zh-CN" }, async (page) => {
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  assert.match(await by(page, "drop-zone").innerText(), CHINESE);
  assert.deepEqual(await untranslated(page), []);
});

onPage("says everything in Chinese", async (page) => {
  await sample(page);
  await page.getByRole("button", { name: "中文" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  await eventually(() => page.locator(".finding .title").first().innerText(), (words) => CHINESE.test(words));
  await eventually(() => by(page, "verdict-believed").locator(".sentence").innerText(), (words) => CHINESE.test(words));
  assert.deepEqual(await untranslated(page), []);
  await page.keyboard.press("Shift+Slash");
  await by(page, "help").waitFor();
  assert.deepEqual(await untranslated(page), []);
  await page.keyboard.press("Escape");
  await drop(page, file("invoice.pdf", "%PDF-1.7\n"));
  assert.match(await notice(page, "invoice.pdf"), CHINESE);
  await page.getByRole("button", { name: "EN", exact: false }).first().click();
  await eventually(() => page.locator(".finding .title").first().innerText(), (words) => !CHINESE.test(words));
  assert.doesNotMatch(await notice(page, "invoice.pdf"), CHINESE);
});

onPage("Chinese characters have glyphs", "", { language: "zh-CN" }, async (page) => {
  // A missing glyph is one and the same box, whatever the character.
  const pictures = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [32, 32];
    const pen = canvas.getContext("2d");
    pen.font = `24px ${getComputedStyle(document.body).fontFamily}`;
    return ["在", "线", "断"].map((character) => {
      pen.clearRect(0, 0, 32, 32);
      pen.fillText(character, 2, 26);
      return canvas.toDataURL();
    });
  });
  assert.equal(new Set(pictures).size, 3);
});
