import { describe, expect, it } from "vitest";
import { barHeight, contentTop, isScaled, reveal, scrollTopOf } from "../src/shell/scroll";

const small = { content: 24_000, viewport: 600 };
const fiveMillionRows = { content: 5_000_000 * 24, viewport: 600 };

describe("scaled scroll bar", () => {
  it("is the content itself while that is small", () => {
    expect(barHeight(small)).toBe(24_000);
    expect(contentTop(small, 1_234)).toBe(1_234);
    expect(isScaled(small)).toBe(false);
  });

  it("stays below what browsers allow", () => {
    expect(barHeight(fiveMillionRows)).toBeLessThan(33_000_000);
    expect(isScaled(fiveMillionRows)).toBe(true);
  });

  it("reaches the first and the last row", () => {
    const most = barHeight(fiveMillionRows) - fiveMillionRows.viewport;
    expect(contentTop(fiveMillionRows, 0)).toBe(0);
    expect(contentTop(fiveMillionRows, most)).toBe(fiveMillionRows.content - 600);
    expect(contentTop(fiveMillionRows, most + 50)).toBe(fiveMillionRows.content - 600);
  });

  it("puts the bar where the row is and finds the row from there", () => {
    for (const row of [0, 1, 2_500_000, 4_999_975]) {
      const top = row * 24;
      expect(contentTop(fiveMillionRows, scrollTopOf(fiveMillionRows, top)) / 24).toBeCloseTo(row, 3);
    }
  });

  it("does nothing when all is seen", () => {
    const all = { content: 100, viewport: 600 };
    expect(barHeight(all)).toBe(600);
    expect(contentTop(all, 10)).toBe(0);
    expect(scrollTopOf(all, 50)).toBe(0);
  });

  it("moves only when a row is out of view", () => {
    expect(reveal(small, 480, 600, 24)).toBe(480);
    expect(reveal(small, 480, 0, 24)).toBe(0);
    const moved = reveal(small, 480, 20_000, 24);
    expect(moved).toBeLessThanOrEqual(20_000);
    expect(moved + small.viewport).toBeGreaterThanOrEqual(20_024);
  });
});
