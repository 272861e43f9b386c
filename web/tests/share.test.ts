import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Address, readAddress, writeAddress } from "../src/share/address";
import { pack, unpack } from "../src/share/deflate";

const full: Address = {
  range: { from: 1_772_438_400_000, to: 1_772_438_460_000 },
  cursor: { record: 17, time: 1_772_438_430_123 },
  client: "GID_factory@@@press-07",
  pinned: ["GID_x@@@a&b=c", "工厂@@@设备#7"],
  text: "press 07",
  anomalies: ["out_of_order", "late"],
  status: "online",
  sort: "flaps",
  chosen: { from: -5_000, to: 5_000 },
  kinds: ["connect", "tcpclean"],
  onlyAnomalous: true,
  onlySelected: true,
  axis: "records",
  closing: "tcpclean",
  takeover: true,
  readAs: "emqx",
  language: "zh",
  theme: "dark",
  data: ["abc-_", "def"],
  sample: "incident",
};

describe("address", () => {
  it("brings back everything it holds", () => {
    expect(readAddress(`#${writeAddress(full)}`)).toEqual(full);
  });

  it("is empty for a view that nobody changed", () => {
    expect(writeAddress(readAddress(""))).toBe("");
  });

  it("takes nonsense as not given", () => {
    const none = readAddress("");
    expect(readAddress("#range=5~5&cursor=x~1&sort=size&status=up&anomalies=none&kinds=ping&lang=fr&theme=pink&chosen=1")).toEqual(none);
    expect(readAddress("#%E0%A4%A&&&===")).toEqual(none);
  });
});

describe("data in a link", () => {
  it("comes back byte for byte and is short", async () => {
    const sample = readFileSync(new URL("../public/samples/incident.ndjson", import.meta.url));
    const packed = await pack(new Blob([sample]));
    expect(packed).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(packed.length).toBeLessThan(sample.length / 2);
    expect(Buffer.from(await unpack(packed)).equals(sample)).toBe(true);
  });

  it("keeps any bytes, and none", async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7_919) & 255);
    expect(await unpack(await pack(new Blob([bytes])))).toEqual(bytes);
    expect(await unpack(await pack(new Blob([])))).toEqual(new Uint8Array());
  });

  it("refuses what is cut off or damaged", async () => {
    const packed = await pack(new Blob(["one two three ".repeat(100)]));
    await expect(unpack(packed.slice(0, -6))).rejects.toThrow();
    await expect(unpack("@@@@")).rejects.toThrow();
  });

  it("refuses what unfolds into too much", async () => {
    const bomb = await pack(new Blob([new Uint8Array(17 << 20)]));
    expect(bomb.length).toBeLessThan(30_000);
    await expect(unpack(bomb)).rejects.toThrow(RangeError);
  });
});
