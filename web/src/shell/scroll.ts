/**
 * Browsers end a scroll container at about 33 million pixels; five million rows need more. So the
 * scroll bar is scaled: its place stands for a share of the rows, and the wheel moves by real pixels.
 */
const TALLEST = 8_000_000;

export interface Extent {
  /** All rows, in pixels. */
  content: number;
  /** What is seen of them. */
  viewport: number;
}

/** Height to give the element that makes the scroll bar. */
export function barHeight({ content, viewport }: Extent): number {
  return Math.max(viewport, Math.min(content, TALLEST));
}

/** The content pixel at the top edge for a place of the scroll bar. */
export function contentTop(extent: Extent, scrollTop: number): number {
  const bar = barHeight(extent) - extent.viewport;
  if (bar <= 0) return 0;
  const share = Math.min(1, Math.max(0, scrollTop / bar));
  return share * Math.max(0, extent.content - extent.viewport);
}

/** The scroll bar's place for a content pixel at the top edge. */
export function scrollTopOf(extent: Extent, top: number): number {
  const most = extent.content - extent.viewport;
  if (most <= 0) return 0;
  return (Math.min(most, Math.max(0, top)) / most) * (barHeight(extent) - extent.viewport);
}

/** Whether one pixel of the bar is one pixel of content. */
export function isScaled({ content }: Extent): boolean {
  return content > TALLEST;
}

/** The top edge that brings a row into view, or the one there is when it is seen already. */
export function reveal(extent: Extent, top: number, rowTop: number, rowHeight: number): number {
  if (rowTop >= top && rowTop + rowHeight <= top + extent.viewport) return top;
  const wanted = rowTop - (extent.viewport - rowHeight) / 2;
  return Math.min(Math.max(0, extent.content - extent.viewport), Math.max(0, wanted));
}
