import { describe, expect, it } from "vitest";
import { channelStates, type ChannelBars, type Explanation, type Inspection, State } from "../src/engine/engine";
import { explain } from "../src/inspector/sentence";
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
  const near = Date.UTC(2026, 2, 2, 8);
  const slot = (record: number) => ({ time: near + record * 1_000, clientIp: null, record });
  const found = {
    channels: [{ channelId: "c1", believed: "live", actual: "closed", connect: slot(1), disconnect: null, tcpclean: slot(9) }],
  } as unknown as Inspection;
  const why = (reason: string, channelId: string | null = "c1"): Explanation => ({ reason, channelId, record: 1, sentence: "by core" });

  it("tells a closing that belief could not know of only as fact", () => {
    expect(explain(why("live"), "believed", found, near, en)).toMatch(/^Channel c1 connected at .*no closing of it has arrived/);
    expect(explain(why("live"), "actual", found, near, en)).toMatch(/its closing is of \d\d:\d\d:09/);
  });

  it("speaks the reader's language", () => {
    expect(explain(why("closed_by_tcpclean"), "actual", found, near, en)).toContain("tcpclean at");
    expect(explain(why("closed_by_tcpclean"), "actual", found, near, zh)).toContain("没有存活的通道");
    expect(explain(why("never_seen", null), "believed", found, near, zh)).toBe(zh.explain.never_seen);
  });

  it("falls back on core's sentence", () => {
    expect(explain(why("leased"), "believed", found, near, en)).toBe("by core");
    expect(explain(why("live", "other"), "believed", found, near, en)).toBe("by core");
    expect(explain(why("closed_by_disconnect"), "actual", found, near, en)).toBe("by core");
  });
});
