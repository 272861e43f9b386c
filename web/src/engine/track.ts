import { State } from "./engine";

/** What is known of one client of a running service: when its answer flipped. */
export interface Flip {
  /** Id of the transition; 0 for what the service said of the client when asked. */
  record: number;
  time: number;
  /** The newest event time of all that had come by then, which belief goes by. */
  arrived: number;
  state: number;
}

/** Flips of one client along both axes. */
export class Track {
  /** By event time: fact as far as the service knows it. */
  actual: Flip[] = [];
  /** By arrival: belief. */
  believed: Flip[] = [];
  private seen = new Set<number>();
  /** What the service said when asked, which may come from the stream as well. */
  private seeds: Flip[] = [];

  add(flip: Flip): boolean {
    if (flip.record && this.seen.has(flip.record)) return false;
    const seed = this.seeds.find((known) => known.time === flip.time && known.state === flip.state);
    if (seed && !flip.record) return false;
    if (seed) {
      this.seeds = this.seeds.filter((known) => known !== seed);
      for (const flips of [this.actual, this.believed]) flips.splice(flips.indexOf(seed), 1);
    }
    if (flip.record) this.seen.add(flip.record);
    else this.seeds.push(flip);
    insert(this.actual, flip, (known) => known.time);
    insert(this.believed, flip, (known) => known.arrived);
    return true;
  }

  /** Forgets what came before this record, but how the client was then: with that begins what is kept. */
  forget(before: number): void {
    const kept = (flips: readonly Flip[]) => {
      const last = flips.findLast((flip) => flip.record < before);
      return flips.filter((flip) => flip.record >= before || flip === last);
    };
    [this.actual, this.believed] = [kept(this.actual), kept(this.believed)];
    this.seen = new Set([...this.actual, ...this.believed].map((flip) => flip.record));
    this.seeds = this.seeds.filter((seed) => this.actual.includes(seed) && this.believed.includes(seed));
  }

  get count(): number {
    return this.believed.length;
  }
}

function insert(flips: Flip[], flip: Flip, key: (flip: Flip) => number): void {
  let at = flips.length;
  while (at > 0 && key(flips[at - 1]) > key(flip)) at -= 1;
  flips.splice(at, 0, flip);
}

/** How many flips came at `time` or before. */
export function countUntil(flips: readonly Flip[], key: (flip: Flip) => number, time: number): number {
  let low = 0;
  let high = flips.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(flips[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function stateAt(flips: readonly Flip[], key: (flip: Flip) => number, time: number): number {
  const count = countUntil(flips, key, time);
  return count === 0 ? State.unknown : flips[count - 1].state;
}

export interface Columns {
  state: Uint8Array;
  fill: Uint8Array | null;
  count: Uint16Array | null;
}

/** Writes the columns `offset .. offset + width` for `from .. from + width × step`. */
export function rasterize(
  flips: readonly Flip[], key: (flip: Flip) => number, from: number, step: number, width: number, offset: number, out: Columns,
): void {
  let next = countUntil(flips, key, from);
  let state: number = next === 0 ? State.unknown : flips[next - 1].state;
  for (let column = 0; column < width; column += 1) {
    const start = from + column * step;
    const end = start + step;
    let at = start;
    let online = 0;
    let flipsHere = 0;
    let shown = state;
    while (next < flips.length && key(flips[next]) < end) {
      const time = Math.max(at, key(flips[next]));
      if (state === State.online) online += time - at;
      at = time;
      state = flips[next].state;
      shown = shown === state && flipsHere === 0 ? shown : State.mixed;
      flipsHere += 1;
      next += 1;
    }
    if (state === State.online) online += end - at;
    out.state[offset + column] = shown;
    if (out.fill) out.fill[offset + column] = Math.round((online / step) * 255);
    if (out.count) out.count[offset + column] = Math.min(65_535, flipsHere);
  }
}
