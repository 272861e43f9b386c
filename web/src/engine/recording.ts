/** The engine for files, pastes and samples: WebAssembly in a worker. */
import type {
  Anomaly, AnomalyKind, AnomalySummary, ChannelBars, ClientFilter, Cursor, Engine, EventFilter, EventRows, Input,
  Inspection, Lanes, Overview, Progress, Range, RejectedRecord, RuleOptions, Shape, Sort, Standing,
} from "./engine";
import type { Reply, Request } from "./worker";

export function openRecording(): Engine {
  return new Recording(new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "recording" }));
}

interface Waiting {
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** What the engine threw: a stable code and a sentence. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

class Recording implements Engine {
  readonly kind = "recording";
  onProgress: ((progress: Progress) => void) | null = null;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #over: unknown = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = (event: MessageEvent<Reply>) => this.#receive(event.data);
    worker.onerror = (event) => this.#end(new EngineError("engine_failed", event.message || "the worker did not start"));
  }

  #receive(reply: Reply): void {
    if ("progress" in reply) {
      this.onProgress?.(reply.progress);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new EngineError(reply.error.code, reply.error.message));
    else waiting?.resolve(reply.result);
  }

  #ask<T>(method: Request["method"], ...args: unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#over) {
        reject(this.#over);
        return;
      }
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage({ id, method, args } satisfies Request);
    });
  }

  #end(reason: unknown): void {
    this.#over ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#over);
    this.#waiting.clear();
  }

  load(inputs: Input[]): Promise<void> {
    return this.#ask("load", inputs);
  }
  cancel(): void {
    this.#ask("cancel").catch(() => undefined);
  }
  clear(): Promise<void> {
    return this.#ask("clear");
  }
  readAs(shape: Shape): Promise<void> {
    return this.#ask("readAs", shape);
  }
  setOptions(options: RuleOptions): Promise<void> {
    return this.#ask("setOptions", options);
  }

  overview(range: Range, width: number): Promise<Overview> {
    return this.#ask("overview", range, width);
  }
  lanes(clients: Uint32Array, range: Range, width: number): Promise<Lanes> {
    return this.#ask("lanes", clients, range, width);
  }
  channels(clients: Uint32Array, range: Range): Promise<ChannelBars> {
    return this.#ask("channels", clients, range);
  }
  order(sort: Sort, filter: ClientFilter): Promise<Uint32Array> {
    return this.#ask("order", sort, filter);
  }
  names(clients: Uint32Array): Promise<string[]> {
    return this.#ask("names", clients);
  }
  find(clientId: string): Promise<number | null> {
    return this.#ask("find", clientId);
  }

  events(filter: EventFilter, first: number, count: number): Promise<EventRows> {
    return this.#ask("events", filter, first, count);
  }
  rowOf(filter: EventFilter, record: number): Promise<number> {
    return this.#ask("rowOf", filter, record);
  }
  recordAt(t: number): Promise<number> {
    return this.#ask("recordAt", t);
  }
  timeOf(record: number): Promise<number> {
    return this.#ask("timeOf", record);
  }
  standing(clients: Uint32Array, cursor: Cursor): Promise<Standing> {
    return this.#ask("standing", clients, cursor);
  }

  inspect(client: number, cursor: Cursor): Promise<Inspection> {
    return this.#ask("inspect", client, cursor);
  }
  anomalies(): Promise<AnomalySummary[]> {
    return this.#ask("anomalies");
  }
  nextAnomaly(record: number, direction: 1 | -1, kind: AnomalyKind | null): Promise<Anomaly | null> {
    return this.#ask("nextAnomaly", record, direction, kind);
  }
  offenders(kind: AnomalyKind, first: number, count: number): Promise<Anomaly[]> {
    return this.#ask("offenders", kind, first, count);
  }
  errors(first: number, count: number): Promise<RejectedRecord[]> {
    return this.#ask("errors", first, count);
  }

  async *export(what: "ndjson" | "csv" | "report", filter: EventFilter): AsyncIterable<Uint8Array> {
    let from: number | null = 0;
    while (from !== null) {
      const piece: { bytes: Uint8Array; next: number | null } = await this.#ask("exportPiece", what, filter, from);
      yield piece.bytes;
      // Rust's `None` arrives as `undefined`.
      from = piece.next ?? null;
    }
  }

  close(): void {
    this.#end(new DOMException("the engine was closed", "AbortError"));
    this.#worker.terminate();
  }
}
