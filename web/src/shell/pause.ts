import { effect, signal } from "@preact/signals";
import { LiveEngine } from "../engine/live";
import { engine } from "../state/session";

/** Pausing a running service: what comes waits, and is counted. */
export const paused = signal(false);
export const held = signal({ count: 0, more: false });

effect(() => {
  const source = engine.value;
  paused.value = false;
  held.value = { count: 0, more: false };
  if (source instanceof LiveEngine) source.onHeld = (count, more) => (held.value = { count, more });
});

export function togglePause(): void {
  const source = engine.peek();
  if (!(source instanceof LiveEngine)) return;
  paused.value = !paused.peek();
  source.hold(paused.peek());
}
