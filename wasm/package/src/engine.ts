import { initSync, takePanic } from "./glue/mqtt_presence_wasm.js";
import { PresenceError, thrown } from "./error.js";

/** Where the WebAssembly may come from: its bytes, a module of them, a response or an address. */
export type WasmSource =
  | BufferSource
  | WebAssembly.Module
  | Response
  | URL
  | string
  | Promise<BufferSource | WebAssembly.Module | Response | URL | string>;

let isReady = false;
let loading: Promise<void> | undefined;
let readNow: (() => BufferSource) | undefined;
let usual: (() => WasmSource) | undefined;

/** How this platform finds the WebAssembly where the caller names none. */
export function platform(found: { readNow?: () => BufferSource; usual: () => WasmSource }): void {
  ({ readNow, usual } = found);
}

/**
 * Loads the engine; a second call waits for the first. Needed before anything
 * else in a browser, allowed anywhere: in Node the engine loads itself.
 */
export function init(source?: WasmSource): Promise<void> {
  if (isReady) return Promise.resolve();
  loading ??= load(source ?? usual?.()).finally(() => {
    loading = undefined;
  });
  return loading;
}

async function load(source: WasmSource | undefined): Promise<void> {
  let found = await source;
  if (typeof found === "string" || found instanceof URL) found = await fetch(found);
  if (found instanceof Response) {
    if (!found.ok) {
      throw new PresenceError({
        code: "not_loaded",
        message: `\`${found.url}\` answered ${found.status} instead of the WebAssembly`,
      });
    }
    found = await found.arrayBuffer();
  }
  if (found === undefined) {
    throw new PresenceError({ code: "not_loaded", message: "no WebAssembly was named" });
  }
  // A default import of a bundler may come wrapped.
  const module = found instanceof WebAssembly.Module ? found : await WebAssembly.compile(found);
  if (!isReady) initSync({ module });
  isReady = true;
}

/** Makes sure that the engine is there. */
export function ready(): void {
  if (isReady) return;
  if (readNow === undefined) {
    throw new PresenceError({
      code: "not_ready",
      message: "the WebAssembly is not loaded yet: await `init()` first",
    });
  }
  initSync({ module: readNow() });
  isReady = true;
}

/** An object of the engine, which a panic ends and no other with it. */
export class Held<T extends { free(): void }> {
  #inner: T | undefined;
  #ended: unknown;

  constructor(make: () => T) {
    ready();
    try {
      this.#inner = make();
    } catch (error) {
      throw thrown(error, takePanic());
    }
  }

  /** Calls it. */
  with<R>(call: (inner: T) => R): R {
    if (this.#inner === undefined) throw this.#ended ?? freed();
    try {
      return call(this.#inner);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        // Its memory stays taken: nothing of it may be touched again.
        this.#inner = undefined;
        this.#ended = thrown(error, takePanic());
        throw this.#ended;
      }
      throw thrown(error, undefined);
    }
  }

  /** Gives its memory back; twice is once. */
  free(): void {
    this.#inner?.free();
    this.#inner = undefined;
  }
}

function freed(): PresenceError {
  return new PresenceError({ code: "freed", message: "this instance was freed" });
}

const encoder = new TextEncoder();

/** A chunk as bytes. */
export function bytesOf(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? encoder.encode(chunk) : chunk;
}

const decoder = new TextDecoder();

/** JSON that the engine wrote. */
export function parsed<T>(json: string | Uint8Array | undefined): T {
  return JSON.parse(typeof json === "string" ? json : json === undefined ? "[]" : decoder.decode(json));
}
