/** The engine's worker: one recording in WebAssembly, answering while it reads. */
import init, { Replay, panicked } from "./pkg/mqtt_presence_wasm.js";
import wasm from "./pkg/mqtt_presence_wasm_bg.wasm?url";
import type { BrokerFormat, ClientFilter, Cursor, EventFilter, Fault, Input, Progress, Range, RuleOptions, Shape, Sort } from "./engine";
import { faultOf, open } from "./reading";

export interface Request {
  id: number;
  method: keyof typeof methods;
  args: unknown[];
}

export type Reply =
  | { id: number; result: unknown }
  | { id: number; error: { code: string; message: string } }
  | { progress: Progress };

/** Bytes that are parsed before anybody else gets a turn: some milliseconds. */
const PIECE = 1 << 19;
/** Events that are surveyed at a time: some milliseconds too. */
const STEP = 16_384;
const PROGRESS_EVERY = 50;
/** A table may double from here and still fit into the 4 GB of WebAssembly. */
const MEMORY = 1.5 * 2 ** 30;
/** What a packed file may unpack to. */
const UNPACKED = 4 * 2 ** 30;

let replay: Replay;
let memory: WebAssembly.Memory;
let state: Progress["state"] = "ready";
let bytes = 0;
let bytesTotal = 0;
let faults: Fault[] = [];
let formats: BrokerFormat[] = [];
let told = 0;
/** Grows with each cancel, so that what runs knows that it is over. */
let round = 0;
/** Grows with whatever changes the answers: a file that is saved in pieces is of one of them. */
let version = 0;
let saved = 0;
/** What waits for a complete survey. */
const unsettled: (() => void)[] = [];

// The first message comes before WebAssembly is ready, and waits for it.
self.onmessage = (event: MessageEvent<Request>) => void answer(event.data);
const ready = init({ module_or_path: wasm }).then((module) => {
  memory = module.memory;
  replay = new Replay({});
});

async function answer({ id, method, args }: Request): Promise<void> {
  try {
    await ready;
    const run = methods[method] as (...args: unknown[]) => unknown;
    const result = await run(...args);
    post({ id, result }, buffers(result));
  } catch (error) {
    post({ id, error: described(error) });
  }
}

function post(reply: Reply, transfer: Transferable[] = []): void {
  self.postMessage(reply, { transfer });
}

function described(error: unknown): { code: string; message: string } {
  const words = panickedWith();
  if (words) {
    state = "failed";
    return { code: "panicked", message: words };
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: typeof code === "string" ? code : "engine_failed", message: String(message ?? error) };
}

function panickedWith(): string | undefined {
  try {
    return panicked();
  } catch {
    return undefined;
  }
}

/** Typed arrays are handed over, not copied. */
function buffers(result: unknown): ArrayBuffer[] {
  const values = ArrayBuffer.isView(result) ? [result] : Object.values(result ?? {});
  return values.filter((value) => ArrayBuffer.isView(value)).map((view) => view.buffer as ArrayBuffer);
}

const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

/** Lets requests be answered that have come meanwhile. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    turns.port2.postMessage(null);
  });
}

function report(now = true): void {
  const time = performance.now();
  if (!now && time - told < PROGRESS_EVERY) return;
  told = time;
  const { from, to, ...counts } = replay.totals();
  post({ progress: { state, bytes, bytesTotal, ...counts, range: { from, to }, faults, formats } });
}

/** All that was pushed is surveyed. */
function settle(): void {
  state = "ready";
  report();
  for (const go of unsettled.splice(0)) go();
}

const reading = () => state === "loading";

/** Until all that is to be read is read and surveyed. */
async function settled(): Promise<void> {
  while (reading() || state === "surveying") await new Promise<void>((go) => unsettled.push(go));
}

/** What is asked of all clients while they are evaluated anew waits: of none of them it would be an empty answer. */
async function evaluated(): Promise<void> {
  while (state === "surveying") await new Promise<void>((go) => unsettled.push(go));
}

async function survey(mine: number): Promise<void> {
  while (mine === round && !replay.survey(STEP)) {
    report(false);
    await turn();
  }
}

async function load(inputs: Input[]): Promise<void> {
  const mine = round;
  state = "loading";
  version += 1;
  bytesTotal += inputs.reduce((sum, { blob }) => sum + blob.size, 0);
  report();
  for (const input of inputs) {
    if (mine !== round) break;
    await read(input, mine);
  }
  if (mine === round) await survey(mine);
  // Whoever cancelled has begun anew.
  if (mine === round) settle();
}

async function read(input: Input, mine: number): Promise<void> {
  const rejected = replay.totals().rejected;
  const before = bytes;
  const fail = (code: string, details: Fault["details"] = {}) => faults.push({ code, input: input.name, details });
  let unpacked = 0;
  let whole = false;
  replay.addFile(input.name);
  try {
    const stream = await open(input, (count) => (bytes += count));
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      unpacked += value.length;
      for (let at = 0; at < value.length && mine === round; at += PIECE) {
        replay.push(value.subarray(at, at + PIECE));
        note(replay.fileFormat());
        if (replay.surveyDue()) replay.survey(STEP);
        report(false);
        await turn();
      }
      if (mine !== round) {
        void reader.cancel().catch(() => undefined);
        return;
      }
      const large = memory.buffer.byteLength > MEMORY;
      const bomb = unpacked > UNPACKED;
      if (large) fail("out_of_memory");
      else if (bomb) fail("too_big", { size: unpacked, limit: UNPACKED });
      if (large || bomb) {
        void reader.cancel().catch(() => undefined);
        replay.abandonFile();
        return;
      }
    }
    whole = true;
    replay.finishFile();
    note(replay.fileFormat());
    // Chromium ends the stream of a file that was cut meanwhile as if all were read.
    if (bytes - before < input.blob.size) fail("read_failed");
    else if (unpacked === 0) fail("empty_input");
  } catch (error) {
    if (mine !== round) return;
    if (whole || panickedWith()) throw error;
    // What was read of a torn file is all there is of it.
    replay.finishFile();
    fail(faultOf(error), { message: String((error as Error).message ?? error) });
  }
  // A packed file may not be read to its very end.
  bytes = before + input.blob.size;
  if (notUtf8(rejected)) fail("invalid_utf8");
}

function note(format: string | undefined): void {
  if (format !== undefined && !formats.includes(format as BrokerFormat)) formats.push(format as BrokerFormat);
}

/** Whether one of the records rejected since was not UTF-8; of very many the first are looked at. */
function notUtf8(since: number): boolean {
  const errors = replay.errors(since, 10_000) as { message: string }[];
  return errors.some(({ message }) => message.includes("not UTF-8"));
}

function anew(): void {
  round += 1;
  version += 1;
  [bytes, bytesTotal, faults, formats] = [0, 0, [], []];
  settle();
}

const methods = {
  load,
  cancel(): void {
    if (state !== "loading") return;
    round += 1;
    replay.abandonFile();
    faults.push({ code: "cancelled", input: "", details: {} });
    bytesTotal = bytes;
    const mine = round;
    void survey(mine).then(() => {
      if (mine === round) settle();
    });
  },
  clear(): void {
    replay.clear();
    anew();
  },
  readAs(shape: Shape): void {
    replay.readAs(shape === "detected" ? {} : { formatIn: shape });
    anew();
  },
  async setOptions(options: RuleOptions): Promise<void> {
    replay.setOptions(options);
    version += 1;
    if (reading()) return;
    const mine = round;
    if (!replay.survey(STEP)) {
      state = "surveying";
      report();
      await survey(mine);
    }
    // A file that came meanwhile is surveyed at its end.
    if (mine === round && !reading()) settle();
  },
  async overview({ from, to }: Range, width: number) {
    await evaluated();
    return replay.overview(from, to, width);
  },
  lanes: (clients: Uint32Array, { from, to }: Range, width: number) => replay.lanes(clients, from, to, width),
  channels: (clients: Uint32Array, { from, to }: Range) => replay.channels(clients, from, to),
  async order(sort: Sort, filter: ClientFilter) {
    await evaluated();
    return replay.order(sort, filter);
  },
  names: (clients: Uint32Array) => replay.names(clients),
  find: (clientId: string) => replay.find(clientId) ?? null,
  events: (filter: EventFilter, first: number, count: number) => replay.events(filter, first, count),
  rowOf: (filter: EventFilter, record: number) => replay.rowOf(filter, record),
  recordAt: (time: number) => replay.recordAt(time),
  timeOf: (record: number) => replay.timeOf(record),
  standing: (clients: Uint32Array, { record, time }: Cursor) => replay.standing(clients, record, time),
  inspect(client: number, { record, time }: Cursor) {
    const found = replay.inspect(client, record, time);
    if (!found) throw { code: "no_client", message: `no client has number ${client}` };
    const state = (word: string | null) => word ?? "unknown";
    const explained = ({ status, ...explanation }: { status: string }) => ({ status, explanation });
    return {
      clientId: found.clientId,
      believed: explained(found.believed),
      actual: explained(found.actual),
      channels: found.channels.map((channel: { believed: string | null; actual: string | null }) => ({
        ...channel,
        believed: state(channel.believed),
        actual: state(channel.actual),
      })),
      anomalies: found.anomalies,
      json: replay.clientJson(client) ?? "",
    };
  },
  anomalies: () => replay.anomalies(),
  nextAnomaly: (record: number, direction: number, kind: string | null) => replay.nextAnomaly(record, direction, kind),
  offenders: (kind: string, first: number, count: number) => replay.offenders(kind, first, count),
  errors: (first: number, count: number) =>
    (replay.errors(first, count) as { file?: string }[]).map((error) => ({ ...error, file: error.file ?? null })),
  async exportPiece(what: string, filter: EventFilter, from: number) {
    if (from === 0) {
      if (what === "report" || filter.anomalous) await settled();
      saved = version;
    } else if (saved !== version) throw { code: "changed", message: "the recording changed while it was being saved" };
    return replay.exportPiece(what, filter, from);
  },
};
