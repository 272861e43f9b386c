/** What one link may unfold into: a tiny fragment must not fill the memory. */
const MOST_UNFOLDED = 16 << 20;

async function through(data: Blob, change: ReadableWritablePair<Uint8Array, BufferSource>, most = Infinity): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = data.stream().pipeThrough(change).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError("the data unfolds into too much");
    }
    chunks.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Deflated and written in the alphabet of addresses. */
export async function pack(data: Blob): Promise<string> {
  const bytes = await through(data, new CompressionStream("deflate-raw"));
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Throws when the text is damaged, cut off or unfolds into too much. */
export async function unpack(text: string): Promise<Uint8Array> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return through(new Blob([bytes]), new DecompressionStream("deflate-raw"), MOST_UNFOLDED);
}
