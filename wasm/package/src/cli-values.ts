/** What the command line is refused for. */
export class Refused extends Error {}

export function word<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((word) => word === value);
  if (found !== undefined) return found;
  throw new Refused(`\`${value}\` is no value of \`--${name}\`: give ${known.join(", ")}`);
}

export function yes(name: string, value: string): boolean {
  const text = value.toLowerCase();
  if (["y", "yes", "t", "true", "on", "1"].includes(text)) return true;
  if (["n", "no", "f", "false", "off", "0"].includes(text)) return false;
  throw new Refused(`\`${value}\` is no value of \`--${name}\`: give true or false`);
}

export function count(name: string, value: string, least: number): number {
  if (!/^\+?[0-9]+$/.test(value) || Number(value) < least) {
    throw new Refused(`\`${value}\` is no value of \`--${name}\`: give a number of ${least} or more`);
  }
  return Number(value);
}

const UNITS: [RegExp, number][] = [
  [/^(nanos|nsec|ns)$/, 1e-6],
  [/^(micros|usec|us|µs)$/, 1e-3],
  [/^(millis|msec|ms)$/, 1],
  [/^(seconds|second|secs|sec|s)$/, 1_000],
  [/^(minutes|minute|mins|min|m)$/, 60_000],
  [/^(hours|hour|hrs|hr|h)$/, 3_600_000],
  [/^(days|day|d)$/, 86_400_000],
  [/^(weeks|week|wks|wk|w)$/, 604_800_000],
];

/** Milliseconds of `500ms`, `60s` or `1m 30s`. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/\s*([0-9]+)\s*([a-zµ]+)\s*/gy)];
  const read = parts.reduce((length, [part]) => length + part.length, 0);
  const milliseconds = parts.map(([, number, unit = ""]) => {
    const scale = UNITS.find(([names]) => names.test(unit))?.[1];
    return scale === undefined ? Number.NaN : Number(number) * scale;
  });
  const sum = milliseconds.reduce((sum, part) => sum + part, 0);
  if (text === "0") return 0;
  if (parts.length === 0 || read < text.length || Number.isNaN(sum)) {
    throw new Refused(
      `\`${text}\` is no duration: give a number and a unit such as \`500ms\`, \`60s\` or \`5m\``,
    );
  }
  return Math.floor(sum);
}

const RFC_3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})$/;

/** Milliseconds since 1970 of RFC 3339 or of the number itself; moments before read as 0. */
export function moment(text: string): number {
  if (/^[0-9]+$/.test(text)) {
    if (BigInt(text) < 1n << 64n) return Number(text);
    throw new Refused(`\`${text}\` is too large for milliseconds since 1970`);
  }
  const found = RFC_3339.exec(text);
  const [, year, month, day, hour, minute, second, fraction = "", zone = ""] = found ?? [];
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    // A leap second is the one before it.
    Math.min(Number(second), 59),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
  const at = new Date(time);
  const isOne =
    found !== null &&
    at.getUTCMonth() === Number(month) - 1 &&
    at.getUTCDate() === Number(day) &&
    at.getUTCHours() === Number(hour) &&
    at.getUTCMinutes() === Number(minute) &&
    Number(second) <= 60;
  if (!isOne) {
    throw new Refused(
      `\`${text}\` is no time: give RFC 3339 such as \`2026-01-01T08:30:00Z\`, ` +
        "or milliseconds since 1970 such as `1767256200000`",
    );
  }
  if (zone.toUpperCase() === "Z") return Math.max(time, 0);
  const [hours = 0, minutes = 0] = zone.slice(1).split(":").map(Number);
  const ahead = (hours * 60 + minutes) * 60_000 * (zone.startsWith("-") ? -1 : 1);
  return Math.max(time - ahead, 0);
}
