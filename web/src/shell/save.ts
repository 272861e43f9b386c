import { tellFault } from "../state/session";

/** Gives the chunks to the browser as a file. */
export async function save(name: string, type: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    const parts: BlobPart[] = [];
    for await (const chunk of chunks) parts.push(chunk as Uint8Array<ArrayBuffer>);
    saveBlob(name, new Blob(parts, { type }));
  } catch (error) {
    console.error(error);
    tellFault({ code: "export_failed", input: name, details: {} });
  }
}

export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
