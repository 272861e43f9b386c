const two = (n: number) => String(n).padStart(2, "0");
const three = (n: number) => String(n).padStart(3, "0");

/** `2026-03-02` in the reader's time zone, in every language, as engineers write it. */
export function day(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `08:04:31.250`; `step` is the distance of neighbours in milliseconds and says how much is needed. */
export function clock(time: number, step = 1): string {
  const date = new Date(time);
  let text = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step < 60_000) text += `:${two(date.getSeconds())}`;
  if (step < 1_000) text += `.${three(date.getMilliseconds())}`;
  return text;
}

export function dayAndClock(time: number): string {
  return Number.isFinite(time) ? `${day(time)} ${clock(time)}` : "";
}

/** The label of a tick: the day where a day begins, or the clock. */
export function tickLabel(time: number, step: number): string {
  const date = new Date(time);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 && date.getMilliseconds() === 0;
  return step >= 86_400_000 || midnight ? day(time) : clock(time, step);
}

/** `1.25 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: the two units that matter. */
export function duration(milliseconds: number): string {
  const sign = milliseconds < 0 ? "−" : "";
  const ms = Math.abs(Math.round(milliseconds));
  if (ms < 1_000) return `${sign}${ms} ms`;
  if (ms < 60_000) return `${sign}${Number((ms / 1_000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    `${sign}${big} ${bigUnit}${small ? ` ${small} ${smallUnit}` : ""}`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** Name of the zone that times are shown in. */
export function zone(time: number): string {
  const minutes = -new Date(time).getTimezoneOffset();
  if (!minutes) return "UTC";
  const absolute = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(absolute / 60)}${absolute % 60 ? `:${two(absolute % 60)}` : ""}`;
}

/** `4.2 MB`. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const units = ["kB", "MB", "GB"];
  let value = count / 1_000;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
