import { signal } from "@preact/signals";
import { messages } from "../messages";

const LEAST = 80;

/** Height of the events panel in a wide window. */
export const eventsHeight = signal(240);

function set(height: number): void {
  eventsHeight.value = Math.round(Math.min(Math.max(LEAST, height), Math.max(LEAST, innerHeight - 360)));
}

export function Splitter() {
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const bar = event.currentTarget;
    bar.setPointerCapture(event.pointerId);
    const [start, height] = [event.clientY, eventsHeight.peek()];
    const move = (next: PointerEvent) => set(height + start - next.clientY);
    bar.addEventListener("pointermove", move);
    bar.addEventListener("lostpointercapture", () => bar.removeEventListener("pointermove", move), { once: true });
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: 24, ArrowDown: -24 }[event.code];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(eventsHeight.peek() + by);
  };
  return (
    <div
      class="splitter" role="separator" tabIndex={0} aria-orientation="horizontal" aria-label={messages.value.resize}
      aria-valuenow={eventsHeight.value} aria-valuemin={LEAST} aria-valuemax={2_000} onPointerDown={drag} onKeyDown={keys}
    />
  );
}
