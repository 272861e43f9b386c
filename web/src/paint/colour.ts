/** `#rrggbb` as a pixel of ImageData on a little-endian machine, which all are that run browsers. */
export function pixel(hex: string, alpha = 1): number {
  const rgb = Number.parseInt(hex.slice(1), 16);
  const [r, g, b] = [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255];
  return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export function faded(hex: string, alpha: number): string {
  const rgb = Number.parseInt(hex.slice(1), 16);
  return `rgb(${(rgb >> 16) & 255} ${(rgb >> 8) & 255} ${rgb & 255} / ${alpha})`;
}
