// The conformance vectors, through the real worker in Chromium and through the page itself.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { by, drop, eventually, exported, loaded } from "./harness/hand.mjs";
import { vectors } from "./harness/places.mjs";
import { onPage } from "./harness/page.mjs";
import { asFile, startWorker } from "./harness/worker.mjs";

const replays = readdirSync(join(vectors, "replay"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const folder = join(vectors, "replay", name);
    const options = join(folder, "options.json");
    const inputs = readdirSync(folder).filter((file) => file.startsWith("input.")).sort();
    const { after, at, ...rule } = existsSync(options) ? JSON.parse(readFileSync(options)) : {};
    return { name, folder, inputs, after, at, rule, expected: readFileSync(join(folder, "expected.json"), "utf8") };
  });
const whole = replays.filter(({ after, at }) => after === undefined && at === undefined);
const cut = replays.filter((vector) => !whole.includes(vector));

const parses = readdirSync(join(vectors, "parse"))
  .filter((file) => file.endsWith(".expected.json"))
  .map((file) => {
    const name = file.slice(0, -".expected.json".length);
    const input = readdirSync(join(vectors, "parse")).find((other) => other.startsWith(`${name}.`) && other !== file);
    let bytes = readFileSync(join(vectors, "parse", input));
    if (input.endsWith(".gen.json")) bytes = Buffer.from(JSON.parse(bytes).parts.map(({ text, times }) => text.repeat(times)).join(""));
    return { name, bytes, expected: JSON.parse(readFileSync(join(vectors, "parse", file))) };
  });

const filesOf = ({ folder, inputs }) => inputs.map((input) => asFile(input, readFileSync(join(folder, input))));

onPage("the worker's report of each replay vector is the expected one, byte for byte", async (page, _, context) => {
  assert.ok(whole.length > 40, `${whole.length} vectors`);
  await startWorker(page);
  for (const vector of whole) {
    const report = await page.evaluate(async ({ files, rule }) => {
      await window.record(files, rule);
      return window.exportAll("report");
    }, { files: filesOf(vector), rule: vector.rule });
    assert.equal(report, vector.expected, vector.name);
  }
  context.diagnostic(`${whole.length} vectors`);
});

onPage("the inspector's answers at a record and at a time are those of the vectors", async (page, _, context) => {
  assert.ok(cut.length > 10, `${cut.length} vectors`);
  await startWorker(page);
  for (const vector of cut) {
    const { clients } = JSON.parse(vector.expected);
    const answers = await page.evaluate(
      async ({ files, rule, ids, cursor }) => {
        await window.record(files, rule);
        const answers = [];
        for (const id of ids) {
          const client = await window.ask("find", id);
          answers.push(client === null ? null : await window.ask("inspect", client, cursor));
        }
        return answers;
      },
      { files: filesOf(vector), rule: vector.rule, ids: clients.map(({ clientId }) => clientId), cursor: { record: vector.after ?? 0, time: vector.at ?? 0 } },
    );
    const side = vector.after === undefined ? "actual" : "believed";
    for (const [at, { clientId, status, channels }] of clients.entries()) {
      assert.equal(answers[at]?.[side].status, status, `${vector.name}: ${clientId}`);
      const states = answers[at].channels.filter((channel) => channel[side] !== "unknown").map((channel) => [channel.channelId, channel[side]]);
      assert.deepEqual(states.sort(), channels.map(({ channelId, state }) => [channelId, state]).sort(), `${vector.name}: ${clientId}`);
    }
  }
  context.diagnostic(`${cut.length} vectors`);
});

onPage("the worker reads each parse vector as expected", async (page, _, context) => {
  assert.ok(parses.length > 100, `${parses.length} vectors`);
  await startWorker(page);
  for (const { name, bytes, expected } of parses) {
    const { rows, errors, saved } = await page.evaluate(async ({ files, most }) => {
      await window.record(files, {});
      const rows = await window.ask("events", window.all, 0, most);
      const errors = await window.ask("errors", 0, most);
      return { rows: { ...rows, record: [...rows.record], time: [...rows.time], kind: [...rows.kind] }, errors, saved: await window.exportAll("ndjson") };
    }, { files: [asFile(name, bytes)], most: 1_000_000 });
    assert.deepEqual(errors.map(({ file, ...error }) => error), expected.errors, name);
    assert.equal(rows.total, expected.events.length, name);
    const lines = saved.split("\n").slice(0, -1);
    for (const [at, { record, clientId, channelId, eventType, time, clientIp, extra }] of expected.events.entries()) {
      const kind = ["connect", "disconnect", "tcpclean"][rows.kind[at]];
      assert.deepEqual(
        [rows.record[at], rows.clientIds[at], rows.channelIds[at], kind, rows.time[at], rows.clientIps[at]],
        [record, clientId, channelId, eventType, time, clientIp], name,
      );
      // A saved record has its own fields first and then the others as they were.
      const own = JSON.stringify({ clientId, channelId, eventType, time, ...(clientIp === null ? {} : { clientIp }) });
      assert.equal(lines[at], extra === null ? own : `${own.slice(0, -1)},${extra.slice(1)}`, name);
    }
  }
  context.diagnostic(`${parses.length} vectors`);
});

/** What the page's form for the rule can say; it counts whole seconds, and takes no empty file. */
const sayable = ({ rule, inputs, folder }) =>
  (rule.flapWindow ?? 0) % 1_000 === 0 && (rule.lateAfter ?? 0) % 1_000 === 0 && inputs.every((input) => readFileSync(join(folder, input)).length > 0);

async function choose(page, rule) {
  const { closing = "any", takeover = false, flapCount = 5, flapWindow = 60_000, lateAfter = 60_000 } = rule;
  await page.locator("summary", { hasText: "Rule" }).click();
  await page.getByLabel("What ends a channel").selectOption(closing);
  await page.getByLabel("A newer connect supersedes older channels").setChecked(takeover);
  for (const [label, value] of [["Flapping: transitions", flapCount], ["within seconds", flapWindow / 1_000], ["Late after seconds", lateAfter / 1_000]]) {
    await page.getByLabel(label).fill(`${value}`);
    await page.getByLabel(label).blur();
  }
  await page.keyboard.press("Escape");
}

onPage("what the page saves of each replay vector is the expected report, byte for byte", async (page, _, context) => {
  const said = whole.filter(sayable);
  assert.ok(said.length > whole.length - 5, `${said.length} of ${whole.length}`);
  for (const { name, folder, inputs, rule, expected } of said) {
    await drop(page, ...inputs.map((input) => join(folder, input)));
    const { records } = JSON.parse(expected).summary;
    await loaded(page, records);
    const changed = Object.keys(rule).length > 0;
    if (changed) await choose(page, rule);
    const { bytes } = await exported(page, "Report, as JSON");
    assert.equal(bytes.toString(), expected, name);
    if (changed) await choose(page, {});
    await page.getByRole("button", { name: "Close this recording" }).click();
    await by(page, "drop-zone").waitFor();
  }
  context.diagnostic(`${said.length} of ${whole.length} vectors`);
});
