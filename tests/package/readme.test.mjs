// The examples of the package's README do what they say.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { command, folder, install, readme, tool } from "./installed.mjs";
import { chromium, serve } from "./pages.mjs";

const text = readFileSync(readme, "utf8");
const examples = [...text.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)].map(([, code, said]) => ({ code, said }));
const pages = [...text.matchAll(/```html\n(.*?)```/gs)].map(([, code]) => code);

before(() => install());

test("there are five examples, and each says what it prints", () => {
  assert.equal(examples.length, 5);
  assert.equal([...text.matchAll(/```js\n/g)].length, examples.length);
  assert.equal(pages.length, 1);
});

for (const [at, { code, said }] of examples.entries()) {
  test(`example ${at + 1}`, () => {
    const file = join(folder, `example-${at + 1}.mjs`);
    writeFileSync(file, code);
    assert.equal(command(process.execPath, [file], { cwd: folder }), said);
  });
}

test("the example of a page", async () => {
  const server = await serve(folder);
  const browser = await chromium(tool("playwright-core"));
  after(() => (server.close(), browser.close()));
  writeFileSync(join(folder, "example.html"), `<!doctype html><body>${pages[0]}`);
  const page = await browser.newPage();
  await page.goto(`${server.url}/example.html`);
  await page.waitForFunction(() => document.body.textContent === "online", undefined, { timeout: 30_000 });
});
