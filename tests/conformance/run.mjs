// Asks native, WebAssembly in Node and WebAssembly in Chromium the same, and
// prints the table of what is equal. `cargo xtask conformance` runs it.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { answer } from "./answers.mjs";
import { streams } from "./streams.mjs";
import * as vectors from "./vectors.mjs";
import { chromium, serve } from "../package/pages.mjs";

const { values } = parseArgs({
  options: {
    /** The native answerer. */
    native: { type: "string" },
    /** The built package. */
    package: { type: "string" },
    /** The project that has playwright-core. */
    tools: { type: "string" },
    seed: { type: "string", default: "1" },
    streams: { type: "string", default: "2000" },
  },
});

const library = await import(join(values.package, "dist", "esm", "node.js"));
const tool = createRequire(join(values.tools, "package.json"));
const here = dirname(fileURLToPath(import.meta.url));
const server = await serve(here, { "/package/": values.package });
const browser = await chromium(tool("playwright-core"));
const page = await browser.newPage();
await page.goto(`${server.url}/page.html`);

const targets = {
  native(requests) {
    const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
    const output = execFileSync(values.native, { input, encoding: "utf8", maxBuffer: 1 << 30 });
    return output.split("\n").slice(0, -1);
  },
  Node: (requests) => requests.map((request) => answer(request, library).replace(/\n$/, "")),
  async Chromium(requests) {
    const answers = [];
    // Not all at once: they travel as one message.
    for (let at = 0; at < requests.length; at += 100) {
      const part = requests.slice(at, at + 100);
      answers.push(...(await page.evaluate((requests) => window.answersTo(requests), part)));
    }
    return answers;
  },
};

let failed = 0;
const rows = [];

/** Asks every target; each answer must be the expected one, or else that of native. */
async function compare(title, cases) {
  if (cases.length === 0) throw new Error(`there are no ${title}`);
  const requests = cases.map(({ request }) => request);
  const answers = {};
  const row = [title, cases.length];
  for (const [name, ask] of Object.entries(targets)) {
    answers[name] = await ask(requests);
    if (answers[name].length !== cases.length) throw new Error(`${name} left answers to ${title} out`);
    const wanted = (at) => cases[at].expected?.replace(/\n$/, "") ?? answers.native[at];
    const wrong = answers[name].flatMap((given, at) => (given === wanted(at) ? [] : [at]));
    for (const at of wrong.slice(0, 3)) {
      console.error(`${cases[at].name} on ${name}:\n  expected ${wanted(at)}\n  given    ${answers[name][at]}`);
    }
    failed += wrong.length;
    row.push(wrong.length === 0 ? "equal" : `**${wrong.length} differ**`);
  }
  rows.push(row);
  return answers;
}

await compare("parse vectors, each in 4 cuts", vectors.parse());
await compare("replay vectors, each in 3 cuts", vectors.replay());
await compare("steps vectors, each with and without restarts", vectors.steps());

const seed = Number(values.seed);
const random = [...streams(seed, Number(values.streams))].map((request, at) => ({
  name: `stream ${at} of seed ${seed}: ${JSON.stringify(request)}`,
  request,
}));
const written = await compare(`random streams, seed ${seed}`, random);

for (const [writer, answers] of Object.entries(written)) {
  const snapshots = answers.slice(0, 300).map((text, at) => ({
    name: `snapshot ${at} that ${writer} wrote`,
    request: {
      kind: "restore",
      snapshot: JSON.parse(text).snapshot,
      input: random[at].request.input,
      now: random[at].request.start + 1_000,
      options: random[at].request.options,
    },
  }));
  await compare(`snapshots that ${writer} wrote, restored, fed and merged`, snapshots);
}

await browser.close();
server.close();
console.log(`| vectors | answers | ${Object.keys(targets).join(" | ")} |`);
console.log(`|---|---:|${Object.keys(targets).map(() => "---|").join("")}`);
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
if (failed > 0) {
  console.error(`${failed} answers differ`);
  process.exitCode = 1;
}
