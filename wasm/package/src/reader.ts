import { Reader as Inner } from "./glue/mqtt_presence_wasm.js";
import type { EventType, LimitOptions } from "./answers.js";
import { Held, bytesOf, parsed } from "./engine.js";
import type { Rejection } from "./error.js";

/** An accepted record; places in bytes, record, line and column from 1, offset from 0. */
export interface PresenceEvent {
  record: number;
  line: number;
  column: number;
  offset: number;
  clientId: string;
  channelId: string;
  eventType: EventType;
  time: number;
  clientIp: string | null;
  /** The other fields as one JSON object; `null` when there are none. */
  extra: string | null;
}

export interface Records {
  events: PresenceEvent[];
  errors: Rejection[];
}

/** Cuts bytes into events and errors, and does nothing with them. */
export class EventReader {
  readonly #held: Held<Inner>;

  constructor(options: LimitOptions = {}) {
    this.#held = new Held(() => new Inner(options));
  }

  /** The records that this chunk, cut anywhere, completes. */
  push(chunk: string | Uint8Array): Records {
    return parsed(this.#held.with((inner) => inner.push(bytesOf(chunk))));
  }

  /** The records that are complete because the input ends here. */
  finish(): Records {
    return parsed(this.#held.with((inner) => inner.finish()));
  }

  free(): void {
    this.#held.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}
