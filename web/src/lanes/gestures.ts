import { moveToTime, playing } from "../state/replay";
import { chosenRange, look, range, selected } from "../state/view";
import { panned, timeAt, zoomed } from "../time/scale";
import { dragged, hoverTime, type LanesView } from "./view";

/** Movement below this is a click. */
const STILL = 4;

/** Wheel, drag and pinch on the lanes. */
export function attachGestures(surface: HTMLElement, view: LanesView): () => void {
  const fingers = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number; time: number; shift: boolean; moved: boolean } | null = null;

  const place = (event: PointerEvent | WheelEvent) => {
    const box = surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const timeOf = (x: number) => timeAt(range.peek(), view.width, x);

  const wheel = (event: WheelEvent) => {
    const unit = event.deltaMode === 1 ? 24 : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      look(zoomed(range.peek(), Math.exp(Math.max(-1, Math.min(1, event.deltaY * unit * 0.004))), timeOf(place(event).x)));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const by = (event.deltaX || event.deltaY) * unit;
      look(panned(range.peek(), by / Math.max(1, view.width)));
    }
  };

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const { x, y } = place(event);
    fingers.set(event.pointerId, { x, y });
    surface.setPointerCapture(event.pointerId);
    start = { x, y, time: timeOf(x), shift: event.shiftKey, moved: fingers.size > 1 };
  };

  const move = (event: PointerEvent) => {
    const { x, y } = place(event);
    hoverTime.value = event.pointerType === "touch" ? null : timeOf(x);
    const before = fingers.get(event.pointerId);
    if (!before || !start) return;
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const [was, is] = [Math.abs(before.x - other.x), Math.abs(x - other.x)];
      if (was > 8 && is > 8) look(zoomed(range.peek(), was / is, timeOf((x + other.x) / 2)));
    } else {
      if (Math.abs(x - start.x) >= STILL) start.moved = true;
      if (start.moved && start.shift) {
        const time = timeOf(x);
        dragged.value = { from: Math.min(start.time, time), to: Math.max(start.time, time) };
      } else if (start.moved) {
        look(panned(range.peek(), (before.x - x) / Math.max(1, view.width)));
      }
    }
    fingers.set(event.pointerId, { x, y });
  };

  const up = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    if (!start) return;
    if (dragged.peek()) {
      chosenRange.value = dragged.peek();
      dragged.value = null;
    } else if (!start.moved && event.type === "pointerup") {
      const client = view.clientAt(start.y);
      if (client !== null) selected.value = client;
      playing.value = false;
      moveToTime(start.time);
    }
    start = null;
  };

  const leave = () => (hoverTime.value = null);

  const listeners: [string, (event: never) => void][] = [
    ["wheel", wheel], ["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up], ["pointerleave", leave],
  ];
  for (const [name, listener] of listeners) surface.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    for (const [name, listener] of listeners) surface.removeEventListener(name, listener as EventListener);
  };
}
