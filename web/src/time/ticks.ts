import type { Range } from "../engine/engine";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 365 * DAY, 3_650 * DAY, 36_500 * DAY,
];

export interface Ticks {
  /** Milliseconds between two. */
  step: number;
  times: number[];
}

/**
 * Round times of the reader's clock, no nearer to one another than `gap` pixels, none of which the clock
 * shows twice. `offset` is the clock's distance from UTC at a time, in milliseconds.
 */
export function ticks(range: Range, width: number, gap: number, offset: (time: number) => number): Ticks {
  const length = range.to - range.from;
  const least = (length / Math.max(1, width)) * gap;
  const step = STEPS.find((candidate) => candidate >= least) ?? STEPS[STEPS.length - 1];
  const times: number[] = [];
  if (!(length > 0)) return { step, times };
  // Within hours the clock is not put on; an hour that it repeats has its minutes twice.
  const fixed = step < HOUR ? offset(range.from) : null;
  const shown = fixed ?? Math.min(offset(range.from), offset(range.to));
  for (let clock = Math.ceil((range.from + shown) / step) * step; times.length < 1_000; clock += step) {
    const time = fixed === null ? whenShows(clock, step, offset) : clock - fixed;
    if (time === null || time < range.from) continue;
    if (time > range.to) break;
    times.push(time);
  }
  return { step, times };
}

/** When the clock first shows this, which is as if UTC were shown; `null` for what it skips. */
function whenShows(clock: number, step: number, offset: (time: number) => number): number | null {
  // It is put on at most once between these two.
  const [before, after] = [clock - offset(clock - DAY), clock - offset(clock + DAY)];
  const found = [before, after].filter((time) => time + offset(time) === clock);
  if (found.length) return Math.min(...found);
  // A day whose midnight is skipped begins an hour later.
  return step >= DAY ? before : null;
}

/** The clock's distance from UTC at that time, in milliseconds. */
export function clockOffset(time: number): number {
  const minutes = new Date(time).getTimezoneOffset();
  return Number.isNaN(minutes) ? 0 : -minutes * MINUTE;
}
