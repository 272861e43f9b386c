import { Recording as Inner } from "./glue/mqtt_presence_wasm.js";
import type {
  Anomaly,
  AnomalyKind,
  BrokerFormat,
  LimitOptions,
  Report,
  ReportedClient,
  RuleOptions,
  Status,
} from "./answers.js";
import { Held, bytesOf, parsed } from "./engine.js";

/** How a recording is evaluated; all times are milliseconds. */
export interface ReplayOptions extends RuleOptions, LimitOptions {
  /** So many transitions of a client within `flapWindow` are flapping, 5 when left out. */
  flapCount?: number;
  /** 60,000 when left out. */
  flapWindow?: number;
  /** An event further behind the newest before it is late, 60,000 when left out. */
  lateAfter?: number;
  /**
   * Whose messages the files hold; when left out, each file's beginning says it: events, recordings of AWS IoT,
   * EMQX or Mosquitto, or messages as `mosquitto_sub -F %j` prints them.
   */
  formatIn?: "events" | BrokerFormat;
}

/** Which part of a recording an answer is from; everything when empty. */
export type View = { after: number; at?: never } | { at: number; after?: never } | { after?: never; at?: never };

/** Something that gives chunks. */
export type Chunks =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/**
 * All events of a recording, to be looked at along two axes: what a consumer
 * believed after the first n records, and what was so at a time.
 */
export class Replay {
  readonly #held: Held<Inner>;

  constructor(options: ReplayOptions = {}) {
    this.#held = new Held(() => new Inner(options));
  }

  /** Begins a further file: record numbers run on, lines and offsets start anew. */
  addFile(name: string): this {
    this.#held.with((inner) => inner.addFile(name));
    return this;
  }

  /** The file's next piece, cut anywhere. */
  push(chunk: string | Uint8Array): this {
    this.#held.with((inner) => inner.push(bytesOf(chunk)));
    return this;
  }

  /** Says that the file ends here. */
  finishFile(): this {
    this.#held.with((inner) => inner.finishFile());
    return this;
  }

  /** Whose messages the file holds that was added last, as far as that is clear; `undefined` for events. */
  get fileFormat(): BrokerFormat | undefined {
    return this.#held.with((inner) => inner.fileFormat()) as BrokerFormat | undefined;
  }

  /** Reads one file to its end, chunk by chunk. */
  async load(source: Chunks, name = ""): Promise<this> {
    this.addFile(name);
    for await (const chunk of chunks(source)) this.push(chunk);
    return this.finishFile();
  }

  /** What a consumer believed of each client after the first n records, rejected ones too. */
  believed(n: number): Map<string, Status> {
    return new Map(parsed<[string, Status][]>(this.#held.with((inner) => inner.believed(n))));
  }

  /** What was so of each client at a time, as all records together tell it. */
  actual(t: number): Map<string, Status> {
    return new Map(parsed<[string, Status][]>(this.#held.with((inner) => inner.actual(t))));
  }

  /** What is odd, by record, then kind. */
  anomalies(kind?: AnomalyKind): (Anomaly & { clientId: string })[] {
    const found = this.clients().flatMap(({ clientId, anomalies }) =>
      anomalies.map((anomaly) => ({ clientId, ...anomaly })),
    );
    const wanted = kind === undefined ? found : found.filter((anomaly) => anomaly.kind === kind);
    // Already by kind within a record, and a record has one client.
    return wanted.sort((a, b) => a.record - b.record);
  }

  /** Every client in byte order of its id, with channels and anomalies. */
  clients(view: View = {}): ReportedClient[] {
    return this.report(view).clients;
  }

  /** The answer of `mqtt-presence replay`. */
  report(view: View = {}): Report {
    return parsed(this.reportBytes(view));
  }

  /** The same as UTF-8 bytes of JSON, equal to those that the command prints. */
  reportBytes({ after, at }: View = {}): Uint8Array {
    return this.#held.with((inner) => inner.report(after, at));
  }

  free(): void {
    this.#held.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

async function* chunks(source: Chunks): AsyncGenerator<Uint8Array | string> {
  if (typeof source === "string" || source instanceof Uint8Array) {
    yield source;
  } else if (Symbol.asyncIterator in source) {
    yield* source as AsyncIterable<Uint8Array | string>;
  } else if (Symbol.iterator in source) {
    yield* source as Iterable<Uint8Array | string>;
  } else {
    // Not every browser iterates over its streams.
    const stream = source instanceof Blob ? source.stream() : (source as ReadableStream<Uint8Array | string>);
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }
}
