// A test on a visit: it fails on whatever the visit saw go wrong, too.
import { strict as assert } from "node:assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { shots } from "./places.mjs";
import { stopBrowser, visit } from "./visit.mjs";

after(stopBrowser);

/** A visit that has to end clean; a picture of the page is kept where it did not go well. */
export async function visiting(name, at, options, context, body) {
  const visited = await visit(at, options);
  try {
    await body(visited.page, visited, context);
  } catch (error) {
    const folder = join(shots, "failures");
    mkdirSync(folder, { recursive: true });
    await visited.page.screenshot({ path: join(folder, `${name.replace(/[^\w]+/g, "-")}.png`) }).catch(() => undefined);
    if (visited.wrong.length) console.error(visited.wrong.join("\n"));
    throw error;
  } finally {
    await visited.close();
  }
  assert.deepEqual(visited.wrong, []);
}

/** A test on one visit. */
export function onPage(name, ...rest) {
  const body = rest.pop();
  const [at, options] = rest;
  test(name, (context) => visiting(name, at, options, context, body));
}
