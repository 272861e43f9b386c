import { type Lanes, type Range, State } from "../engine/engine";
import { pixel } from "../paint/colour";
import type { Palette } from "../state/theme";
import { differs } from "./differ";

/** Height of a presence strip, in CSS pixels, and what is where in it. */
export const STRIP = 20;
const BELIEF_TOP = 1;
const BELIEF_BOTTOM = 14;
const FACT_TOP = 4;
const FACT_BOTTOM = 11;
const TICKS_BOTTOM = 19;

/** Answered lanes as a picture. It is moved and stretched until the next one is there. */
export interface Tile {
  range: Range;
  rowOf: Map<number, number>;
  lanes: Lanes;
  picture: HTMLCanvasElement;
  stripHeight: number;
  revision: number;
  /** Where the data ended when it was asked for. */
  known: number;
}

export function paintTile(
  clients: Uint32Array, range: Range, lanes: Lanes, scale: number, palette: Palette, revision: number, known: number,
): Tile {
  const { width } = lanes;
  const stripHeight = Math.round(STRIP * scale);
  const picture = document.createElement("canvas");
  picture.width = Math.max(1, width);
  picture.height = Math.max(1, stripHeight * clients.length);
  const rowOf = new Map<number, number>();
  clients.forEach((client, row) => rowOf.set(client, row));
  const context = picture.getContext("2d");
  if (context && clients.length) {
    const image = new ImageData(picture.width, picture.height);
    const pixels = new Uint32Array(image.data.buffer);
    // Nobody believes anything of the time after the last event.
    const end = Math.ceil(((known - range.from) / (range.to - range.from)) * width);
    for (let row = 0; row < clients.length; row += 1) paintStrip(pixels, lanes, row, stripHeight, scale, palette, end);
    context.putImageData(image, 0, 0);
  }
  return { range, rowOf, lanes, picture, stripHeight, revision, known };
}

function paintStrip(pixels: Uint32Array, lanes: Lanes, row: number, stripHeight: number, scale: number, palette: Palette, end: number): void {
  const { width, actual, believed, fill, count, anomalies } = lanes;
  const base = row * stripHeight * width;
  const from = row * width;
  const y = (css: number) => Math.round(css * scale);
  const thick = Math.max(1, Math.round(scale));
  const [beliefTop, beliefBottom, factTop, factBottom, ticksBottom] =
    [BELIEF_TOP, BELIEF_BOTTOM, FACT_TOP, FACT_BOTTOM + 1, TICKS_BOTTOM].map(y);
  const online = pixel(palette.online);
  const half = pixel(palette.online, 0.35);
  const ink = pixel(palette.text, 0.85);
  const inkHalf = pixel(palette.text, 0.45);
  const tint = pixel(palette.anomaly, 0.24);
  const hatched = pixel(palette.unknown);
  const hatchedFaint = pixel(palette.unknown, 0.38);
  const tick = pixel(palette.dim, 0.8);
  const mark = pixel(palette.anomaly);
  const period = Math.round(6 * scale);
  const column = (x: number, top: number, bottom: number, colour: number) => {
    for (let at = base + top * width + x, end = base + bottom * width; at < end; at += width) pixels[at] = colour;
  };

  for (let x = 0; x < width; x += 1) {
    const fact = actual[from + x];
    const belief = x > end ? State.unknown : believed[from + x];
    if (differs(belief, fact)) column(x, beliefTop, beliefBottom + thick, tint);

    if (fact === State.online) column(x, factTop, factBottom, online);
    else if (fact === State.mixed) {
      column(x, factTop, factBottom, half);
      column(x, factBottom - Math.max(1, Math.round(((factBottom - factTop) * fill[from + x]) / 255)), factBottom, online);
    } else if (fact === State.open || fact === State.unknown) {
      const colour = fact === State.open ? hatched : hatchedFaint;
      for (let at = factTop; at < factBottom; at += 1) {
        if ((x + at) % period < thick) pixels[base + at * width + x] = colour;
      }
    }

    if (belief === State.online || belief === State.mixed) {
      const colour = belief === State.online ? ink : inkHalf;
      column(x, beliefTop, beliefTop + thick, colour);
      column(x, beliefBottom, beliefBottom + thick, colour);
    } else if (belief === State.open) {
      // Suspect: neither online nor offline is believed.
      if (x % period < period / 2) {
        column(x, beliefTop, beliefTop + thick, ink);
        column(x, beliefBottom, beliefBottom + thick, ink);
      }
    }
    const before = x > 0 ? believed[from + x - 1] : belief;
    const after = x + 1 < width ? believed[from + x + 1] : belief;
    // A change lies within its own column, which then is mixed, or between two.
    const changes = belief === State.mixed
      ? before !== State.mixed && after !== State.mixed && (before === State.online) !== (after === State.online)
      : before !== State.mixed && (before === State.online) !== (belief === State.online);
    if (changes && x <= end) {
      for (let at = x; at < Math.min(width, x + thick); at += 1) column(at, beliefTop, beliefBottom + thick, ink);
    }

    const events = count[from + x];
    if (events) {
      const height = Math.min(4, 1.5 + Math.log2(events) / 2);
      column(x, y(TICKS_BOTTOM - height), ticksBottom, tick);
    }
  }

  // Last, so that nothing covers them: one in a million stays visible.
  for (let x = 0; x < width; x += 1) {
    if (!anomalies[from + x]) continue;
    const [body, head] = [Math.round(scale), Math.round(2 * scale)];
    for (let at = Math.max(0, x - head); at <= Math.min(width - 1, x + head); at += 1) {
      column(at, 0, y(3), mark);
      if (Math.abs(at - x) <= body) column(at, 0, ticksBottom, mark);
    }
  }
}
