import { batch, effect, signal } from "@preact/signals";
import type { ChannelBars, Cursor, Lanes, Range, Standing } from "../engine/engine";
import { frames } from "../frame";
import { latest } from "../latest";
import { fit, hatch } from "../paint/canvas";
import { faded } from "../paint/colour";
import { Scroller } from "../shell/scroller";
import { namesRevision, wantNames } from "../state/names";
import { counting, engine, progress, revision } from "../state/session";
import { palette } from "../state/theme";
import { chosenRange, cursor, fitted, pinned, range, selected } from "../state/view";
import { clock, dayAndClock, tickLabel } from "../time/format";
import { xOf } from "../time/scale";
import { clockOffset, ticks } from "../time/ticks";
import { type Bar, drawBars, packBars } from "./bars";
import { BAR, layOut, type Layout, openHeight, type Row, ROW, rowAt } from "./layout";
import { isOpen, unpinned } from "./order";
import { paintTile, STRIP, type Tile } from "./tile";

/** Lanes above and below the view that are asked for as well, so that scrolling finds them there. */
const OVERSCAN = 4;
/** Least time between two pictures of the same data, in milliseconds. */
const PACE = 50;

/** What a lane says at the cursor; for the marks beside names and the table behind the canvas. */
export interface Glance {
  believed: number;
  actual: number;
  anomalies: number;
}

export const visibleRows = signal<readonly Row[]>([]);
export const pinnedHeight = signal(0);
export const glances = signal<ReadonlyMap<number, Glance>>(new Map());
/** Clients online at the cursor; `null` until they are counted. */
export const onlineAtCursor = signal<{ believed: number; actual: number; open: number } | null>(null);
effect(() => {
  if (counting.value || !engine.value) onlineAtCursor.value = null;
});
/** Time under the pointer. */
export const hoverTime = signal<number | null>(null);
/** A range that is being selected with Shift and drag. */
export const dragged = signal<Range | null>(null);

interface LanesQuestion {
  clients: Uint32Array;
  range: Range;
  width: number;
  revision: number;
  known: number;
}

export class LanesView {
  width = 0;
  private height = 0;
  private scroller: Scroller;
  private layout: Layout = layOut(new Uint32Array(), () => ROW);
  private laidOut: unknown[] = [];
  private tiles: Tile[] = [];
  private asked = "";
  private askedAt = 0;
  private later: ReturnType<typeof setTimeout> | null = null;
  private askedBars = "";
  private looked = "";
  private bars = new Map<number, { bars: Bar[]; hidden: number }>();
  private barRows = new Map<number, number>();
  private colours: unknown = null;
  private stop: (() => void)[] = [];
  private shown = selected.peek();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly axis: HTMLCanvasElement,
    element: HTMLElement,
    spacer: HTMLElement,
  ) {
    this.scroller = new Scroller(element, spacer, () => this.schedule());
    this.stop.push(
      effect(() => {
        for (const part of [range, cursor, selected, chosenRange, palette, hoverTime, dragged, revision, unpinned, pinned, isOpen, namesRevision]) {
          void part.value;
        }
        this.schedule();
      }),
      effect(() => {
        void engine.value;
        this.tiles = [];
        this.bars.clear();
        this.barRows.clear();
        this.asked = this.askedBars = this.looked = "";
        this.scroller.moveTo(0);
      }),
    );
  }

  release(): void {
    for (const stop of this.stop) stop();
    if (this.later) clearTimeout(this.later);
    this.scroller.release();
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.schedule();
  }

  schedule(): void {
    frames.schedule(this.draw);
  }

  /** The client whose lane is at a height of the canvas. */
  clientAt(y: number): number | null {
    const row = visibleRows.peek().find(({ top, height }) => y >= top && y < top + height);
    return row ? row.client : null;
  }

  reveal(client: number): void {
    this.arrange();
    const at = this.layout.order.indexOf(client);
    if (at >= 0) this.scroller.reveal(this.layout.tops[at], this.layout.tops[at + 1] - this.layout.tops[at]);
  }

  /** The lanes as they are seen, on paper. */
  picture(names: (client: number) => string): HTMLCanvasElement {
    const scale = devicePixelRatio || 1;
    const column = 240;
    const picture = document.createElement("canvas");
    picture.width = this.axis.width + column * scale;
    picture.height = this.axis.height + this.canvas.height;
    const pen = picture.getContext("2d");
    if (!pen) return picture;
    const colours = palette.peek();
    pen.fillStyle = colours.background;
    pen.fillRect(0, 0, picture.width, picture.height);
    pen.drawImage(this.axis, column * scale, 0);
    pen.drawImage(this.canvas, column * scale, this.axis.height);
    pen.setTransform(scale, 0, 0, scale, 0, this.axis.height);
    pen.fillStyle = colours.text;
    pen.font = "12px ui-monospace, Menlo, 'DejaVu Sans Mono', monospace";
    pen.textBaseline = "middle";
    for (const row of visibleRows.peek()) pen.fillText(names(row.client), 8, row.top + ROW / 2, column - 16);
    return picture;
  }

  private heightOf = (client: number) => (isOpen.peek()(client) ? openHeight(this.barRows.get(client) ?? 1) : ROW);

  private arrange(): void {
    const made = [unpinned.peek(), isOpen.peek(), this.barRows];
    if (made.every((part, at) => part === this.laidOut[at])) return;
    this.laidOut = made;
    this.layout = layOut(unpinned.peek(), this.heightOf);
  }

  private rows(): Row[] {
    const rows: Row[] = [];
    let y = 0;
    for (const client of pinned.peek()) {
      const height = this.heightOf(client);
      rows.push({ client, top: y, height, open: isOpen.peek()(client) });
      y += height;
    }
    if (pinnedHeight.peek() !== y) pinnedHeight.value = y;
    const { order, tops } = this.layout;
    this.scroller.resize({ content: tops[order.length] + y, viewport: this.height });
    for (let at = rowAt(this.layout, this.scroller.top); at < order.length; at += 1) {
      const top = y + tops[at] - this.scroller.top;
      if (top > this.height) break;
      rows.push({ client: order[at], top, height: tops[at + 1] - tops[at], open: isOpen.peek()(order[at]) });
    }
    return rows;
  }

  private draw = () => {
    if (this.width < 1 || this.height < 1) return;
    this.arrange();
    const rows = this.rows();
    const before = visibleRows.peek();
    const same = rows.length === before.length && rows.every((row, at) => {
      const other = before[at];
      return row.client === other.client && row.top === other.top && row.height === other.height && row.open === other.open;
    });
    if (!same) {
      visibleRows.value = rows;
      wantNames(rows.map((row) => row.client));
    }
    if (selected.peek() !== this.shown) {
      this.shown = selected.peek();
      if (this.shown !== null && !pinned.peek().includes(this.shown)) this.reveal(this.shown);
    }
    this.repaintForTheme();
    this.ask(rows);
    this.askForBars(rows);
    this.drawLanes(rows);
    this.drawAxis();
    this.look(rows);
  };

  private ask(rows: readonly Row[]): void {
    const source = engine.peek();
    if (!source || rows.length === 0) return;
    const { from, to } = range.peek();
    const scale = devicePixelRatio || 1;
    const columns = Math.round(this.width * scale);
    const tile = this.tiles[0];
    const perColumn = (to - from) / columns;
    const usable =
      tile && tile.revision === revision.peek() && tile.range.from <= from && tile.range.to >= to &&
      Math.abs((tile.range.to - tile.range.from) / tile.lanes.width / perColumn - 1) < 0.001 &&
      rows.every((row) => tile.rowOf.has(row.client));
    if (usable) return;
    // While zooming the old picture is stretched; a new one for each frame would cost the frame.
    const wait = PACE - (performance.now() - this.askedAt);
    if (tile?.revision === revision.peek() && wait > 0) {
      this.later ??= setTimeout(() => {
        this.later = null;
        this.schedule();
      }, wait);
      return;
    }
    this.askedAt = performance.now();
    // Room for panning, but not where all is in view already.
    const margin = fitted.peek() ? 0 : Math.round(columns / 4);
    const wanted = new Set(rows.map((row) => row.client));
    const { order, tops } = this.layout;
    if (order.length) {
      const first = rowAt(this.layout, this.scroller.top);
      const last = rowAt(this.layout, Math.min(tops[order.length], this.scroller.top + this.height));
      for (let at = Math.max(0, first - OVERSCAN); at <= Math.min(order.length - 1, last + OVERSCAN); at += 1) wanted.add(order[at]);
    }
    const clients = Uint32Array.from(wanted);
    const asked = { from: from - margin * perColumn, to: to + margin * perColumn };
    const key = `${revision.peek()} ${asked.from} ${asked.to} ${columns} ${clients.join()}`;
    if (key === this.asked) return;
    this.asked = key;
    this.askLanes({ clients, range: asked, width: columns + 2 * margin, revision: revision.peek(), known: progress.peek().range.to });
  }

  private askLanes = latest(
    async ({ clients, range, width }: LanesQuestion) => {
      const source = engine.peek();
      return { source, lanes: source && ((await source.lanes(clients, range, width)) as Lanes) };
    },
    ({ source, lanes }, { clients, range, revision, known }) => {
      if (!lanes || source !== engine.peek()) return;
      const tile = paintTile(clients, range, lanes, devicePixelRatio || 1, palette.peek(), revision, known);
      this.colours = palette.peek();
      this.tiles = [tile, ...this.tiles.slice(0, 1)];
      this.schedule();
    },
  );

  private askForBars(rows: readonly Row[]): void {
    const open = rows.filter((row) => row.open).map((row) => row.client);
    if (open.length === 0) return;
    const { from, to } = range.peek();
    const length = to - from;
    // In steps of half a view, so that panning asks seldom; from the beginning, since an early
    // connect says whether a later part of another channel is known.
    const grid = length / 2;
    const asked = { from: Math.min(from, progress.peek().range.from), to: (Math.ceil(to / grid) + 1) * grid };
    const live = engine.peek()?.kind === "live";
    const key = `${live ? Math.floor(Date.now() / 2_000) : revision.peek()} ${live ? "" : `${asked.from} ${asked.to}`} ${open.join()}`;
    if (key === this.askedBars) return;
    this.askedBars = key;
    this.askBars({ clients: Uint32Array.from(open), range: asked });
  }

  private askBars = latest(
    async ({ clients, range }: { clients: Uint32Array; range: Range }) => {
      const source = engine.peek();
      return { source, bars: source && ((await source.channels(clients, range)) as ChannelBars) };
    },
    ({ source, bars }, { clients }) => {
      if (!bars || source !== engine.peek()) return;
      let grown: Map<number, number> | null = null;
      clients.forEach((client, at) => {
        const packed = packBars(bars, at);
        this.bars.set(client, packed);
        // Lanes only grow, so that nothing jumps while panning.
        if (packed.rows > (this.barRows.get(client) ?? 0)) (grown ??= new Map(this.barRows)).set(client, packed.rows);
      });
      if (grown) this.barRows = grown;
      this.schedule();
    },
  );

  private repaintForTheme(): void {
    if (this.colours === palette.peek() || this.tiles.length === 0) return;
    this.colours = palette.peek();
    this.tiles = this.tiles.map((tile) =>
      paintTile(Uint32Array.from(tile.rowOf.keys()), tile.range, tile.lanes, devicePixelRatio || 1, palette.peek(), tile.revision, tile.known),
    );
  }

  private drawLanes(rows: readonly Row[]): void {
    const canvas = fit(this.canvas, this.width, this.height);
    if (!canvas) return;
    const { context } = canvas;
    const colours = palette.peek();
    const view = range.peek();
    const data = progress.peek().range;
    const x = (time: number) => xOf(view, this.width, time);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;

    context.fillStyle = colours.faint;
    for (const time of ticks(view, this.width, 96, clockOffset).times) context.fillRect(Math.round(x(time)), 0, 1, this.height);

    const apart = pinnedHeight.peek();
    const hatched = hatch(context, colours.unknown);
    const paint = (row: Row) => {
      if (row.client === selected.peek()) {
        context.fillStyle = colours.selection;
        context.fillRect(0, row.top, this.width, row.height);
      }
      const tile = this.tiles.find((candidate) => candidate.rowOf.has(row.client));
      if (tile) {
        const left = x(tile.range.from);
        const right = x(tile.range.to);
        // Only the part in view: a far zoomed picture would be millions of pixels wide.
        const perPixel = tile.lanes.width / (right - left);
        const from = Math.max(0, left);
        const to = Math.min(this.width, right);
        if (to > from) {
          const y = (tile.rowOf.get(row.client) ?? 0) * tile.stripHeight;
          context.drawImage(tile.picture, (from - left) * perPixel, y, (to - from) * perPixel, tile.stripHeight, from, row.top + 3, to - from, STRIP);
        }
      }
      if (row.open) {
        const packed = this.bars.get(row.client);
        if (packed) drawBars(context, packed.bars, view, data, this.width, row.top + ROW + 1, colours, hatched);
        if (packed?.hidden) {
          context.fillStyle = colours.dim;
          context.fillText(`+${packed.hidden}`, this.width - 34, row.top + row.height - BAR);
        }
      }
      context.fillStyle = colours.faint;
      context.fillRect(0, row.top + row.height - 1, this.width, 1);
    };
    context.save();
    context.beginPath();
    context.rect(0, apart, this.width, this.height);
    context.clip();
    for (const row of rows) if (!pinned.peek().includes(row.client)) paint(row);
    context.restore();
    for (const row of rows) if (pinned.peek().includes(row.client)) paint(row);
    if (apart) {
      context.fillStyle = colours.dim;
      context.fillRect(0, apart - 1, this.width, 1);
    }

    // Nothing is known before the data begins and after it ends.
    if (data.to > 0) {
      context.fillStyle = faded(colours.background, 0.72);
      const [first, last] = [x(data.from), x(data.to)];
      if (first > 0) context.fillRect(0, 0, first, this.height);
      if (last < this.width) context.fillRect(last + 2, 0, this.width - last, this.height);
    }
    for (const chosen of [chosenRange.peek(), dragged.peek()]) {
      if (!chosen) continue;
      const [left, right] = [x(chosen.from), x(chosen.to)];
      context.fillStyle = faded(colours.online, 0.13);
      context.fillRect(left, 0, right - left, this.height);
      context.fillStyle = colours.online;
      context.fillRect(left, 0, 1, this.height);
      context.fillRect(right - 1, 0, 1, this.height);
    }
    const hover = hoverTime.peek();
    if (hover !== null) {
      context.fillStyle = faded(colours.text, 0.28);
      context.fillRect(Math.round(x(hover)), 0, 1, this.height);
    }
    if (data.to > 0) {
      context.fillStyle = colours.text;
      context.fillRect(Math.round(x(cursor.peek().time)), 0, 1.5, this.height);
    }
  }

  private drawAxis(): void {
    const height = 26;
    const canvas = fit(this.axis, this.width, height);
    if (!canvas) return;
    const { context } = canvas;
    const colours = palette.peek();
    const view = range.peek();
    const x = (time: number) => xOf(view, this.width, time);
    context.clearRect(0, 0, this.width, height);
    context.font = "11px system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
    context.textBaseline = "middle";
    const { step, times } = ticks(view, this.width, 96, clockOffset);
    const covered: [number, number][] = [];
    const label = (time: number, text: string, ground: string, ink: string) => {
      const wide = context.measureText(text).width + 10;
      const left = Math.min(this.width - wide, Math.max(0, x(time) - wide / 2));
      covered.push([left, left + wide]);
      context.fillStyle = ground;
      context.fillRect(left, 4, wide, height - 8);
      context.fillStyle = ink;
      context.fillText(text, left + 5, height / 2);
    };
    const at = cursor.peek().time;
    if (progress.peek().range.to > 0 && at >= view.from && at <= view.to) {
      label(at, clock(at, Math.min(step, 1_000)), colours.text, colours.background);
    }
    const hover = hoverTime.peek();
    if (hover !== null) label(hover, step < 3_600_000 ? clock(hover, Math.min(step, 1_000)) : dayAndClock(hover), colours.raised, colours.text);
    for (const time of times) {
      context.fillStyle = colours.line;
      context.fillRect(Math.round(x(time)), height - 6, 1, 6);
      context.fillStyle = colours.dim;
      const left = Math.round(x(time)) + 4;
      const words = tickLabel(time, step);
      const right = left + context.measureText(words).width;
      // Half a tick's label beside another reads as a number of its own.
      if (!covered.some(([from, to]) => left < to + 3 && right > from - 3)) context.fillText(words, left, height / 2);
    }
  }

  /** Asks how the lanes in view read at the cursor. */
  private look(rows: readonly Row[]): void {
    const at = cursor.peek();
    const clients = Uint32Array.from(rows, (row) => row.client);
    const key = `${revision.peek()} ${at.record} ${at.time} ${clients.join()}`;
    if (key === this.looked) return;
    this.looked = key;
    this.askStanding({ clients, at });
  }

  private askStanding = latest(
    async ({ clients, at }: { clients: Uint32Array; at: Cursor }) => {
      const source = engine.peek();
      return { source, standing: source && ((await source.standing(clients, at)) as Standing) };
    },
    ({ source, standing }, { clients }) => {
      if (!standing || source !== engine.peek()) return;
      const found = new Map<number, Glance>();
      clients.forEach((client, at) => {
        const tile = this.tiles.find((candidate) => candidate.rowOf.has(client));
        let anomalies = 0;
        if (tile) {
          const base = (tile.rowOf.get(client) ?? 0) * tile.lanes.width;
          for (let column = base; column < base + tile.lanes.width; column += 1) if (tile.lanes.anomalies[column]) anomalies += 1;
        }
        found.set(client, { believed: standing.believed[at], actual: standing.actual[at], anomalies });
      });
      batch(() => {
        glances.value = found;
        // Of a part, or of nobody while all is evaluated anew.
        if (!counting.peek()) onlineAtCursor.value = { believed: standing.believedOnline, actual: standing.actualOnline, open: standing.actualOpen };
      });
    },
  );
}
