import { effect, signal } from "@preact/signals";
import { LiveEngine } from "../engine/live";
import { engine } from "../state/session";

/** Pausing a running service: what comes waits, and is counted. */
export const paused = signal(false);
export const held = signal(0);

effect(() => {
  const source = engine.value;
  paused.value = false;
  held.value = 0;
  if (source instanceof LiveEngine) source.onHeld = (count) => (held.value = count);
});

export function togglePause(): void {
  const source = engine.peek();
  if (!(source instanceof LiveEngine)) return;
  paused.value = !paused.peek();
  source.hold(paused.peek());
}
