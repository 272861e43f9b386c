import { Presence as Inner } from "./glue/mqtt_presence_wasm.js";
import type {
  EventType,
  ExplainedClient,
  LimitOptions,
  ListedClient,
  RuleOptions,
  Stats,
  Status,
  Transition,
} from "./answers.js";
import { Held, bytesOf, parsed } from "./engine.js";
import { PresenceError, type Rejection } from "./error.js";

/** How the rule is applied; all times are milliseconds. */
export interface PresenceOptions extends RuleOptions, LimitOptions {
  /** How long a channel may be live before its client reads `suspect`; never when left out. */
  lease?: number | null;
  /** How long a closed channel is kept for redeliveries, 7 days when left out. */
  retention?: number;
}

/** What one push did; `transitions` and `errors` are made when they are looked at. */
export interface Pushed {
  /** Records that were accepted, duplicates included. */
  accepted: number;
  readonly transitions: Transition[];
  readonly errors: PresenceError[];
}

/** Which clients to list. */
export interface ClientsQuery {
  /** Only ids that begin with it. */
  prefix?: string;
  /** Only ids behind this one in byte order: the last of the page before. */
  after?: string;
  /** At most so many. */
  limit?: number;
  now?: number;
}

/**
 * Who is online, by the events pushed so far: in any order, any number of
 * times, from any number of instances.
 *
 * Clocks are milliseconds since 1970; `Date.now()` where none is given.
 */
export class Presence {
  readonly #held: Held<Inner>;
  readonly #options: PresenceOptions;

  constructor(options: PresenceOptions = {}) {
    this.#options = { ...options };
    this.#held = new Held(() => new Inner(this.#options));
  }

  /** The state that a snapshot holds, under options that need not be those it was written under. */
  static restore(snapshot: Uint8Array, options: PresenceOptions = {}): Presence {
    const presence = new Presence(options);
    presence.restore(snapshot);
    return presence;
  }

  /** The next piece of the input: one object, an array, NDJSON or JSON values, cut anywhere. */
  push(chunk: string | Uint8Array, now: number = Date.now()): Pushed {
    return this.#held.with((inner) => pushed(inner, inner.push(bytesOf(chunk), now), now));
  }

  /** Says that the input ends here, so that a record cut off by it is told; the next push begins anew. */
  finish(now: number = Date.now()): Pushed {
    return this.#held.with((inner) => pushed(inner, inner.finish(now), now));
  }

  isOnline(clientId: string, now: number = Date.now()): boolean {
    return this.status(clientId, now) === "online";
  }

  /** `unknown` for a client never seen. */
  status(clientId: string, now: number = Date.now()): Status {
    return this.#held.with((inner) => inner.status(clientId, now)) as Status;
  }

  /** A client, its channels, and the sentence why it reads as it does. */
  client(clientId: string, now: number = Date.now()): ExplainedClient {
    return this.#held.with((inner) => inner.client(clientId, now));
  }

  /** Clients in byte order of their ids. */
  clients({ prefix = "", after, limit = 0xffff_ffff, now = Date.now() }: ClientsQuery = {}): ListedClient[] {
    return parsed(this.#held.with((inner) => inner.clients(prefix, after, limit, now)));
  }

  stats(now: number = Date.now()): Stats {
    return this.#held.with((inner) => inner.stats(now));
  }

  /** The state as bytes; the same state gives the same bytes on every target. */
  snapshot(): Uint8Array {
    return this.#held.with((inner) => inner.snapshot());
  }

  /** Takes the state of a snapshot in place of its own; its options stay. */
  restore(snapshot: Uint8Array): void {
    this.#held.with((inner) => inner.restore(snapshot));
  }

  /** Joins another instance's state, or its snapshot, into this one; the flips. */
  merge(other: Presence | Uint8Array, now: number = Date.now()): Transition[] {
    const snapshot = other instanceof Uint8Array ? other : other.snapshot();
    return parsed(this.#held.with((inner) => inner.merge(snapshot, now)));
  }

  /** Drops the closed channels that retention no longer keeps; how many. */
  forget(now: number): number {
    return this.#held.with((inner) => inner.forget(now));
  }

  free(): void {
    this.#held.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

function pushed(inner: Inner, accepted: number, now: number): Pushed {
  // As they came until somebody looks: most callers look at few.
  let flips: Flips | undefined = inner.takeFlips();
  const rejected = inner.takeErrors();
  let transitions: Transition[] | undefined;
  let errors: PresenceError[] | undefined;
  return {
    accepted,
    get transitions() {
      transitions ??= flips ? made(flips, now) : [];
      flips = undefined;
      return transitions;
    },
    get errors() {
      errors ??= parsed<Rejection[]>(rejected).map((rejection) => new PresenceError(rejection));
      return errors;
    },
  };
}

/** What the engine hands over: see `wasm/src/flips.rs`. */
interface Flips {
  text: Uint8Array;
  numbers: Float64Array;
}

const KINDS: readonly EventType[] = ["connect", "disconnect", "tcpclean"];
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function made({ text, numbers }: Flips, observedAt: number): Transition[] {
  const ids = decoder.decode(text);
  const transitions: Transition[] = [];
  let at = 0;
  for (let flip = 0; flip < numbers.length; flip += 2) {
    const packed = numbers[flip + 1]!;
    const channelAt = at + (packed >>> 14);
    const end = channelAt + ((packed >>> 3) & 0x7ff);
    transitions.push({
      clientId: ids.slice(at, channelAt),
      online: (packed & 1) === 1,
      time: numbers[flip]!,
      observedAt,
      cause: { channelId: ids.slice(channelAt, end), eventType: KINDS[(packed >>> 1) & 3]! },
    });
    at = end;
  }
  return transitions;
}
