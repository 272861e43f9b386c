import { describe, expect, it } from "vitest";
import { Addresses } from "../src/engine/addresses";

const settled = () => new Promise((resume) => setTimeout(resume, 120));

describe("addresses of rows", () => {
  it("are asked for once a client, and told when they are known", async () => {
    const asked: number[] = [];
    let told = 0;
    const addresses = new Addresses(
      async (client) => {
        asked.push(client);
        return [{ channelId: "c1", clientIp: `10.0.0.${client}:1` }, { channelId: "c2", clientIp: null }];
      },
      () => (told += 1),
    );
    const rows = [{ client: 1, channelId: "c1" }, { client: 2, channelId: "c1" }, { client: 1, channelId: "c2" }, { client: 2, channelId: "gone" }];
    expect(addresses.of(rows)).toEqual([null, null, null, null]);
    await settled();
    expect(addresses.of(rows)).toEqual(["10.0.0.1:1", "10.0.0.2:1", null, null]);
    await settled();
    expect(asked.sort()).toEqual([1, 2]);
    expect(told).toBe(2);
  });

  it("are asked for again after a failure, when somebody looks again", async () => {
    let fails = true;
    const addresses = new Addresses(
      async () => {
        if (fails) throw new Error("no answer");
        return [{ channelId: "c1", clientIp: "10.0.0.1:1" }];
      },
      () => undefined,
    );
    const rows = [{ client: 1, channelId: "c1" }];
    addresses.of(rows);
    await settled();
    fails = false;
    expect(addresses.of(rows)).toEqual([null]);
    await settled();
    expect(addresses.of(rows)).toEqual(["10.0.0.1:1"]);
  });

  it("of rows that went out of view are asked for no longer", async () => {
    const asked: number[] = [];
    const addresses = new Addresses(async (client) => (asked.push(client), []), () => undefined);
    addresses.of(Array.from({ length: 50 }, (_, client) => ({ client, channelId: "c" })));
    addresses.of([{ client: 99, channelId: "c" }]);
    await settled();
    expect(asked.length).toBeLessThan(5);
    expect(asked).toContain(99);
  });
});
