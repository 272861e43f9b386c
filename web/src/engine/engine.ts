/**
 * What the page asks. Answered by WebAssembly in a worker (files, paste, samples) or by a
 * running service (HTTP and server-sent events).
 *
 * Times are milliseconds since 1970. Clients are numbers that stay as they are while the
 * engine is open; their names come from `names`. Typed arrays are handed over, not copied.
 *
 * Belief on the time axis: records carry no arrival time, so a record is taken to have arrived
 * when the newest event time seen so far had been reached. What was believed at `t` is what was
 * believed after the last record that arrived before the newest event time passed `t`.
 */
export interface Engine {
  /** How the engine gets its data; decides which controls the page shows. */
  readonly kind: "recording" | "live";
  /** Called after each load step and, live, after each batch of transitions. */
  onProgress: ((progress: Progress) => void) | null;

  /** Reads further inputs after those there are; ends when they are read or cancelled. */
  load(inputs: Input[]): Promise<void>;
  cancel(): void;
  /** Forgets all inputs. */
  clear(): Promise<void>;
  /** Forgets all inputs, and takes those to come for this. */
  readAs(shape: Shape): Promise<void>;
  setOptions(options: RuleOptions): Promise<void>;

  overview(range: Range, width: number): Promise<Overview>;
  lanes(clients: Uint32Array, range: Range, width: number): Promise<Lanes>;
  /** Channel intervals of the clients whose lanes are open. */
  channels(clients: Uint32Array, range: Range): Promise<ChannelBars>;
  /** Client numbers in this order; the filter is a part of the name or of a channel id. */
  order(sort: Sort, filter: ClientFilter): Promise<Uint32Array>;
  names(clients: Uint32Array): Promise<string[]>;
  find(clientId: string): Promise<number | null>;

  /** Rows `first .. first + count` of the events in arrival order that pass the filter. */
  events(filter: EventFilter, first: number, count: number): Promise<EventRows>;
  /** Where a record is among the rows of a filter, or the next one after it. */
  rowOf(filter: EventFilter, record: number): Promise<number>;
  /** The record after which belief is that of time `t`, and the time of a record on that axis. */
  recordAt(t: number): Promise<number>;
  timeOf(record: number): Promise<number>;

  /** How many were online at a cursor, and how these clients read. */
  standing(clients: Uint32Array, cursor: Cursor): Promise<Standing>;

  /** One client as it was after `records` records in belief and at `t` in fact. */
  inspect(client: number, cursor: Cursor): Promise<Inspection>;
  anomalies(): Promise<AnomalySummary[]>;
  /** The first anomaly after, or the last before, this record; `null` when there is none. */
  nextAnomaly(record: number, direction: 1 | -1, kind: AnomalyKind | null): Promise<Anomaly | null>;
  /** One page of the anomalies of a kind, by record. */
  offenders(kind: AnomalyKind, first: number, count: number): Promise<Anomaly[]>;
  errors(first: number, count: number): Promise<RejectedRecord[]>;

  /** Chunks of a file to save. What only a complete survey tells waits for one; a change meanwhile ends it with an error. */
  export(what: "ndjson" | "csv" | "report", filter: EventFilter): AsyncIterable<Uint8Array>;
  close(): void;
}

export interface Input {
  name: string;
  /** A `File` or `Blob`; `.gz` by name or by its first bytes is unpacked on the way. */
  blob: Blob;
}

export interface Range {
  from: number;
  to: number;
}

export interface Cursor {
  record: number;
  time: number;
}

export interface RuleOptions {
  closing: "any" | "tcpclean";
  takeover: boolean;
  flapCount: number;
  flapWindow: number;
  lateAfter: number;
}

export interface Progress {
  /** `surveying`: all is read, and evaluated anew by other options. */
  state: "loading" | "surveying" | "ready" | "connecting" | "live" | "lagging" | "reconnecting" | "failed";
  bytes: number;
  /** `null` when nobody knows, as with unpacked bytes. */
  bytesTotal: number | null;
  records: number;
  accepted: number;
  rejected: number;
  clients: number;
  /**
   * These three are of the records looked through so far, which while loading may be the first
   * quarter, and are 0 while `surveying`; complete when `state` is `ready`.
   */
  duplicates: number;
  /** Online in the end, as believed. */
  online: number;
  anomalies: number;
  /** Event times; 0 and 0 while there is no event. */
  range: Range;
  /** What went wrong, as a sentence; loading goes on. */
  faults: Fault[];
  /** Whose messages were read as events, each once, where a file was no recording of events. */
  formats: BrokerFormat[];
}

export const brokerFormats = ["aws", "emqx", "mosquitto", "vernemq"] as const;
export type BrokerFormat = (typeof brokerFormats)[number];

/** What files hold: what each one's beginning says, connection notices, or a broker's own messages. */
export const shapes = ["detected", "events", ...brokerFormats] as const;
export type Shape = (typeof shapes)[number];

export interface Fault {
  code: string;
  input: string;
  /** Numbers and texts for the page's own sentence in the reader's language. */
  details: Record<string, string | number>;
}

/** Clients online, lowest and highest within each column. */
export interface Overview {
  believedMin: Uint32Array;
  believedMax: Uint32Array;
  /** As far as events say. */
  actualMin: Uint32Array;
  actualMax: Uint32Array;
  /** The same together with clients that are `open`. */
  possibleMax: Uint32Array;
  /** Columns with an anomaly of any kind: how many. */
  anomalies: Uint32Array;
}

/** Counts of all clients, and how those that were asked for read; `open` as lanes say it. */
export interface Standing {
  believedOnline: number;
  /** As far as events say. */
  actualOnline: number;
  /** Clients that are `open`: no event says how they were. */
  actualOpen: number;
  /** `State` values, one a client. */
  believed: Uint8Array;
  actual: Uint8Array;
}

/** `State` of one column of one lane. */
export const State = {
  /** No event of the client up to here. */
  unknown: 0,
  offline: 1,
  online: 2,
  /**
   * Something is there whose start or end no event gives, hatched: before a closing whose connect
   * never came, back to the client's event before; from the next connect on, or from the end of
   * the recording, where a closing never came. Only in `actual`.
   */
  open: 3,
  /** Several of the above within the column: `fill` says how much was online. */
  mixed: 4,
} as const;

/** All arrays are `clients.length × width`, lane after lane. */
export interface Lanes {
  width: number;
  actual: Uint8Array;
  believed: Uint8Array;
  /** Share of the column in which `actual` is `online`, 0 to 255; at least 1 where there is any. */
  fill: Uint8Array;
  /** Events of the column by event time, 65,535 for more. */
  count: Uint16Array;
  /** One bit an anomaly kind, in the order of `anomalyKinds`. */
  anomalies: Uint16Array;
}

/** Channel bars, clients in the order asked, channels by connect time. */
export interface ChannelBars {
  /** Index into `ids` of the first bar of each client, and one past the last. */
  first: Uint32Array;
  ids: string[];
  /** Start and end of each; NaN where no event gives it. */
  start: Float64Array;
  end: Float64Array;
  /** Index into `channelStates`. */
  state: Uint8Array;
}

export const channelStates = ["live", "closed", "orphan", "superseded", "suspect"] as const;

export const anomalyKinds = [
  "duplicate",
  "conflicting_duplicate",
  "out_of_order",
  "orphan_close",
  "never_closed",
  "superseded",
  "overlap",
  "clock_skew",
  "flapping",
  "late",
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

export type Sort = "anomalies" | "flaps" | "name";

export interface ClientFilter {
  text: string;
  /** Only clients with an anomaly of one of these kinds; empty: all. */
  anomalies: AnomalyKind[];
  /** Only clients that are so in the end, as believed. */
  status: "online" | "offline" | null;
}

export interface EventFilter {
  clients: Uint32Array | null;
  range: Range | null;
  kinds: ("connect" | "disconnect" | "tcpclean")[];
  /** Only events that an anomaly names. */
  anomalous: boolean;
}

/** Rows as columns. */
export interface EventRows {
  total: number;
  record: Float64Array;
  time: Float64Array;
  /** Milliseconds behind the newest event time before it; 0 when it is the newest. */
  lag: Float64Array;
  client: Uint32Array;
  /** 0 connect, 1 disconnect, 2 tcpclean. */
  kind: Uint8Array;
  /** `State` values. */
  believedAfter: Uint8Array;
  actualThen: Uint8Array;
  anomalies: Uint16Array;
  clientIds: string[];
  channelIds: string[];
  clientIps: (string | null)[];
}

export interface Inspection {
  clientId: string;
  believed: { status: string; explanation: Explanation };
  actual: { status: string; explanation: Explanation };
  channels: InspectedChannel[];
  anomalies: Anomaly[];
  /** The client's entry of the report, as `mqtt-presence replay --format json` prints it. */
  json: string;
}

/** Why; the page makes the sentence in the reader's language. */
export interface Explanation {
  reason: string;
  channelId: string | null;
  /** The record that decided, when one did. */
  record: number | null;
  /** The sentence in English, by core. */
  sentence: string;
}

export interface InspectedChannel {
  channelId: string;
  believed: string;
  actual: string;
  connect: Slot | null;
  disconnect: Slot | null;
  tcpclean: Slot | null;
}

export interface Slot {
  time: number;
  clientIp: string | null;
  record: number;
}

export interface Anomaly {
  kind: AnomalyKind;
  client: number;
  clientId: string;
  channelId: string;
  record: number;
  time: number;
}

export interface AnomalySummary {
  kind: AnomalyKind;
  count: number;
  clients: number;
  first: Anomaly;
}

export interface RejectedRecord {
  record: number;
  line: number;
  column: number;
  offset: number;
  code: string;
  field: string | null;
  message: string;
  file: string | null;
}
