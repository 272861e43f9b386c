// The calls of the built package, one by one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { built } from "./installed.mjs";

// Before it is loaded, so that a test can use its memory up.
let memory;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memory = this.exports.memory;
  }
};

const { EventReader, Presence, PresenceError, Replay, init, presenceStream } = await import(
  join(built, "dist", "esm", "node.js")
);

const connect = (clientId, channelId, time) => JSON.stringify({ clientId, channelId, eventType: "connect", time });
const tcpclean = (clientId, channelId, time) => JSON.stringify({ clientId, channelId, eventType: "tcpclean", time });

test("a push is cut anywhere, also within a character", () => {
  const bytes = new TextEncoder().encode(connect("é\u{1f600}", "ç", 1) + connect("b", "c", 2));
  const whole = new Presence();
  whole.push(bytes, 9);
  for (let at = 0; at <= bytes.length; at++) {
    const presence = new Presence();
    const flips = [bytes.subarray(0, at), bytes.subarray(at)].flatMap((part) => presence.push(part, 9).transitions);
    assert.deepEqual(flips.map(({ clientId }) => clientId), ["é\u{1f600}", "b"]);
    assert.deepEqual(presence.snapshot(), whole.snapshot());
    presence.free();
  }
});

test("flips are what the answers say", () => {
  const presence = new Presence();
  const { accepted, transitions, errors } = presence.push(connect('q"\\', "\u{1f600}", 5) + connect("b", "c", 2), 7);
  assert.equal(accepted, 2);
  assert.deepEqual(errors, []);
  assert.deepEqual(transitions, [
    { clientId: 'q"\\', online: true, time: 5, observedAt: 7, cause: { channelId: "\u{1f600}", eventType: "connect" } },
    { clientId: "b", online: true, time: 2, observedAt: 7, cause: { channelId: "c", eventType: "connect" } },
  ]);
  assert.equal(presence.client("b", 7).since, 2);
});

test("what is pushed survives being looked at late, and JSON", () => {
  const presence = new Presence();
  const first = presence.push(connect("a", "c", 1), 7);
  const second = presence.push(`${connect("b", "c", 1)} no JSON\n{`, 8);
  assert.equal(second.transitions[0].clientId, "b");
  assert.equal(first.transitions[0].clientId, "a");
  const said = JSON.parse(JSON.stringify(presence.push("}", 9)));
  assert.deepEqual(said.errors.map(({ code, offset, line }) => [code, offset, line]), [["missing_field", 135, 2]]);
  // Text that is no JSON ends where the next record begins.
  assert.deepEqual(second.errors.map(({ code, line }) => [code, line]), [["invalid_json", 1]]);
});

test("errors are objects with their places", () => {
  const presence = new Presence();
  const [error] = presence.push('\n {"clientId":"a","channelId":"","eventType":"connect","time":1}').errors;
  assert.ok(error instanceof PresenceError && error instanceof Error);
  const { code, record, offset, line, column, field, message } = error;
  assert.deepEqual(
    { code, record, offset, line, column, field, message },
    {
      code: "empty_value",
      record: 1,
      offset: 2,
      line: 2,
      column: 2,
      field: "channelId",
      message: 'channelId must not be empty: `""`',
    },
  );
});

test("what is cut off by the end of the input is told, and the next input begins anew", () => {
  const presence = new Presence();
  assert.equal(presence.push('{"clientId":"a"').errors.length, 0);
  assert.equal(presence.finish().errors[0].code, "truncated");
  assert.equal(presence.push(connect("a", "c", 1)).accepted, 1);
});

test("closing, takeover, lease and retention are asked for by name", () => {
  const tcp = new Presence({ closing: "tcpclean" });
  tcp.push(connect("a", "c", 1) + '{"clientId":"a","channelId":"c","eventType":"disconnect","time":2}');
  assert.equal(tcp.isOnline("a"), true);

  const takeover = new Presence({ takeover: true });
  takeover.push(connect("a", "c1", 1) + connect("a", "c2", 2));
  assert.deepEqual(takeover.client("a").channels.map(({ state }) => state), ["superseded", "live"]);

  const lease = new Presence({ lease: 10 });
  lease.push(connect("a", "c", 100), 100);
  assert.deepEqual([lease.status("a", 110), lease.status("a", 111)], ["online", "suspect"]);

  const retention = new Presence({ retention: 10 });
  retention.push(connect("a", "c", 1) + tcpclean("a", "c", 2), 100);
  assert.deepEqual([retention.forget(110), retention.forget(111)], [0, 1]);
  assert.equal(retention.status("a"), "offline");
  assert.equal(retention.status("b"), "unknown");
});

test("clients come in byte order, page by page", () => {
  const presence = new Presence();
  for (const id of ["b2", "\u{1f600}", "a", "\uffee", "b1"]) presence.push(connect(id, "c", 1));
  assert.deepEqual(presence.clients().map(({ clientId }) => clientId), ["a", "b1", "b2", "\uffee", "\u{1f600}"]);
  assert.deepEqual(presence.clients({ prefix: "b", limit: 1 }), [
    { clientId: "b1", online: true, status: "online", since: 1 },
  ]);
  assert.deepEqual(presence.clients({ prefix: "b", after: "b1" }).map(({ clientId }) => clientId), ["b2"]);
  assert.deepEqual(presence.stats(), {
    clients: 5,
    online: 5,
    suspect: 0,
    channels: { live: 5, closed: 0, orphan: 0, superseded: 0, suspect: 0 },
  });
});

test("states merge from instances and from snapshots, both ways alike", () => {
  const [a, b] = [new Presence(), new Presence()];
  a.push(connect("x", "c", 1), 5);
  b.push(tcpclean("x", "c", 2) + connect("y", "d", 3), 5);
  const flips = a.merge(b, 6);
  assert.deepEqual(flips.map(({ clientId, online }) => [clientId, online]), [["x", false], ["y", true]]);
  assert.deepEqual(a.merge(b.snapshot(), 7), []);
  assert.deepEqual(Presence.restore(a.snapshot()).snapshot(), a.snapshot());
});

test("what cannot be done is said, and nothing is changed", () => {
  const code = (code) => (error) => error instanceof PresenceError && error.code === code;
  assert.throws(() => new Presence({ closing: "never" }), code("unknown_word"));
  assert.throws(() => new Presence({ lease: "long" }), code("wrong_type"));
  const presence = new Presence();
  presence.push(connect("a", "c", 1));
  assert.throws(() => presence.restore(new TextEncoder().encode("no snapshot")), code("bad_snapshot"));
  const damaged = presence.snapshot();
  damaged[damaged.length - 3] ^= 1;
  assert.throws(() => presence.merge(damaged), code("bad_snapshot"));
  assert.equal(presence.isOnline("a"), true);
  presence.free();
  presence[Symbol.dispose]?.();
  assert.throws(() => presence.isOnline("a"), code("freed"));
});

test("a replay answers along both axes", async () => {
  const replay = await new Replay().load(
    new Blob([tcpclean("a", "c", 2_000), connect("a", "c", 1_000), connect("b", "d", 3_000), "junk"]),
    "f",
  );
  assert.deepEqual([...replay.believed(1)], [["a", "offline"], ["b", "unknown"]]);
  assert.deepEqual([...replay.actual(1_500)], [["a", "online"], ["b", "unknown"]]);
  assert.deepEqual(replay.anomalies(), [{ clientId: "a", kind: "out_of_order", channelId: "c", record: 2 }]);
  assert.deepEqual(replay.anomalies("late"), []);
  assert.deepEqual(replay.clients().map(({ clientId, online }) => [clientId, online]), [["a", false], ["b", true]]);
  assert.equal(replay.report({ after: 1 }).summary.records, 1);
  assert.equal(replay.report().errors[0].code, "invalid_json");
});

test("recordings of brokers are read as such, unless told otherwise", () => {
  const log = "1700000000: New client connected from 10.0.0.1:5 as m (p2, c1, k60).\n1700000003: Client m closed its connection.\n";
  const replay = new Replay().addFile("mosquitto.log").push(log).finishFile();
  assert.equal(replay.fileFormat, "mosquitto");
  assert.deepEqual([...replay.actual(1_700_000_001_000)], [["m", "online"]]);
  assert.equal(replay.report().summary.accepted, 2);
  const events = new Replay({ formatIn: "events" }).push(log).finishFile();
  assert.equal(events.fileFormat, undefined);
  assert.equal(events.report().summary.accepted, 0);
  const generic = new Replay({ formatIn: "generic" }).push('{"clientId":"g","eventType":"connect","time":5}').finishFile();
  assert.equal(generic.clients()[0].channels[0].channelId, "g@?@5");
  assert.throws(() => new Replay({ formatIn: "hivemq" }), { code: "unknown_word" });
  const run = (...flags) =>
    spawnSync(process.execPath, [join(built, "dist", "esm", "cli.js"), "replay", "-", ...flags], { input: log, encoding: "utf8" });
  assert.equal(run().stderr, "`-` is read as `mosquitto`; `--format-in events` reads it as events\n");
  assert.equal(run("--format-in", "events").stderr, "");
  assert.equal(run("--format-in", "hivemq").status, 2);
});

test("init may be called in Node too, again and again", async () => {
  await Promise.all([init(), init()]);
});

test("a stream gives flips and tells of errors", async () => {
  const errors = [];
  const stream = presenceStream({ clock: () => 5, onError: (error) => errors.push(error.code) });
  const text = new Blob([connect("a", "c", 1), "junk", tcpclean("a", "c", 2), "{"]).stream();
  const flips = [];
  for await (const flip of text.pipeThrough(stream)) flips.push(flip.online);
  assert.deepEqual(flips, [true, false]);
  assert.deepEqual(errors, ["invalid_json", "truncated"]);
});

test("events are read and nothing is done with them", () => {
  const reader = new EventReader({ maxDepth: 2 });
  const { events, errors } = reader.push(`${connect("a", "c", 1).slice(0, -1)},"more":{"x":1}}{"a":[[1]]}`);
  assert.equal(events[0].extra, '{"more":{"x":1}}');
  assert.deepEqual(errors.map(({ code }) => code), ["too_large"]);
  assert.deepEqual(reader.finish(), { events: [], errors: [] });
});

test("the command prints what native prints, byte for byte", () => {
  const here = dirname(fileURLToPath(import.meta.url));
  const vectors = join(here, "..", "conformance", "replay");
  const folders = readdirSync(vectors, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.ok(folders.length > 0);
  for (const [at, { name }] of folders.entries()) {
    const cwd = join(vectors, name);
    const all = readdirSync(cwd).sort();
    const options = all.includes("options.json") ? JSON.parse(readFileSync(join(cwd, "options.json"), "utf8")) : {};
    const flags = Object.entries(options).flatMap(([key, value]) => {
      const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      if (typeof value === "boolean") return value ? [flag] : [];
      return [flag, /Window|lateAfter/.test(key) ? `${value}ms` : String(value)];
    });
    const files = all.filter((file) => file.startsWith("input."));
    const expected = readFileSync(join(cwd, "expected.json"), "utf8");
    const said = (format) => {
      const args = [join(built, "dist", "esm", "cli.js"), "replay", ...files, ...flags, "--format", format];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
      assert.equal(status, 0, `${name}: ${stderr}`);
      return stdout;
    };
    assert.equal(said("json"), expected, name);
    // The other format is the same answer in other lines.
    if (at % 8 > 0) continue;
    const { clients, errors } = JSON.parse(expected);
    const lines = [...clients, ...errors].map((entry) => `${JSON.stringify(entry)}\n`).join("");
    assert.equal(said("ndjson"), lines, name);
  }
});

test("the command prints a table for people", () => {
  const args = [join(built, "dist", "esm", "cli.js"), "replay", "-", "--at", "1970-01-01T00:00:02Z"];
  const input = connect("a", "c", 1_000) + connect("b", "d", 3_000) + tcpclean("a", "c", 2_000) + "?";
  const { stdout } = spawnSync(process.execPath, args, { input, encoding: "utf8" });
  // As the native command prints it.
  assert.equal(
    stdout,
    `1 client: 0 online at 1970-01-01T00:00:02.000Z
4 records: 3 accepted (0 duplicates), 1 rejected

  client   status    channels   last event                 anomalies
──────────────────────────────────────────────────────────────────────
  a        offline   1 closed   1970-01-01T00:00:02.000Z
  b        unknown

  record   line:column   error          message
──────────────────────────────────────────────────────────────────────────────────────────
  4        1:200         invalid_json   text that is not JSON at line 1, column 200: \`?\`
`,
  );
});

// Last, because it leaves no memory.
test("a fault ends its own instance and no other", () => {
  const [one, other] = [new Presence(), new Presence()];
  one.push(connect("a", "c", 1));
  other.push(connect("b", "c", 1));
  memory.grow(65_536 - memory.buffer.byteLength / 65_536);
  const ended = (error) => error instanceof PresenceError && error.code === "panicked";
  assert.throws(() => one.push(new Uint8Array(64 << 20).fill(32)), ended);
  assert.throws(() => one.isOnline("a"), ended);
  assert.equal(other.isOnline("b"), true);
  assert.equal(other.push(tcpclean("b", "c", 2)).transitions.length, 1);
});
