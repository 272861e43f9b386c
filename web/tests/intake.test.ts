import { describe, expect, it } from "vitest";
import { foreignKind, LARGEST, refusal } from "../src/state/intake";

const head = (text: string) => new TextEncoder().encode(text);
const input = (name: string, ...parts: BlobPart[]) => ({ name, blob: new Blob(parts) });

describe("what may be read", () => {
  it("names what is no text", () => {
    expect(foreignKind(head("%PDF-1.7"))).toBe("pdf");
    expect(foreignKind(Uint8Array.of(0x50, 0x4b, 3, 4))).toBe("zip");
    expect(foreignKind(Uint8Array.of(0x89, 0x50, 0x4e, 0x47))).toBe("image");
    expect(foreignKind(Uint8Array.of(1, 2, 0, 4))).toBe("binary");
  });

  it("lets through text, broken text, gzip and UTF-16, which the engine judges", () => {
    expect(foreignKind(head('[INFO] {"clientId":'))).toBeNull();
    expect(foreignKind(Uint8Array.of(0xff, 0xc0, 0x7b))).toBeNull();
    expect(foreignKind(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0))).toBeNull();
    expect(foreignKind(Uint8Array.of(0xff, 0xfe, 0x7b, 0))).toBeNull();
    expect(foreignKind(new Uint8Array())).toBeNull();
  });

  it("says what is wrong and the limit", async () => {
    expect(await refusal(input("a.pdf", "%PDF-1.7 …"))).toEqual({ code: "not_this_format", input: "a.pdf", details: { what: "pdf" } });
    expect(await refusal(input("none"))).toMatchObject({ code: "empty_input" });
    expect(await refusal(input("good.ndjson", "{}"))).toBeNull();
    const huge = { name: "huge.ndjson", blob: { size: 2 ** 31 } as Blob };
    expect(await refusal(huge)).toEqual({ code: "too_big", input: "huge.ndjson", details: { size: 2 ** 31, limit: LARGEST } });
  });

  it("says so when a file cannot be read", async () => {
    const gone = { size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) }) };
    expect(await refusal({ name: "gone.log", blob: gone as unknown as Blob })).toMatchObject({ code: "read_failed" });
  });
});
