import type { Transition } from "./answers.js";
import type { PresenceError } from "./error.js";
import { Presence, type PresenceOptions, type Pushed } from "./presence.js";

export interface PresenceStreamOptions extends PresenceOptions {
  /** The state to feed; a new one when left out. */
  presence?: Presence;
  /** Told of each rejected record; they are passed over otherwise. */
  onError?: (error: PresenceError) => void;
  /** `Date.now` when left out. */
  clock?: () => number;
}

/** Pushes chunks and gives out flips. */
export function presenceTransformer(
  options: PresenceStreamOptions,
  give: (transition: Transition) => void,
): { chunk(chunk: string | Uint8Array): void; end(): void } {
  const { presence = new Presence(options), onError, clock = Date.now } = options;
  const take = ({ transitions, errors }: Pushed): void => {
    transitions.forEach(give);
    if (onError) errors.forEach(onError);
  };
  return {
    chunk: (chunk) => take(presence.push(chunk, clock())),
    end: () => take(presence.finish(clock())),
  };
}

/** A web stream of events in, in chunks cut anywhere, and flips out. */
export function presenceStream(
  options: PresenceStreamOptions = {},
): TransformStream<string | Uint8Array, Transition> {
  let transformer: ReturnType<typeof presenceTransformer>;
  return new TransformStream({
    start(controller) {
      transformer = presenceTransformer(options, (flip) => controller.enqueue(flip));
    },
    transform(chunk) {
      transformer.chunk(chunk);
    },
    flush() {
      transformer.end();
    },
  });
}
