import { afterEach, describe, expect, it } from "vitest";
import { bytes, duration, tickLabel } from "../src/time/format";
import { panned, roomy, timeAt, xOf, zoomed } from "../src/time/scale";
import { clockOffset, ticks } from "../src/time/ticks";

const hour = { from: 1_772_438_400_000, to: 1_772_442_000_000 };

describe("time scale", () => {
  it("goes there and back", () => {
    for (const x of [0, 1, 333.5, 1_000]) expect(xOf(hour, 1_000, timeAt(hour, 1_000, x))).toBeCloseTo(x, 6);
  });

  it("keeps the time under the pointer where it is while zooming", () => {
    const at = timeAt(hour, 1_000, 250);
    for (const factor of [0.5, 0.01, 3]) expect(xOf(zoomed(hour, factor, at), 1_000, at)).toBeCloseTo(250, 3);
  });

  it("neither zooms into nothing nor out of the calendar", () => {
    let range = hour;
    for (let step = 0; step < 200; step += 1) range = zoomed(range, 0.5, hour.from);
    expect(range.to - range.from).toBeGreaterThanOrEqual(100);
    for (let step = 0; step < 400; step += 1) range = zoomed(range, 2, hour.from);
    expect(range.to - range.from).toBeLessThanOrEqual(1e13);
  });

  it("pans by a share of the view and comes back", () => {
    const there = panned(hour, 0.25);
    expect(there.from - hour.from).toBe(900_000);
    expect(panned(there, -0.25)).toEqual(hour);
  });

  it("gives a single moment room on both sides", () => {
    expect(roomy({ from: 5_000_000, to: 5_000_000 })).toEqual({ from: 4_970_000, to: 5_030_000 });
  });
});

describe("ticks", () => {
  it("are round times of the reader's clock, far enough apart, and within the range", () => {
    const eightHours = 8 * 3_600_000;
    for (const length of [150, 7_000, 90_000, 3_600_000, 86_400_000, 40 * 86_400_000, 3e12]) {
      const range = { from: hour.from + 12_345, to: hour.from + 12_345 + length };
      const { step, times } = ticks(range, 1_000, 96, () => eightHours);
      expect((step / length) * 1_000).toBeGreaterThanOrEqual(96);
      expect(times.length).toBeGreaterThan(0);
      for (const time of times) {
        expect((time + eightHours) % step).toBe(0);
        expect(time).toBeGreaterThanOrEqual(range.from);
        expect(time).toBeLessThanOrEqual(range.to);
      }
    }
  });

  it("begin at midnight of the reader's zone for days", () => {
    const { step, times } = ticks({ from: hour.from, to: hour.from + 5 * 86_400_000 }, 500, 90, () => 5.5 * 3_600_000);
    expect(step).toBe(86_400_000);
    expect(new Date(times[0]).toISOString()).toBe("2026-03-02T18:30:00.000Z");
  });

  it("are none where there is no range", () => {
    expect(ticks({ from: 5, to: 5 }, 100, 90, () => 0).times).toEqual([]);
  });
});

describe("ticks where the clock is put on or back", () => {
  const before = process.env.TZ;
  afterEach(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  /** The labels of ticks in a zone, for as many pixels as one has to be apart from the next. */
  function labels(zone: string, from: string, to: string, steps: number) {
    process.env.TZ = zone;
    const range = { from: Date.parse(from), to: Date.parse(to) };
    const { step, times } = ticks(range, steps, 1, clockOffset);
    return { step: step / 3_600_000, labels: times.map((time) => tickLabel(time, step)) };
  }
  const days = (month: string, first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, at) => `2026-${month}-${String(first + at).padStart(2, "0")}`);

  it("are the midnights on both sides", () => {
    const autumn = labels("Europe/Berlin", "2026-10-19T22:00:00Z", "2026-11-04T23:00:00Z", 17);
    expect(autumn).toEqual({ step: 24, labels: [...days("10", 20, 31), ...days("11", 1, 5)] });
    const spring = labels("Europe/Berlin", "2026-03-26T12:00:00Z", "2026-04-01T12:00:00Z", 7);
    expect(spring).toEqual({ step: 24, labels: [...days("03", 27, 31), "2026-04-01"] });
    expect(labels("America/New_York", "2026-10-30T12:00:00Z", "2026-11-03T12:00:00Z", 5).labels).toEqual(["2026-10-31", ...days("11", 1, 3)]);
  });

  it("are the same hours on both sides", () => {
    const { step, labels: shown } = labels("Europe/Berlin", "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", 7);
    expect(step).toBe(12);
    expect(shown).toEqual(["2026-10-24", "12:00", "2026-10-25", "12:00", "2026-10-26", "12:00", "2026-10-27"]);
  });

  it("show an hour that comes twice once, and none that is skipped", () => {
    expect(labels("Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T03:30:00Z", 4).labels).toEqual(["02:00", "03:00", "04:00"]);
    expect(labels("Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z", 4).labels).toEqual(["01:00", "03:00", "04:00", "05:00"]);
  });

  it("begin a day that has no midnight", () => {
    expect(labels("Africa/Cairo", "2026-04-22T00:00:00Z", "2026-04-26T00:00:00Z", 4).labels).toEqual(days("04", 23, 26));
  });
});

describe("texts of times and sizes", () => {
  it("names the two units that matter", () => {
    expect([0, 999, 1_250, 59_940, 61_000, 3_600_000, 7_500_000, 90_000_000, -1_500].map(duration)).toEqual([
      "0 ms", "999 ms", "1.25 s", "59.9 s", "1 min 1 s", "1 h", "2 h 5 min", "1 d 1 h", "−1.5 s",
    ]);
  });

  it("counts bytes as disks do", () => {
    expect([999, 4_200, 163_000_000, 2_147_483_648].map(bytes)).toEqual(["999 B", "4.2 kB", "163 MB", "2.1 GB"]);
  });
});
