import { batch, computed, signal } from "@preact/signals";
import type { AnomalyKind, Cursor } from "../engine/engine";
import { frames } from "../frame";
import { latest } from "../latest";
import { engine, progress } from "./session";
import { atEnd, cursor, fitted, range, selected } from "./view";

export const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

export const playing = signal(false);
export const speed = signal(10);
export const axis = signal<"time" | "records">("time");
/** Where the scrubber is and its ends, on the chosen axis. */
export const scrubber = computed(() =>
  axis.value === "time"
    ? { from: progress.value.range.from, to: progress.value.range.to, at: cursor.value.time }
    : { from: 0, to: progress.value.records, at: cursor.value.record },
);

/** A part of a record while playing over records slowly. */
let fraction = 0;

/** The cursor as it was last moved here, and which half of it the other is to follow from. */
let moved: { to: Cursor | null; by: "time" | "record" } = { to: null, by: "time" };

function move(to: Cursor, by: "time" | "record"): void {
  moved = { to, by };
  cursor.value = to;
}

/** False once the cursor was moved in another way: an answer that is still on its way is then no longer wanted. */
const follows = (by: "time" | "record") => moved.by === by && moved.to === cursor.peek();

const findRecord = latest(
  (time: number) => engine.peek()?.recordAt(time) ?? Promise.resolve(0),
  (record) => {
    if (follows("time")) move({ record, time: cursor.peek().time }, "time");
  },
);

const findTime = latest(
  (record: number) => engine.peek()?.timeOf(record) ?? Promise.resolve(0),
  (time) => {
    if (!follows("record")) return;
    batch(() => {
      move({ record: cursor.peek().record, time }, "record");
      keepInView(time);
    });
  },
);

/** Pans when the cursor leaves the view while it moves by itself or by steps. */
function keepInView(time: number): void {
  const { from, to } = range.peek();
  if (time >= from && time <= to) return;
  const length = to - from;
  fitted.value = false;
  const start = time > to ? time - length * 0.1 : time - length * 0.9;
  range.value = { from: start, to: start + length };
}

function within(value: number, from: number, to: number): number {
  return Math.min(Math.max(from, value), Math.max(from, to));
}

export function moveToTime(time: number, follow = false): void {
  const { from, to } = progress.peek().range;
  const at = Math.round(within(time, from, to));
  atEnd.value = false;
  move({ record: cursor.peek().record, time: at }, "time");
  if (follow) keepInView(at);
  findRecord(at);
}

export function moveToRecord(record: number): void {
  const at = Math.round(within(record, 0, progress.peek().records));
  atEnd.value = false;
  move({ record: at, time: cursor.peek().time }, "record");
  findTime(at);
}

export function moveScrubber(at: number): void {
  fraction = 0;
  if (axis.peek() === "time") moveToTime(at, true);
  else moveToRecord(at);
}

export function moveToEnd(): void {
  const { records, range } = progress.peek();
  playing.value = false;
  if (engine.peek()?.kind === "live") fitted.value = true;
  batch(() => {
    cursor.value = { record: records, time: range.to };
    keepInView(range.to);
    atEnd.value = true;
  });
}

export function step(by: 1 | -1): void {
  playing.value = false;
  moveToRecord(cursor.peek().record + by);
}

export function togglePlay(): void {
  if (playing.peek()) {
    playing.value = false;
    return;
  }
  const { from, to, at } = scrubber.peek();
  if (to <= from) return;
  if (at >= to) moveScrubber(from);
  fraction = 0;
  playing.value = true;
  frames.animate(advance);
}

function advance(elapsed: number): boolean {
  if (!playing.peek()) return false;
  const { to } = scrubber.peek();
  // A tab in the background gets no frames; do not jump when it comes back.
  const seconds = Math.min(elapsed, 250) / 1_000;
  if (axis.peek() === "time") {
    fraction += seconds * 1_000 * speed.peek();
    const whole = Math.trunc(fraction);
    fraction -= whole;
    if (whole) moveToTime(cursor.peek().time + whole, true);
  } else {
    fraction += seconds * speed.peek();
    const whole = Math.trunc(fraction);
    fraction -= whole;
    if (whole) moveToRecord(cursor.peek().record + whole);
  }
  if (scrubber.peek().at < to) return true;
  playing.value = false;
  return false;
}

const leap = latest(
  ({ record, direction, kind }: { record: number; direction: 1 | -1; kind: AnomalyKind | null }) =>
    engine.peek()?.nextAnomaly(record, direction, kind) ?? Promise.resolve(null),
  (anomaly) => {
    if (!anomaly) return;
    batch(() => {
      selected.value = anomaly.client;
      moveToRecord(anomaly.record);
    });
  },
);

/** To the next anomaly of a kind, or of any. */
export function leapToAnomaly(direction: 1 | -1, kind: AnomalyKind | null = null): void {
  playing.value = false;
  leap({ record: cursor.peek().record, direction, kind });
}
