/** Where each lane is: lanes with open channels are higher. */
export const ROW = 26;
export const BAR = 13;
export const MOST_BARS = 4;

export interface Row {
  client: number;
  top: number;
  height: number;
  open: boolean;
}

export interface Layout {
  order: Uint32Array;
  /** Top of each lane and, last, the height of all. */
  tops: Float64Array;
}

export function openHeight(bars: number): number {
  return ROW + Math.max(1, Math.min(bars, MOST_BARS)) * BAR + 4;
}

export function layOut(order: Uint32Array, heightOf: (client: number) => number): Layout {
  const tops = new Float64Array(order.length + 1);
  for (let at = 0; at < order.length; at += 1) tops[at + 1] = tops[at] + heightOf(order[at]);
  return { order, tops };
}

/** The lane at a height, or the nearest. */
export function rowAt({ order, tops }: Layout, y: number): number {
  let low = 0;
  let high = order.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
