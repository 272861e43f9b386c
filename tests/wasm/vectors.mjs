// Runs the vectors of tests/conformance/replay through the WebAssembly engine:
// `node tests/wasm/vectors.mjs`, after `cargo xtask page --engine`. Those with
// `after` or `at` ask for a view that the engine has no report of.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import init, { Replay } from "../../web/src/engine/pkg/mqtt_presence_wasm.js";

const pkg = new URL("../../web/src/engine/pkg/", import.meta.url);
await init({ module_or_path: readFileSync(new URL("mqtt_presence_wasm_bg.wasm", pkg)) });
const root = new URL("../conformance/replay/", import.meta.url);
let [ran, failed] = [0, 0];

for (const { name } of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const folder = new URL(`${name}/`, root);
  const file = new URL("options.json", folder);
  const options = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  if ("after" in options || "at" in options) continue;
  const expected = readFileSync(new URL("expected.json", folder), "utf8");
  for (const chunk of [1, 7, 4_096]) {
    const given = report(folder, options, chunk);
    ran += 1;
    if (given === expected) continue;
    failed += 1;
    console.error(`${name}, chunks of ${chunk}:\n  expected ${expected}  given    ${given}`);
  }
}

function report(folder, options, chunk) {
  const replay = new Replay(options);
  for (const input of readdirSync(folder).filter((entry) => entry.startsWith("input.")).sort()) {
    const bytes = new Uint8Array(readFileSync(new URL(input, folder)));
    replay.addFile(input);
    for (let at = 0; at < bytes.length; at += chunk) replay.push(bytes.subarray(at, at + chunk));
    replay.finishFile();
  }
  while (!replay.survey(1));
  const pieces = [];
  for (let from = 0; from !== null; ) {
    const piece = replay.exportPiece("report", {}, from);
    pieces.push(piece.bytes);
    from = piece.next;
  }
  replay.free();
  return Buffer.concat(pieces).toString("utf8");
}

console.log(`${ran} runs, ${failed} failed`);
if (failed > 0 || ran < 100) process.exit(1);
