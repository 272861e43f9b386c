import { type ChannelBars, channelStates, type Range } from "../engine/engine";
import { faded } from "../paint/colour";
import type { Palette } from "../state/theme";
import { xOf } from "../time/scale";
import { BAR, MOST_BARS } from "./layout";

export interface Bar {
  id: string;
  start: number;
  end: number;
  /** From here on no event tells whether an unclosed channel was still open; NaN for others. */
  openFrom: number;
  state: (typeof channelStates)[number];
  row: number;
}

/** Channels of one client in as few rows as keep them apart. */
export function packBars(bars: ChannelBars, at: number): { bars: Bar[]; rows: number; hidden: number } {
  const packed: Bar[] = [];
  const ends: number[] = [];
  let hidden = 0;
  for (let bar = bars.first[at]; bar < bars.first[at + 1]; bar += 1) {
    const start = bars.start[bar];
    const end = bars.end[bar];
    const from = Number.isNaN(start) ? -Infinity : start;
    let row = ends.findIndex((taken) => taken <= from);
    if (row < 0) row = ends.length;
    if (row >= MOST_BARS) {
      hidden += 1;
      continue;
    }
    ends[row] = Number.isNaN(end) ? Infinity : end;
    // As in the lanes: known until the client connects again.
    let next = Infinity;
    for (let later = bar + 1; Number.isNaN(end) && later < bars.first[at + 1] && next === Infinity; later += 1) {
      if (bars.start[later] > start) next = bars.start[later];
    }
    packed.push({ id: bars.ids[bar], start, end, openFrom: Number.isNaN(end) ? next : NaN, state: channelStates[bars.state[bar]], row });
  }
  return { bars: packed, rows: ends.length, hidden };
}

export function drawBars(
  context: CanvasRenderingContext2D, bars: readonly Bar[], range: Range, data: Range, width: number, top: number,
  palette: Palette, hatched: CanvasPattern | string,
): void {
  const height = BAR - 3;
  context.font = "9px ui-monospace, Menlo, 'DejaVu Sans Mono', monospace";
  context.textBaseline = "middle";
  for (const bar of bars) {
    const y = top + bar.row * BAR;
    const openStart = Number.isNaN(bar.start);
    // What was superseded ended where the newer connect came.
    const superseded = bar.state === "superseded";
    const openEnd = Number.isNaN(bar.end) && !superseded;
    // An open end is drawn to where the data ends, hatched, not as a known state.
    const from = openStart ? (openEnd ? data.from : Math.min(bar.end, data.from)) : bar.start;
    const to = openEnd ? Math.max(data.to, from) : superseded ? Math.min(data.to, bar.openFrom) : bar.end;
    const left = Math.max(-4, xOf(range, width, Math.min(from, to)));
    const right = Math.min(width + 4, xOf(range, width, Math.max(from, to)));
    if (right < 0 || left > width) continue;
    const long = Math.max(1.5, right - left);
    // Where the known part ends and the hatched begins.
    const split = openStart ? left : openEnd ? Math.min(right, Math.max(left, xOf(range, width, Math.min(bar.openFrom, to)))) : right;
    context.fillStyle = faded(palette.online, 0.38);
    context.fillRect(left, y, openStart ? 0 : Math.max(openEnd ? 0 : 1.5, split - left), height);
    context.fillStyle = hatched;
    if (openStart || openEnd) context.fillRect(split, y, left + long - split, height);
    context.fillStyle = openStart ? palette.unknown : palette.online;
    if (!openStart) context.fillRect(left, y, 1.5, height);
    context.fillStyle = openEnd ? palette.unknown : palette.online;
    if (!openEnd) context.fillRect(Math.max(left, right - 1.5), y, 1.5, height);
    if (superseded || bar.state === "suspect") {
      context.fillStyle = palette.anomaly;
      context.fillRect(left, y + height - 1, long, 1);
    }
    const start = Math.max(0, left) + 4;
    const room = Math.min(width, right) - start - 4;
    if (room > 46) {
      const fits = Math.floor(room / 5.5);
      const label = bar.id.length > fits ? `${bar.id.slice(0, Math.max(1, fits - 1))}…` : bar.id;
      if (start + label.length * 5.5 > split) {
        context.fillStyle = palette.background;
        context.fillRect(start - 2, y, Math.min(room, label.length * 5.5) + 4, height);
      }
      context.fillStyle = palette.text;
      context.fillText(label, start, y + height / 2 + 1);
    }
  }
}
