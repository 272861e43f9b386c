// The vectors of this folder as requests with the answers that are expected.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const WHOLE = 1 << 30;

/** Bytes travel as text of one character a byte. */
const latin1 = (bytes) => bytes.toString("latin1");
const read = (...path) => readFileSync(join(here, ...path));
const json = (...path) => JSON.parse(read(...path).toString("utf8"));

/** From bytes to records, in one piece and in small ones. */
export function parse() {
  const inputs = readdirSync(join(here, "parse")).filter((file) => !file.endsWith(".expected.json"));
  return inputs.flatMap((file) => {
    const name = file.split(".")[0];
    const bytes = file.endsWith(".gen.json")
      ? Buffer.from(json("parse", file).parts.map(({ text, times }) => text.repeat(times)).join(""))
      : read("parse", file);
    const { events, errors } = json("parse", `${name}.expected.json`);
    // The order of keys does not matter in these files: this is that of the answers.
    const expected = JSON.stringify({
      events: events.map((event) => picked(event, [...PLACE, ...EVENT])),
      errors: errors.map((error) => picked(error, [...PLACE, ...ERROR])),
    });
    return [WHOLE, 4_096, 7, 1].map((chunk) => ({
      name: `parse/${name}, chunks of ${chunk}`,
      expected,
      request: { kind: "parse", input: latin1(bytes), chunk },
    }));
  });
}

const PLACE = ["record", "line", "column", "offset"];
const EVENT = ["clientId", "channelId", "eventType", "time", "clientIp", "extra"];
const ERROR = ["code", "field", "message"];

/** Recordings, byte for byte. */
export function replay() {
  const folders = readdirSync(join(here, "replay"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const all = readdirSync(join(here, "replay", name)).sort();
    const files = all
      .filter((file) => file.startsWith("input."))
      .map((file) => ({ name: file, input: latin1(read("replay", name, file)) }));
    const options = all.includes("options.json") ? json("replay", name, "options.json") : {};
    const expected = read("replay", name, "expected.json").toString("utf8");
    return [WHOLE, 7, 1].map((chunk) => ({
      name: `replay/${name}, chunks of ${chunk}`,
      expected,
      request: { kind: "replay", files, chunk, options },
    }));
  });
}

/** Stories of the rule, also with a restart after every step. */
export function steps() {
  const files = readdirSync(join(here, "steps")).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => {
    const { options, steps } = json("steps", file);
    const expected = JSON.stringify(
      steps.map(({ transitions, forgotten, expect }) => {
        if (transitions) return transitions.map((flip) => ({ ...picked(flip, FLIP), cause: picked(flip.cause, CAUSE) }));
        if (expect) return expect.map(client);
        return forgotten;
      }),
    );
    return [false, true].map((restart) => ({
      name: `steps/${file}${restart ? ", with restarts" : ""}`,
      expected,
      request: { kind: "steps", options, steps: steps.map(asked), restart },
    }));
  });
}

const FLIP = ["clientId", "online", "time", "observedAt", "cause"];
const CAUSE = ["channelId", "eventType"];

/** A step without its answers. */
function asked({ now, events, forget, expect }) {
  if (events) return { now, events };
  return expect ? { now, expect: expect.map(({ clientId }) => ({ clientId })) } : { now, forget };
}

function client(expected) {
  const fact = (slot) => slot && picked(slot, ["time", "clientIp"]);
  const channels = expected.channels.map((channel) => ({
    ...picked(channel, ["channelId", "state"]),
    connect: fact(channel.connect),
    disconnect: fact(channel.disconnect),
    tcpclean: fact(channel.tcpclean),
  }));
  return { ...picked(expected, ["clientId", "online", "status", "since"]), channels };
}

function picked(object, keys) {
  const missing = keys.filter((key) => !(key in object));
  if (missing.length > 0) throw new Error(`a vector lacks \`${missing}\``);
  return Object.fromEntries(keys.map((key) => [key, object[key]]));
}
