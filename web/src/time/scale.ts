import type { Range } from "../engine/engine";

/** Nobody needs less than a tenth of a second or more than a few centuries in one view. */
const SHORTEST = 100;
const LONGEST = 1e13;

/** Where a time is on an axis of this many pixels. */
export function xOf(range: Range, width: number, time: number): number {
  return ((time - range.from) / (range.to - range.from)) * width;
}

export function timeAt(range: Range, width: number, x: number): number {
  return range.from + (x / Math.max(1, width)) * (range.to - range.from);
}

export function panned(range: Range, share: number): Range {
  const by = (range.to - range.from) * share;
  return { from: range.from + by, to: range.to + by };
}

/** `factor` below 1 shows less; the time `at` stays where it is. */
export function zoomed(range: Range, factor: number, at: number): Range {
  const length = range.to - range.from;
  const wanted = Math.min(LONGEST, Math.max(SHORTEST, length * factor));
  const share = (at - range.from) / length;
  const from = at - share * wanted;
  return { from, to: from + wanted };
}

/** The range with a little room at both ends; a single moment gets a minute. */
export function roomy(range: Range): Range {
  const length = range.to - range.from;
  const room = length > 0 ? length * 0.02 : 30_000;
  return { from: range.from - room, to: range.to + room };
}
