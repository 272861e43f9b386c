import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Overview, Range } from "../engine/engine";
import { frames } from "../frame";
import { Legend } from "../lanes/panel";
import { onlineAtCursor } from "../lanes/view";
import { latest } from "../latest";
import { messages } from "../messages";
import { fit, hatch } from "../paint/canvas";
import { faded } from "../paint/colour";
import { engine, fitAll, progress, revision } from "../state/session";
import { palette } from "../state/theme";
import { cursor, look, range } from "../state/view";
import { dayAndClock } from "../time/format";
import { panned, roomy, timeAt, xOf, zoomed } from "../time/scale";

const HEIGHT = 80;
/** How near an edge of the brush the pointer grips it. */
const GRIP = 6;

class OverviewPicture {
  width = 0;
  private answer: { overview: Overview; range: Range } | null = null;
  private asked = "";
  /** The areas as they were drawn, and of what: a cursor that moves need not draw them again. */
  private readonly areas = document.createElement("canvas");
  private drawn: readonly unknown[] = [];

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** All there is, with the same room at its ends as the lanes have. */
  whole(): Range {
    const all = progress.peek().range;
    return all.to > 0 ? roomy(all) : range.peek();
  }

  forget(): void {
    this.answer = null;
    this.asked = "";
  }

  schedule = () => frames.schedule(this.draw);

  private ask = latest(
    async ({ range, width }: { range: Range; width: number }) => {
      const source = engine.peek();
      return { source, overview: source && (await source.overview(range, width)) };
    },
    ({ source, overview }, { range }) => {
      if (!overview || source !== engine.peek()) return;
      this.answer = { overview, range };
      this.schedule();
    },
  );

  private draw = () => {
    const fitted = this.width > 0 && fit(this.canvas, this.width, HEIGHT);
    if (!fitted) return;
    const { context, scale } = fitted;
    const all = this.whole();
    const width = Math.round(this.width * scale);
    const key = `${revision.peek()} ${all.from} ${all.to} ${width}`;
    if (engine.peek() && progress.peek().range.to > 0 && key !== this.asked) {
      this.asked = key;
      this.ask({ range: all, width });
    }
    const colours = palette.peek();
    context.clearRect(0, 0, this.width, HEIGHT);
    if (this.answer) {
      const of = [this.answer, all.from, all.to, this.width, scale, colours, messages.peek()];
      if (of.some((part, at) => part !== this.drawn[at])) {
        const onto = fit(this.areas, this.width, HEIGHT)?.context;
        onto?.clearRect(0, 0, this.width, HEIGHT);
        if (onto) this.drawAreas(onto, this.answer.overview, this.answer.range, all, scale);
        this.drawn = of;
      }
      context.drawImage(this.areas, 0, 0, this.width, HEIGHT);
    }

    // The brush: what the lanes show stays bright.
    const { from, to } = range.peek();
    const [left, right] = [xOf(all, this.width, from), xOf(all, this.width, to)];
    context.fillStyle = faded(colours.background, 0.66);
    context.fillRect(0, 0, Math.max(0, left), HEIGHT);
    context.fillRect(right, 0, Math.max(0, this.width - right), HEIGHT);
    context.strokeStyle = colours.dim;
    context.lineWidth = 1;
    context.strokeRect(Math.round(left) + 0.5, 0.5, Math.max(2, Math.round(right - left) - 1), HEIGHT - 1);
    context.fillStyle = colours.dim;
    for (const edge of [left, right]) context.fillRect(Math.min(this.width - 3, Math.max(0, edge - 1.5)), HEIGHT / 2 - 9, 3, 18);
    if (progress.peek().range.to > 0) {
      context.fillStyle = colours.text;
      context.fillRect(Math.round(xOf(all, this.width, cursor.peek().time)), 0, 1.5, HEIGHT);
    }
  };

  private drawAreas(context: CanvasRenderingContext2D, overview: Overview, asked: Range, all: Range, scale: number): void {
    const colours = palette.peek();
    const columns = overview.actualMax.length;
    let most = 1;
    for (let at = 0; at < columns; at += 1) most = Math.max(most, overview.possibleMax[at], overview.believedMax[at]);
    // Above the area: marks of anomalies, then the number of its height.
    const [top, bottom] = [19, HEIGHT - 4];
    const y = (count: number) => bottom - (count / most) * (bottom - top);
    const x = (column: number) => xOf(all, this.width, asked.from + (column / columns) * (asked.to - asked.from));
    // To whole device pixels, or columns of a picture that is stretched overlap in stripes.
    const edge = (column: number) => Math.round(x(column) * scale) / scale;
    const [full, pale] = [faded(colours.online, 0.75), faded(colours.online, 0.32)];
    const hatched = hatch(context, colours.unknown);
    // Fact: full up to the least, pale up to the most; hatched above are those of whom no event tells.
    for (let at = 0; at < columns; at += 1) {
      const left = edge(at);
      const wide = edge(at + 1) - left;
      context.fillStyle = full;
      context.fillRect(left, y(overview.actualMin[at]), wide, bottom - y(overview.actualMin[at]));
      if (overview.actualMax[at] > overview.actualMin[at]) {
        context.fillStyle = pale;
        context.fillRect(left, y(overview.actualMax[at]), wide, y(overview.actualMin[at]) - y(overview.actualMax[at]));
      }
      if (overview.possibleMax[at] > overview.actualMax[at]) {
        context.fillStyle = hatched;
        context.fillRect(left, y(overview.possibleMax[at]), wide, y(overview.actualMax[at]) - y(overview.possibleMax[at]));
      }
    }
    // Belief: the outline of its least and most.
    context.fillStyle = colours.text;
    for (let at = 0; at < columns; at += 1) {
      const before = at > 0 ? overview.believedMax[at - 1] : overview.believedMax[at];
      const high = Math.max(overview.believedMax[at], before);
      const low = Math.min(overview.believedMin[at], before);
      context.fillRect(edge(at), y(high) - 0.5, Math.max(1 / scale, edge(at + 1) - edge(at)), Math.max(1, y(low) - y(high)));
    }
    context.fillStyle = colours.anomaly;
    for (let at = 0; at < columns; at += 1) if (overview.anomalies[at]) context.fillRect(x(at) - 0.75, 0, 2, 6);
    context.fillStyle = colours.dim;
    context.font = "10px system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
    context.textBaseline = "top";
    context.fillText(messages.peek().number(most), 4, 7.5);
  }
}

export function OverviewPanel() {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const surface = holder.current!;
    const picture = new OverviewPicture(canvas.current!);
    const observer = new ResizeObserver(() => {
      picture.width = surface.clientWidth;
      picture.schedule();
    });
    observer.observe(surface);
    const stops = [
      effect(() => {
        for (const part of [range, cursor, palette, revision, messages]) void part.value;
        picture.schedule();
      }),
      effect(() => {
        void engine.value;
        picture.forget();
      }),
      attachBrush(surface, picture),
    ];
    return () => {
      observer.disconnect();
      for (const stop of stops) stop();
    };
  }, []);
  const texts = messages.value.overview;
  const online = onlineAtCursor.value;
  const { from, to } = range.value;
  const all = progress.value.range;
  const keys = (event: KeyboardEvent) => {
    const { code } = event;
    const by = { ArrowLeft: -0.1, ArrowRight: 0.1 }[code];
    const zoom = { Equal: 1 / 1.25, NumpadAdd: 1 / 1.25, ArrowUp: 1 / 1.25, Minus: 1.25, NumpadSubtract: 1.25, ArrowDown: 1.25 }[code];
    if (by !== undefined) look(panned(range.peek(), by));
    else if (zoom !== undefined) look(zoomed(range.peek(), zoom, (range.peek().from + range.peek().to) / 2));
    else if (code === "Home") fitAll();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section class="panel overview" aria-label={texts.title} data-panel="overview">
      <div class="label">
        <h2>{texts.title}</h2>
        <p class="numbers" data-testid="online-at-cursor">
          {online ? texts.atCursor(online.believed, online.actual, online.open) : "…"}
        </p>
        <Legend />
      </div>
      <div
        class="picture" ref={holder} tabIndex={0} role="slider" aria-label={texts.label} data-testid="overview"
        aria-valuemin={all.from} aria-valuemax={Math.max(all.to, all.from)} aria-valuenow={Math.round(Math.min(Math.max(from, all.from), Math.max(all.to, all.from)))}
        aria-valuetext={`${dayAndClock(from)} – ${dayAndClock(to)}`} onKeyDown={keys}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
    </section>
  );
}

/** Draw a new range, move it, or move one of its edges. */
function attachBrush(surface: HTMLElement, picture: OverviewPicture): () => void {
  let grip: "from" | "to" | "move" | "new" | null = null;
  let start = 0;
  let whole: Range = { from: 0, to: 1 };
  const xOfEvent = (event: PointerEvent) => event.clientX - surface.getBoundingClientRect().left;
  const time = (x: number) => timeAt(whole, picture.width, x);
  const gripAt = (x: number): typeof grip => {
    const [left, right] = [xOf(picture.whole(), picture.width, range.peek().from), xOf(picture.whole(), picture.width, range.peek().to)];
    if (Math.abs(x - left) < GRIP) return "from";
    if (Math.abs(x - right) < GRIP) return "to";
    // The whole cannot be moved; drawing a new range is what is wanted then.
    return x > left && x < right && right - left < picture.width * 0.9 ? "move" : "new";
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    whole = picture.whole();
    start = xOfEvent(event);
    grip = gripAt(start);
    surface.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    const x = xOfEvent(event);
    if (!grip) {
      surface.dataset.grip = gripAt(x) ?? "";
      return;
    }
    const { from, to } = range.peek();
    if (grip === "move") {
      const by = time(x) - time(start);
      start = x;
      look({ from: from + by, to: to + by });
    } else if (grip === "new") {
      if (Math.abs(x - start) > 3) look({ from: time(Math.min(start, x)), to: time(Math.max(start, x)) });
    } else {
      const at = time(x);
      const least = (whole.to - whole.from) / Math.max(1, picture.width);
      look(grip === "from" ? { from: Math.min(at, to - least), to } : { from, to: Math.max(at, from + least) });
    }
  };
  const up = (event: PointerEvent) => {
    if (grip === "new" && Math.abs(xOfEvent(event) - start) <= 3) {
      const half = (range.peek().to - range.peek().from) / 2;
      if (half * 2 < (whole.to - whole.from) * 0.9) look({ from: time(start) - half, to: time(start) + half });
    }
    grip = null;
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const at = timeAt(picture.whole(), picture.width, event.clientX - surface.getBoundingClientRect().left);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) look(panned(range.peek(), (event.deltaX || event.deltaY) / 800));
    else look(zoomed(range.peek(), Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.002))), at));
  };
  const listeners: [string, (event: never) => void][] = [
    ["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up], ["wheel", wheel], ["dblclick", fitAll],
  ];
  for (const [name, listener] of listeners) surface.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    for (const [name, listener] of listeners) surface.removeEventListener(name, listener as EventListener);
  };
}
