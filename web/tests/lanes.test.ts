import { describe, expect, it } from "vitest";
import { channelStates, type ChannelBars, type Explanation, type InspectedChannel, type Inspection, State } from "../src/engine/engine";
import { beginningUnknown, explain } from "../src/inspector/sentence";
import { packBars } from "../src/lanes/bars";
import { differs } from "../src/lanes/differ";
import { layOut, openHeight, ROW, rowAt } from "../src/lanes/layout";
import { en } from "../src/messages/en";
import { zh } from "../src/messages/zh";

/** Channels of one client as `[start, end]`. */
function channels(...spans: [number, number][]): ChannelBars {
  return {
    first: Uint32Array.of(0, spans.length),
    ids: spans.map((_, at) => `c${at}`),
    start: Float64Array.from(spans, ([start]) => start),
    end: Float64Array.from(spans, ([, end]) => end),
    state: Uint8Array.from(spans, () => channelStates.indexOf("live")),
  };
}

describe("channel bars", () => {
  it("share a row when they follow one another, and have their own when they overlap", () => {
    const { bars, rows } = packBars(channels([0, 10], [10, 20], [15, 30], [20, 25]), 0);
    expect(bars.map(({ row }) => row)).toEqual([0, 0, 1, 0]);
    expect(rows).toBe(2);
  });

  it("are unknown from the next connect on when they were never closed", () => {
    const { bars } = packBars(channels([0, NaN], [40, 60], [70, NaN]), 0);
    expect(bars.map(({ openFrom }) => openFrom)).toEqual([40, NaN, Infinity]);
  });

  it("count what does not fit into the lane", () => {
    expect(packBars(channels([0, NaN], [1, NaN], [2, NaN], [3, NaN], [4, NaN], [5, 6]), 0)).toMatchObject({ rows: 4, hidden: 2 });
  });
});

describe("layout of lanes", () => {
  const layout = layOut(Uint32Array.of(7, 8, 9), (client) => (client === 8 ? openHeight(2) : ROW));

  it("finds the lane at each height", () => {
    expect([...layout.tops]).toEqual([0, ROW, ROW + openHeight(2), 2 * ROW + openHeight(2)]);
    expect([-5, 0, ROW - 1, ROW, ROW + openHeight(2), 10_000].map((y) => rowAt(layout, y))).toEqual([0, 0, 0, 1, 2, 2]);
  });
});

describe("belief and fact", () => {
  it("differ where belief is not borne out, not where nothing is believed", () => {
    expect(differs(State.online, State.offline)).toBe(true);
    expect(differs(State.offline, State.online)).toBe(true);
    expect(differs(State.online, State.open)).toBe(true);
    expect(differs(State.online, State.online)).toBe(false);
    expect(differs(State.offline, State.open)).toBe(false);
    expect(differs(State.unknown, State.online)).toBe(false);
    expect(differs(State.online, State.mixed)).toBe(false);
  });
});

describe("explanation", () => {
  const start = Date.UTC(2026, 2, 2, 8);
  const slot = (record: number) => ({ time: start + record * 1_000, clientIp: null, record });
  const channel = (connect: number | null, disconnect: number | null, tcpclean: number | null, channelId = "c1"): InspectedChannel => ({
    channelId, believed: "live", actual: "closed",
    connect: connect === null ? null : slot(connect),
    disconnect: disconnect === null ? null : slot(disconnect),
    tcpclean: tcpclean === null ? null : slot(tcpclean),
  });
  const found = (...channels: InspectedChannel[]) => ({ channels }) as unknown as Inspection;
  const closed = found(channel(1, null, 9));
  const why = (reason: string, channelId: string | null = "c1"): Explanation => ({ reason, channelId, record: 1, sentence: "by core" });
  const at = (record: number) => ({ record, time: start + record * 1_000 });
  const say = (reason: string, side: "believed" | "actual", { seen = closed, closing = "any", record = 5, texts = en, channelId = "c1" as string | null }: {
    seen?: Inspection; closing?: "any" | "tcpclean"; record?: number; texts?: typeof en; channelId?: string | null;
  } = {}) => explain(why(reason, channelId), side, seen, at(record), closing, texts);

  it("tells a closing that belief could not know of only as fact", () => {
    expect(say("live", "believed")).toMatch(/^Channel c1 connected at .*no closing of it has arrived/);
    expect(say("live", "actual")).toMatch(/its closing is of \d\d:\d\d:09/);
  });

  it("calls no disconnect a closing where tcpclean alone is one", () => {
    const left = { seen: found(channel(1, 4, 9)), closing: "tcpclean" as const };
    expect(say("live", "actual", left)).toMatch(/its closing is of \d\d:\d\d:09/);
    expect(say("live", "believed", left)).toMatch(/no tcpclean of it has arrived; its disconnect at \d\d:\d\d:04.* does not close it/);
    expect(say("live", "believed", { ...left, record: 3 })).toMatch(/no closing of it has arrived/);
    expect(say("live", "believed", { ...left, texts: zh })).toContain("不算关闭");
    expect(say("live", "actual", { ...left, closing: "any" })).toMatch(/its closing is of \d\d:\d\d:04/);
    // Of a channel that was never seen to begin it is what there is.
    expect(say("orphan", "believed", { seen: found(channel(null, 4, null)), closing: "tcpclean" })).toMatch(/Only a closing is known, .*:04/);
  });

  it("finds the channel before whose closing a lane is hatched", () => {
    const seen = found(channel(1, null, 9), channel(null, 40, 41, "c3"), channel(null, null, 20, "c2"));
    const begun = (record: number, closing: "any" | "tcpclean" = "any") => beginningUnknown(seen, at(record).time, closing);
    expect(begun(10)?.channel.channelId).toBe("c2");
    expect([begun(20)?.channel.channelId, begun(20)?.kind]).toEqual(["c3", "disconnect"]);
    expect(begun(20, "tcpclean")?.slot.record).toBe(41);
    expect(begun(41)).toBeNull();
  });

  it("speaks the reader's language", () => {
    expect(say("closed_by_tcpclean", "actual")).toContain("tcpclean at");
    expect(say("closed_by_tcpclean", "actual", { texts: zh })).toContain("没有存活的通道");
    expect(say("never_seen", "believed", { channelId: null, texts: zh })).toBe(zh.explain.never_seen);
  });

  it("falls back on core's sentence", () => {
    expect(say("leased", "believed")).toBe("by core");
    expect(say("live", "believed", { channelId: "other" })).toBe("by core");
    expect(say("closed_by_disconnect", "actual")).toBe("by core");
  });
});
