import type { ExplainedClient, ListedClient, Stats, Status, Transition } from "./answers.js";
import type { WasmSource } from "./engine.js";
import { PresenceError, type ErrorCode, type Rejection } from "./error.js";
import type { ClientsQuery, PresenceOptions, Pushed } from "./presence.js";
import type { Reply } from "./serve.js";

/** A `Worker` of the web or of `node:worker_threads`. */
interface WorkerLike {
  postMessage(message: unknown): void;
  addEventListener?(type: "message", listener: (event: MessageEvent) => void): void;
  on?(type: "message", listener: (data: unknown) => void): unknown;
  terminate(): unknown;
}

/** A `Presence` in a worker that runs `mqtt-presence/worker`: the same calls, answered later. */
export class PresenceWorker {
  readonly #worker: WorkerLike;
  readonly #waiting = new Map<number, { resolve(value: never): void; reject(error: unknown): void }>();
  #next = 0;

  constructor(worker: WorkerLike, options: PresenceOptions = {}, wasm?: WasmSource) {
    this.#worker = worker;
    if (worker.on) worker.on("message", (data) => this.#take(data as Reply));
    else worker.addEventListener?.("message", ({ data }) => this.#take(data));
    // Who calls next is told where this fails.
    this.#call("open", options, wasm).catch(() => {});
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("value" in reply) waiting?.resolve(reply.value as never);
    else waiting?.reject(new PresenceError(reply.error as unknown as Rejection & { code: ErrorCode }));
  }

  #call<T>(call: string, ...given: unknown[]): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, with: given });
    });
  }

  async push(chunk: string | Uint8Array, now?: number): Promise<Pushed> {
    return withErrors(await this.#call("push", chunk, now));
  }

  async finish(now?: number): Promise<Pushed> {
    return withErrors(await this.#call("finish", now));
  }

  isOnline(clientId: string, now?: number): Promise<boolean> {
    return this.#call("isOnline", clientId, now);
  }

  status(clientId: string, now?: number): Promise<Status> {
    return this.#call("status", clientId, now);
  }

  client(clientId: string, now?: number): Promise<ExplainedClient> {
    return this.#call("client", clientId, now);
  }

  clients(query?: ClientsQuery): Promise<ListedClient[]> {
    return this.#call("clients", query);
  }

  stats(now?: number): Promise<Stats> {
    return this.#call("stats", now);
  }

  snapshot(): Promise<Uint8Array> {
    return this.#call("snapshot");
  }

  restore(snapshot: Uint8Array): Promise<void> {
    return this.#call("restore", snapshot);
  }

  merge(snapshot: Uint8Array, now?: number): Promise<Transition[]> {
    return this.#call("merge", snapshot, now);
  }

  forget(now: number): Promise<number> {
    return this.#call("forget", now);
  }

  /** Ends the worker. */
  free(): void {
    this.#worker.terminate();
    const ended = new PresenceError({ code: "freed", message: "this worker was ended" });
    for (const { reject } of this.#waiting.values()) reject(ended);
    this.#waiting.clear();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

function withErrors(pushed: { accepted: number; transitions: Transition[]; errors: Rejection[] }): Pushed {
  return { ...pushed, errors: pushed.errors.map((rejection) => new PresenceError(rejection)) };
}
