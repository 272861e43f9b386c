/** `#rgb` or `#rrggbb`: minifiers shorten what the style sheet says. */
export function parts(hex: string): [number, number, number] {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join("") : hex.slice(1);
  const rgb = Number.parseInt(digits, 16);
  return [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255];
}

/** A pixel of ImageData on a little-endian machine, which all are that run browsers. */
export function pixel(hex: string, alpha = 1): number {
  const [r, g, b] = parts(hex);
  return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export function faded(hex: string, alpha: number): string {
  return `rgb(${parts(hex).join(" ")} / ${alpha})`;
}
