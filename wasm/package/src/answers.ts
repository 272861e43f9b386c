/** How a client reads. */
export type Status = "online" | "offline" | "suspect" | "unknown";

/** What a channel is. */
export type ChannelState = "live" | "closed" | "orphan" | "superseded" | "suspect";

/** The change that an event reports. */
export type EventType = "connect" | "disconnect" | "tcpclean";

/** A client's answer flipped; times are milliseconds since 1970. */
export interface Transition {
  clientId: string;
  online: boolean;
  /** Of the event. */
  time: number;
  /** The clock when it was applied. */
  observedAt: number;
  cause: { channelId: string; eventType: EventType; messageId?: string };
}

/** A fact; an empty slot is `null`. */
export interface Slot {
  time: number;
  clientIp: string | null;
}

export interface Channel<S extends Slot = Slot> {
  channelId: string;
  state: ChannelState;
  connect: S | null;
  disconnect: S | null;
  tcpclean: S | null;
}

/** A client and why it reads as it does. */
export interface ExplainedClient {
  clientId: string;
  online: boolean;
  status: Status;
  /** Event time of the last flip. */
  since: number | null;
  channels: (Channel<Slot & { origin: string }> & { reason: string })[];
  /** A sentence. */
  reason: string;
}

/** A client's answer alone. */
export interface ListedClient {
  clientId: string;
  online: boolean;
  status: Status;
  since: number | null;
}

export interface Stats {
  clients: number;
  online: number;
  suspect: number;
  channels: Record<ChannelState, number>;
}

export type AnomalyKind =
  | "duplicate"
  | "conflicting_duplicate"
  | "out_of_order"
  | "orphan_close"
  | "never_closed"
  | "superseded"
  | "overlap"
  | "clock_skew"
  | "flapping"
  | "late";

export interface Anomaly {
  kind: AnomalyKind;
  channelId: string;
  /** Number of the record, from 1. */
  record: number;
  /** Only where there is more than one file. */
  file?: string;
}

export interface ReportedClient {
  clientId: string;
  online: boolean;
  status: Status;
  channels: Channel[];
  anomalies: Anomaly[];
}

/** What `mqtt-presence replay --format json` prints. */
export interface Report {
  summary: {
    records: number;
    accepted: number;
    rejected: number;
    duplicates: number;
    clients: number;
    online: number;
  };
  clients: ReportedClient[];
  errors: import("./error.js").Rejection[];
}

/** Whose messages a recording holds, where it is not of events. */
export type BrokerFormat = "aws" | "emqx" | "generic" | "mosquitto" | "vernemq";

/** How the rule is applied; all off by default. */
export interface RuleOptions {
  /** Which events close a channel: `disconnect` or `tcpclean`, or `tcpclean` alone. */
  closing?: "any" | "tcpclean";
  /** A newer connect supersedes the client's older live channels. */
  takeover?: boolean;
}

/** What bounds the memory of reading. */
export interface LimitOptions {
  /** Largest record in bytes, 65,536 when left out. */
  maxRecord?: number;
  /** Deepest nesting, 16 when left out. */
  maxDepth?: number;
}
