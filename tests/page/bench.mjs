// Measures the page's budgets in headless Chromium, prints them and writes them into web/README.md.
// `cargo xtask bench page` runs it. Fails on nothing but a run that did not complete.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { drop, eventually } from "./harness/hand.mjs";
import { dist } from "./harness/places.mjs";
import { fleet } from "./harness/service.mjs";
import { startBrowser, stopBrowser, visit } from "./harness/visit.mjs";
import { observe } from "./harness/observe.mjs";

const CLIENTS = 20_000;
/** Sixty frames a second. */
const FRAME = 16.7;
const README = fileURLToPath(new URL("../../web/README.md", import.meta.url));
const [BEGIN, END] = ["<!-- budgets -->", "<!-- /budgets -->"];

const share = (values, part) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
const longest = (values) => Math.max(0, ...values);

/** What the renderer that has the page uses: resident memory in MB, now and at its highest; processor time of its threads in ms. */
async function use(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo
    .filter(({ type, id }) => type === "renderer" && existsSync(`/proc/${id}/status`))
    .map(({ id }) => {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      const [now, high] = ["VmRSS", "VmHWM"].map((name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1_000);
      const time = (thread) => {
        // The name within parentheses may hold spaces; ticks are hundredths of a second.
        const fields = readFileSync(`/proc/${id}/task/${thread}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
        return (Number(fields[11]) + Number(fields[12])) * 10;
      };
      const workers = readdirSync(`/proc/${id}/task`).filter((thread) => readFileSync(`/proc/${id}/task/${thread}/comm`, "utf8").startsWith("DedicatedWorker"));
      return { now, high, main: time(id), worker: workers.reduce((sum, thread) => sum + time(thread), 0) };
    });
  // A spare one stands by, and is smaller.
  return renderers.sort((a, b) => b.high - a.high)[0];
}

/** Which record, how many are online, how the clients in view read. */
const answers = ({ asked }) => [...(asked.recordAt ?? []), ...(asked.standing ?? [])];

async function measure(events) {
  const { path, size } = fleet(`${events}.ndjson`, events, { clients: CLIENTS });
  const { browser } = await startBrowser();
  // High enough for 40 lanes.
  const { page, close } = await visit("", { width: 1440, height: 1_600 });
  await observe(page);
  await page.reload();
  await page.waitForLoadState("networkidle");
  const before = await use(browser);
  await drop(page, path);
  await eventually(() => page.evaluate(() => window.seen.loaded), (loaded) => loaded > 0, { within: 120_000, what: "the end of loading" });
  const after = await use(browser);
  const load = await page.evaluate(() => ({ ...window.seen, asked: undefined }));
  const lanes = await page.locator(".lane-name").count();

  const drive = (name) => page.evaluate((name) => window.drive[name](), name);
  const seek = await drive("seek");
  const pan = await drive("pan");
  const zoom = await drive("zoom");
  const search = await drive("search");
  const scroll = await drive("scroll");
  await close();
  return {
    events, megabytes: size / 1e6, lanes,
    first: load.firstLanes - load.dropped,
    indexed: load.loaded - load.dropped,
    task: longest([...load.long, ...pan.long, ...zoom.long, ...seek.long, ...search.long, ...scroll.long]),
    taskWhileReading: longest(load.long),
    main: after.main - before.main, worker: after.worker - before.worker,
    resident: after.now - before.now, highest: after.high - before.now,
    pan: share(pan.frames, 0.95), zoom: share(zoom.frames, 0.95),
    panAnswer: share(pan.asked.lanes ?? [], 0.95),
    seek: longest(answers(seek)), seekShare: share(answers(seek), 0.95), seekFrame: share(seek.frames, 0.95),
    search: longest(search.asked.order ?? []),
    searchShare: share(search.asked.order ?? [], 0.95),
    scroll: share(scroll.asked.events ?? [], 0.95),
  };
}

function weight(ending) {
  const files = readdirSync(join(dist, "assets")).filter((file) => file.endsWith(ending));
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, "assets", file)), { level: 9 }).length, 0) / 1_000;
}

/** The clock of frames is off by a tenth now and then; a frame that is dropped takes twice as long. */
const JITTER = 0.2;

/** What was measured, and marked where it is more than the target. */
function cell(value, target, unit, digits) {
  const words = `${value.toFixed(digits)} ${unit}`;
  return target !== null && Number(value.toFixed(digits)) > target + (target === FRAME ? JITTER : 0) ? `**${words}**` : words;
}

function row(what, target, unit, values, digits = 0) {
  const [first, second = first] = values.map((value) => cell(value, target, unit, digits));
  return [what, target === null ? "" : `${target} ${unit}`, first, second];
}

const load = loadavg()[0].toFixed(1);
const one = await measure(1_000_000);
const five = await measure(5_000_000);
const both = (key) => [one[key], five[key]];
const table = [
  ["what", "at most", "1 million events", "5 million events"],
  row("first lanes after a drop", 150, "ms", both("first")),
  ["read and indexed", "1.0 s; 5 s", cell(one.indexed / 1_000, 1, "s", 2), cell(five.indexed / 1_000, 5, "s", 2)],
  row("processor time of the worker meanwhile", null, "s", both("worker").map((time) => time / 1_000), 2),
  row("processor time of the main thread meanwhile", null, "s", both("main").map((time) => time / 1_000), 2),
  ["memory beyond the empty page's, afterwards", "400 MB", ...both("resident").map((value) => cell(value, 400, "MB", 0))],
  ["the same, at its highest", "400 MB", ...both("highest").map((value) => cell(value, 400, "MB", 0))],
  row(`frame while panning ${one.lanes} lanes, p95`, FRAME, "ms", both("pan"), 1),
  row(`frame while zooming ${one.lanes} lanes, p95`, FRAME, "ms", both("zoom"), 1),
  row("longest main-thread task while reading", 50, "ms", both("taskWhileReading")),
  row("longest main-thread task of all", 50, "ms", both("task")),
  row("seek, answer to the slowest step", 16, "ms", both("seek"), 1),
  row("seek, answer, p95", 16, "ms", both("seekShare"), 1),
  row("frame while seeking, p95", FRAME, "ms", both("seekFrame"), 1),
  row(`search over ${CLIENTS.toLocaleString("en")} clients, answer to the slowest step`, 16, "ms", both("search"), 1),
  row(`search over ${CLIENTS.toLocaleString("en")} clients, answer, p95`, 16, "ms", both("searchShare"), 1),
  row("new lanes while panning, p95", null, "ms", both("panAnswer"), 1),
  row("further event rows while scrolling, p95", null, "ms", both("scroll"), 1),
  row("JavaScript, gzipped", 60, "kB", [weight(".js")], 1),
  row("WebAssembly, gzipped", 200, "kB", [weight(".wasm")], 1),
];
const lines = table.map((cells) => `| ${cells.join(" | ")} |`);
lines.splice(1, 0, "|---|---|---|---|");
const version = (await startBrowser()).browser.version();
const machine = `Measured in headless Chromium ${version} without a GPU, Node ${process.versions.node}, on ${cpus().length} cores of ` +
  `${cpus()[0].model.trim() || "an unnamed processor"} with ${(totalmem() / 2 ** 30).toFixed(0)} GB: ${CLIENTS.toLocaleString("en")} clients, ` +
  `${one.megabytes.toFixed(0)} and ${five.megabytes.toFixed(0)} MB of NDJSON, 0.1% lost, 0.5% twice, shuffled by up to 64 places. Load average at the start: ${load}. What misses its target is bold.`;
await stopBrowser();

const text = `${machine}\n\n${lines.join("\n")}\n`;
console.log(text);
const readme = readFileSync(README, "utf8");
const [head, rest] = readme.split(BEGIN);
if (!rest?.includes(END)) throw new Error(`\`${README}\` has no \`${BEGIN}\` … \`${END}\``);
writeFileSync(README, `${head}${BEGIN}\n${text}${END}${rest.split(END)[1]}`);
