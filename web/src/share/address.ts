import { anomalyKinds, type AnomalyKind, type EventFilter, type Range, type Shape, shapes, type Sort } from "../engine/engine";

/** What a link says, apart from the data. Clients are named: their numbers are the engine's own. */
export interface Address {
  range: Range | null;
  cursor: { record: number; time: number } | null;
  client: string | null;
  pinned: string[];
  text: string;
  anomalies: AnomalyKind[];
  status: "online" | "offline" | null;
  sort: Sort;
  chosen: Range | null;
  kinds: EventFilter["kinds"];
  onlyAnomalous: boolean;
  onlySelected: boolean;
  axis: "time" | "records";
  closing: "any" | "tcpclean";
  takeover: boolean;
  readAs: Shape;
  language: "en" | "zh" | null;
  theme: "light" | "dark" | null;
  /** Deflated data, file by file. */
  data: string[];
  sample: string | null;
}

const SORTS = ["anomalies", "flaps", "name"] as const;
const KINDS = ["connect", "disconnect", "tcpclean"] as const;

/** `range` as `from~to`: a minus sign may stand in front of either. */
const writeRange = ({ from, to }: Range) => `${Math.round(from)}~${Math.round(to)}`;

function readRange(text: string | null): Range | null {
  const [from, to] = (text ?? "").split("~").map(Number);
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? { from, to } : null;
}

export function writeAddress(address: Address): string {
  const out = new URLSearchParams();
  const put = (key: string, value: string | null | false) => {
    if (value) out.append(key, value);
  };
  put("range", address.range && writeRange(address.range));
  put("cursor", address.cursor && `${address.cursor.record}~${Math.round(address.cursor.time)}`);
  put("client", address.client);
  for (const client of address.pinned) put("pin", client);
  put("find", address.text);
  put("anomalies", address.anomalies.join("."));
  put("status", address.status);
  put("sort", address.sort !== "anomalies" && address.sort);
  put("chosen", address.chosen && writeRange(address.chosen));
  put("kinds", address.kinds.join("."));
  put("only", [address.onlyAnomalous && "anomalous", address.onlySelected && "selected"].filter(Boolean).join("."));
  put("axis", address.axis !== "time" && address.axis);
  put("closing", address.closing !== "any" && address.closing);
  put("takeover", address.takeover && "1");
  put("as", address.readAs !== "detected" && address.readAs);
  put("lang", address.language);
  put("theme", address.theme);
  put("sample", address.sample);
  for (const data of address.data) put("data", data);
  return out.toString();
}

/** Reads what it can; what makes no sense counts as not given. */
export function readAddress(fragment: string): Address {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const oneOf = <T extends string>(key: string, choices: readonly T[]): T | null =>
    choices.find((choice) => choice === given.get(key)) ?? null;
  const several = <T extends string>(key: string, choices: readonly T[]): T[] => {
    const named = (given.get(key) ?? "").split(".");
    return choices.filter((choice) => named.includes(choice));
  };
  const [record, time] = (given.get("cursor") ?? "").split("~").map(Number);
  const only = several("only", ["anomalous", "selected"]);
  return {
    range: readRange(given.get("range")),
    cursor: Number.isInteger(record) && record >= 0 && Number.isFinite(time) ? { record, time } : null,
    client: given.get("client"),
    pinned: given.getAll("pin"),
    text: given.get("find") ?? "",
    anomalies: several("anomalies", anomalyKinds),
    status: oneOf("status", ["online", "offline"]),
    sort: oneOf("sort", SORTS) ?? "anomalies",
    chosen: readRange(given.get("chosen")),
    kinds: several("kinds", KINDS),
    onlyAnomalous: only.includes("anomalous"),
    onlySelected: only.includes("selected"),
    axis: oneOf("axis", ["time", "records"]) ?? "time",
    closing: oneOf("closing", ["any", "tcpclean"]) ?? "any",
    takeover: given.get("takeover") === "1",
    readAs: oneOf("as", shapes) ?? "detected",
    language: oneOf("lang", ["en", "zh"]),
    theme: oneOf("theme", ["light", "dark"]),
    data: given.getAll("data"),
    sample: oneOf("sample", ["clean-day", "incident"]),
  };
}
