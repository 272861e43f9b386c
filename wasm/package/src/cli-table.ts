import type { Anomaly, Report, ReportedClient } from "./answers.js";
import type { Rejection } from "./error.js";
import type { View } from "./replay.js";

/** Rows of clients, and of errors, before the rest is only counted. */
const ROWS = 50;
/** So many records of one kind are named. */
const NAMED = 3;

/** The report for people. */
export function table(report: Report, view: View): string {
  const { summary, clients, errors } = report;
  const when =
    view.after !== undefined
      ? ` as believed after ${counted(view.after, "record")}`
      : view.at !== undefined
        ? ` at ${instant(view.at)}`
        : "";
  return [
    `${counted(summary.clients, "client")}: ${grouped(summary.online)} online${when}\n`,
    `${counted(summary.records, "record")}: ${grouped(summary.accepted)} accepted ` +
      `(${counted(summary.duplicates, "duplicate")}), ${grouped(summary.rejected)} rejected\n`,
    clients.length > 0 ? ofClients(clients) : "",
    errors.length > 0 ? ofErrors(errors) : "",
  ].join("");
}

/** Those with something odd first, then those online, each in byte order. */
function ofClients(clients: ReportedClient[]): string {
  const rank = ({ anomalies, online }: ReportedClient): number =>
    (anomalies.length === 0 ? 2 : 0) + (online ? 0 : 1);
  const shown = clients.toSorted((a, b) => rank(a) - rank(b)).slice(0, ROWS);
  const rows = shown.map((client) => [
    safe(client.clientId),
    client.status,
    channels(client),
    last(client),
    named(client.anomalies),
  ]);
  return `\n${lines(["client", "status", "channels", "last event", "anomalies"], rows)}${rest(clients.length, "client")}`;
}

function ofErrors(errors: Rejection[]): string {
  const rows = errors.slice(0, ROWS).map(({ record, line, column, file, code, message }) => [
    String(record),
    `${file === undefined ? "" : `${safe(file)} `}${line}:${column}`,
    code,
    safe(message),
  ]);
  return `\n${lines(["record", "line:column", "error", "message"], rows)}${rest(errors.length, "error")}`;
}

function lines(header: string[], rows: string[][]): string {
  const all = [header, ...rows];
  const widths = header.map((_, at) => Math.max(...all.map((row) => width(row[at] ?? ""))));
  const line = (row: string[]): string =>
    row
      .map((text, at) => `  ${text}${" ".repeat((widths[at] ?? 0) - width(text))}`)
      .join(" ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 3, 1));
  return `${[line(header), rule, ...rows.map(line)].join("\n")}\n`;
}

/** Columns of a terminal that a text takes. */
function width(text: string): number {
  let columns = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
      segment,
    )
      ? 2
      : 1;
  }
  return columns;
}

function rest(all: number, what: string): string {
  if (all <= ROWS) return "";
  return `… and ${counted(all - ROWS, what)} more; \`--format ndjson\` or \`--format json\` prints all\n`;
}

const STATES = ["live", "closed", "orphan", "superseded", "suspect"] as const;

/** `1 live, 2 closed`. */
function channels({ channels }: ReportedClient): string {
  return STATES.map((state) => [channels.filter((channel) => channel.state === state).length, state] as const)
    .filter(([number]) => number > 0)
    .map(([number, state]) => `${grouped(number)} ${state}`)
    .join(", ");
}

/** Time of the latest fact. */
function last({ channels }: ReportedClient): string {
  const times = channels.flatMap(({ connect, disconnect, tcpclean }) =>
    [connect, disconnect, tcpclean].flatMap((slot) => (slot ? [slot.time] : [])),
  );
  return times.length === 0 ? "" : instant(times.reduce((a, b) => Math.max(a, b)));
}

const KINDS = [
  "clock_skew",
  "conflicting_duplicate",
  "duplicate",
  "flapping",
  "late",
  "never_closed",
  "orphan_close",
  "out_of_order",
  "overlap",
  "superseded",
] as const;

/** `duplicate (record 3), late (records 4, 5, 9 and 2 more)`. */
function named(anomalies: Anomaly[]): string {
  return KINDS.map((kind) => [kind, anomalies.filter((anomaly) => anomaly.kind === kind)] as const)
    .filter(([, found]) => found.length > 0)
    .map(([kind, found]) => {
      const records = found.slice(0, NAMED).map(({ record }) => record);
      const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : "";
      return `${kind} (${found.length === 1 ? "record" : "records"} ${records.join(", ")}${more})`;
    })
    .join(", ");
}

/** RFC 3339 in UTC; the number where a calendar cannot show it. */
function instant(time: number): string {
  return time <= 253_402_207_200_999 ? new Date(time).toISOString() : String(time);
}

/** `1 client`, `1,200 clients`. */
function counted(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? "" : "s"}`;
}

function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** Control characters and direction marks shown, not sent. */
function safe(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
