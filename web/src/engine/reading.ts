/** From an input to its bytes, unpacked. */
import type { Input } from "./engine";

/** The bytes of an input; `count` is told how many of the blob itself have been read. */
export async function open({ name, blob }: Input, count: (bytes: number) => void): Promise<ReadableStream<Uint8Array>> {
  const head = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  const magic = head[0] === 0x1f && head[1] === 0x8b;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      count(chunk.length);
      controller.enqueue(chunk);
    },
  });
  const bytes = blob.stream().pipeThrough(counter);
  // A name alone may lie: a browser unpacks some downloads and leaves `.gz` behind.
  const packed = magic || (name.endsWith(".gz") && blob.size > 0 && head[0] !== 0x7b && head[0] !== 0x5b);
  return packed ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
}

/** The code of what went wrong while reading. */
export function faultOf(error: unknown): string {
  if (error instanceof DOMException) return "read_failed";
  const words = String((error as Error)?.message ?? error);
  if (/truncat|unexpected end/i.test(words)) return "gzip_truncated";
  return error instanceof TypeError || /header|data|check/i.test(words) ? "gzip_invalid" : "read_failed";
}
