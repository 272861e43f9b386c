/** Gives a canvas the size it is shown with, in device pixels. */
export function fit(canvas: HTMLCanvasElement, width: number, height: number): { context: CanvasRenderingContext2D; scale: number } | null {
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, scale };
}

const patterns = new WeakMap<CanvasRenderingContext2D, { colour: string; pattern: CanvasPattern }>();

/** Diagonal lines, for what no event tells. */
export function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const made = patterns.get(context);
  if (made?.colour === colour) return made.pattern;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift - 1, 7);
    pen.lineTo(shift + 7, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  if (pattern) patterns.set(context, { colour, pattern });
  return pattern ?? colour;
}
