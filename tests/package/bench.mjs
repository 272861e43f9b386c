// `Presence.push` beside the same rule in plain JavaScript, in one run: the
// same chunks, in turns, best of the rounds. `bench.mjs PACKAGE NDJSON [ROUNDS]`.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PlainPresence } from "./plain.mjs";

const [folder, file, rounds = "7"] = process.argv.slice(2);
const { Presence } = await import(join(folder, "dist", "esm", "node.js"));
const bytes = readFileSync(file);
const CHUNK = 65_536;
const NOW = 1_767_225_600_000;

function measure(presence, look) {
  let [accepted, flips] = [0, 0];
  const began = performance.now();
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const pushed = presence.push(bytes.subarray(at, at + CHUNK), NOW);
    accepted += pushed.accepted;
    if (look) flips += pushed.transitions.length;
  }
  const seconds = (performance.now() - began) / 1_000;
  presence.free?.();
  return { accepted, flips, seconds };
}

const contenders = [
  ["plain JavaScript: JSON.parse, Map of Map", () => measure(new PlainPresence(), true)],
  ["`Presence.push`", () => measure(new Presence(), false)],
  ["`Presence.push`, and every transition looked at", () => measure(new Presence(), true)],
];
const best = contenders.map(() => undefined);
for (let round = 0; round < Number(rounds); round++) {
  for (const [at, [, run]] of contenders.entries()) {
    const measured = run();
    if (!best[at] || measured.seconds < best[at].seconds) best[at] = measured;
  }
}
const [plain, , looked] = best;
if (best.some(({ accepted }) => accepted !== plain.accepted) || looked.flips !== plain.flips) {
  throw new Error(`the answers differ: ${JSON.stringify(best)}`);
}
for (const [at, { accepted, seconds }] of best.entries()) {
  console.log(`${contenders[at][0]}: ${Math.round(accepted / seconds)} events/s`);
}
