// Measures the page's engine in Node: `node tests/bench/engine.mjs FILE`, after
// `cargo xtask page`. FILE is NDJSON, such as `mqtt-presence generate` writes.
// Times are wall times; on a busy machine the processor time of loading, given
// beside them, says more.
// Prints each budget of the page that the engine has a part in. Reading the
// file and a turn for others between pieces are not counted.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import init, { Replay } from "../../web/src/engine/pkg/mqtt_presence_wasm.js";

const PIECE = 1 << 20;
const STEP = 16_384;
const file = process.argv[2];
if (!file) {
  console.error("usage: node tests/bench/engine.mjs FILE");
  process.exit(2);
}

const folder = new URL("../../web/src/engine/pkg/", import.meta.url);
const { memory } = await init({ module_or_path: readFileSync(new URL("mqtt_presence_wasm_bg.wasm", folder)) });
const rows = [];
const clock = () => performance.now();

function timed(run) {
  const began = clock();
  const result = run();
  return [clock() - began, result];
}

/** The slowest of several runs: a person sees the slow ones. */
function slowest(what, target, times, run) {
  let most = 0;
  for (let turn = 0; turn < times; turn += 1) most = Math.max(most, timed(() => run(turn))[0]);
  rows.push({ what, ms: most, target });
}

const replay = new Replay({});
replay.addFile(file);
const input = openSync(file, "r");
const buffer = new Uint8Array(PIECE);
let [parsing, surveying, bytes, longest] = [0, 0, 0, 0];
let first = null;
const before = process.cpuUsage();
for (;;) {
  const length = readSync(input, buffer);
  if (length === 0) break;
  bytes += length;
  const [push] = timed(() => replay.push(buffer.subarray(0, length)));
  const [look] = timed(() => replay.surveyDue() && replay.survey(STEP));
  parsing += push;
  surveying += look;
  longest = Math.max(longest, push + look);
  if (first === null) {
    const [draw] = timed(() => lanes(40, 1_400));
    first = push + look + draw;
  }
}
closeSync(input);
replay.finishFile();
for (;;) {
  const [step, done] = timed(() => replay.survey(STEP));
  surveying += step;
  longest = Math.max(longest, step);
  if (done) break;
}
const used = process.cpuUsage(before);
const processor = (used.user + used.system) / 1_000;

function span() {
  const { from, to } = replay.totals();
  return { from, to, length: to - from };
}
function lanes(count, width, zoom = 1, shift = 0) {
  const { from, length } = span();
  const clients = replay.order("anomalies", {}).subarray(0, count);
  const start = from + length * shift;
  return replay.lanes(clients, start, start + length / zoom, width);
}

const totals = replay.totals();
const { from, to, length } = span();
const millions = totals.accepted / 1e6;
rows.push({ what: "first lanes after a drop", ms: first, target: 150 });
rows.push({ what: `${millions.toFixed(1)} M events parsed`, ms: parsing });
rows.push({ what: `${millions.toFixed(1)} M events surveyed`, ms: surveying });
rows.push({ what: `${millions.toFixed(1)} M events indexed`, ms: parsing + surveying, target: 1_000 * millions });
rows.push({ what: "processor time of it, with reading", ms: processor });
rows.push({ what: "longest time without a turn", ms: longest });

const all = replay.order("anomalies", {});
const some = all.subarray(0, 40);
slowest("40 lanes, first time", 16.7, 1, () => replay.lanes(all.subarray(40, 80), from, to, 1_400));
slowest("40 lanes, pan and zoom", 16.7, 60, (turn) => {
  const start = from + (length * turn) / 100;
  return replay.lanes(some, start, start + length / (1 + turn), 1_400);
});
slowest("overview", 16.7, 20, () => replay.overview(from, to, 1_400));
const at = (turn) => Math.floor((totals.records * ((turn * 37) % 101)) / 100);
slowest("seek: 40 clients and all counts", 16, 200, (turn) => replay.standing(some, at(turn), replay.timeOf(at(turn))));
slowest("seek: record at a time", 16, 200, (turn) => replay.recordAt(from + (length * turn) / 200));
for (const text of ["device-0", "device-0123", "a8e", "zzz", "a"]) {
  slowest(`search \`${text}\``, 16, 5, () => replay.order("anomalies", { text }));
}
slowest("order by name", 16, 5, () => replay.order("name", {}));
slowest("order by flaps", 16, 5, () => replay.order("flaps", {}));
slowest("100 rows, no filter", 16, 50, (turn) => replay.events({}, at(turn), 100));
slowest("100 rows, a new filter", 16, 3, (turn) =>
  replay.events({ kinds: ["connect", "tcpclean", "disconnect"].slice(0, turn + 1), range: { from, to: to - turn } }, 1_000, 100));
slowest("inspect", 16, 50, (turn) => replay.inspect(all[turn * 13], at(turn), to));
slowest("next anomaly", 16, 50, (turn) => replay.nextAnomaly(at(turn), 1, null));
slowest("summaries of anomalies", 16, 5, () => replay.anomalies());

console.log(`${(bytes / 1e6).toFixed(0)} MB, ${JSON.stringify(totals)}`);
console.log(`memory ${(memory.buffer.byteLength / 1e6).toFixed(0)} MB`);
for (const { what, ms, target } of rows) {
  const verdict = target === undefined ? "" : `at most ${target.toFixed(1).padStart(7)}  ${ms <= target ? "ok" : "MISSED"}`;
  console.log(`${what.padEnd(36)} ${ms.toFixed(2).padStart(9)} ms  ${verdict}`);
}
