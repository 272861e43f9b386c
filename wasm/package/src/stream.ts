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

/**
 * Events in, in chunks cut anywhere, and flips out. A web stream, as every
 * platform has it; Node's own is `Duplex.fromWeb(presenceStream(options))`.
 */
export function presenceStream(
  options: PresenceStreamOptions = {},
): TransformStream<string | Uint8Array, Transition> {
  const { presence = new Presence(options), onError, clock = Date.now } = options;
  type Controller = TransformStreamDefaultController<Transition>;
  const take = ({ transitions, errors }: Pushed, controller: Controller): void => {
    for (const flip of transitions) controller.enqueue(flip);
    if (onError) errors.forEach(onError);
  };
  return new TransformStream({
    transform: (chunk, controller) => take(presence.push(chunk, clock()), controller),
    flush: (controller) => take(presence.finish(clock()), controller),
  });
}
