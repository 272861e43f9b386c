import type { Fault, Input } from "../engine/engine";

/** 5 million events are about 600 MB; more than this would not fit into a page's memory. */
export const LARGEST = 1 << 30;

const MAGIC: [kind: string, offset: number, bytes: number[]][] = [
  ["pdf", 0, [0x25, 0x50, 0x44, 0x46]],
  ["zip", 0, [0x50, 0x4b, 0x03, 0x04]],
  ["image", 0, [0x89, 0x50, 0x4e, 0x47]],
  ["image", 0, [0xff, 0xd8, 0xff]],
  ["image", 0, [0x47, 0x49, 0x46, 0x38]],
  ["archive", 0, [0x37, 0x7a, 0xbc, 0xaf]],
  ["archive", 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ["archive", 0, [0x42, 0x5a, 0x68]],
  ["archive", 0, [0xfd, 0x37, 0x7a, 0x58]],
  ["archive", 257, [0x75, 0x73, 0x74, 0x61, 0x72]],
  ["program", 0, [0x7f, 0x45, 0x4c, 0x46]],
  ["program", 0, [0x4d, 0x5a, 0x90]],
  ["database", 0, [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
  ["media", 4, [0x66, 0x74, 0x79, 0x70]],
];

/** What a file begins with, when that is no text; `null` for what may be read. */
export function foreignKind(head: Uint8Array): string | null {
  for (const [kind, offset, magic] of MAGIC) {
    if (magic.every((byte, at) => head[offset + at] === byte)) return kind;
  }
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  // The engine names UTF-16 itself, which is full of zeros.
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return !gzip && !utf16 && head.includes(0) ? "binary" : null;
}

/** Why an input is not even given to the engine; `null` when it is. */
export async function refusal({ name, blob }: Input): Promise<Fault | null> {
  const fault = (code: string, details: Fault["details"] = {}): Fault => ({ code, input: name, details });
  if (blob.size > LARGEST) return fault("too_big", { size: blob.size, limit: LARGEST });
  if (blob.size === 0) return fault("empty_input");
  try {
    const kind = foreignKind(new Uint8Array(await blob.slice(0, 4_096).arrayBuffer()));
    return kind ? fault("not_this_format", { what: kind }) : null;
  } catch {
    return fault("read_failed");
  }
}
