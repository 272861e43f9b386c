import type {
  Anomaly, AnomalySummary, ChannelBars, ClientFilter, Cursor, Engine, EventFilter, EventRows, Fault, Inspection,
  InspectedChannel, Lanes, Overview, Progress, Range, RejectedRecord, Slot, Sort, Standing,
} from "./engine";
import { Addresses } from "./addresses";
import { channelStates, State } from "./engine";
import { serverSentEvents } from "./stream";
import { rasterize, stateAt, Track } from "./track";

const KINDS = ["connect", "disconnect", "tcpclean"];
/** Clients whose state is asked for at the start; more of them appear when they flip. */
const MOST_CLIENTS = 50_000;
/** Transitions kept, and those from before the page was opened that are asked for. */
const MOST_ROWS = 200_000;
const BACKLOG = 5_000;
/** Transitions that wait behind a pause; with more, what is kept begins anew after it. */
const MOST_HELD = 100_000;
/** Beyond this the answers are old enough to say so. */
const LAGGING = 10_000;
/** Events that are older than this say nothing of what time it is. */
const CLOCKS_AGREE = 60_000;

const eventTime = (flip: { time: number }) => flip.time;
const arrival = (flip: { arrived: number }) => flip.arrived;

interface Transition {
  id: number;
  clientId: string;
  online: boolean;
  time: number;
  observedAt: number;
  cause: { channelId: string; eventType: string };
}

interface Row {
  record: number;
  client: number;
  time: number;
  observedAt: number;
  arrived: number;
  lag: number;
  kind: number;
  online: boolean;
  channelId: string;
}

interface Stats {
  clients: number;
  online: number;
  records: { accepted: Record<string, number>; rejected: Record<string, number> };
  lastTransition: number;
  lag: number | null;
}

interface ChannelOfClient {
  channelId: string;
  state: string;
  connect: SlotOfChannel | null;
  disconnect: SlotOfChannel | null;
  tcpclean: SlotOfChannel | null;
}

interface SlotOfChannel {
  time: number;
  clientIp: string | null;
}

class Refused extends Error {
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

/** More came during a pause than is kept. */
class Overrun extends Error {}

/** A running service, by its HTTP API: belief by the order in which flips came; fact by event time. */
export class LiveEngine implements Engine {
  readonly kind = "live";
  onProgress: ((progress: Progress) => void) | null = null;
  /** Called when the number of transitions that wait behind a pause changes; `more` once they are no longer counted. */
  onHeld: ((held: number, more: boolean) => void) | null = null;

  private ids: string[] = [];
  private numbers = new Map<string, number>();
  private tracks: Track[] = [];
  /** Clients that the service knows. */
  private present = new Set<number>();
  private rows: Row[] = [];
  private held: Transition[] | null = null;
  /** Ends the wait for the end of a pause during which too much came. */
  private resume: (() => void) | null = null;
  private lastId = 0;
  private first = Infinity;
  /** Newest event time of the flips that came, and of all that is known. */
  private newest = 0;
  private known = 0;
  private stats: Stats | null = null;
  private state: Progress["state"] = "connecting";
  private faults: Fault[] = [];
  private stopped = new AbortController();
  private told: ReturnType<typeof setTimeout> | null = null;
  private lastRange: Range = { from: 0, to: 0 };
  private changes = 0;
  private found: { key: string; rows: Row[] } | null = null;

  private addresses = new Addresses(
    async (client) => (await this.client(client)).parsed.channels.map(({ channelId, connect, disconnect, tcpclean }) => ({
      channelId,
      clientIp: connect?.clientIp ?? disconnect?.clientIp ?? tcpclean?.clientIp ?? null,
    })),
    () => this.tellSoon(),
  );

  constructor(private readonly base: URL) {}

  /** Follows the service until `close`. */
  async load(): Promise<void> {
    const { signal } = this.stopped;
    const poll = setInterval(() => void this.poll(), 2_000);
    let wait = 500;
    let fresh = true;
    while (!signal.aborted) {
      try {
        if (fresh) await this.begin();
        fresh = false;
        await this.follow(() => (wait = 500));
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof Overrun) {
          await new Promise<void>((resume) => (this.resume = resume));
          fresh = true;
          this.fault("paused_long");
          continue;
        }
        if (error instanceof Refused && error.status === 410) {
          fresh = true;
          this.fault("history_gone");
          continue;
        }
        if (error instanceof Refused && error.status === 401) {
          this.fault("service_token");
          this.become("failed");
          break;
        }
        if (error instanceof Refused && error.status < 500 && error.status !== 429) {
          this.fault("service_failed", { detail: error.message });
          this.become("failed");
          break;
        }
      }
      if (signal.aborted) break;
      this.become(fresh ? "connecting" : "reconnecting");
      await new Promise((resume) => setTimeout(resume, wait));
      wait = Math.min(wait * 2, 8_000);
    }
    clearInterval(poll);
  }

  /** Stops and goes on showing what comes; it is kept meanwhile. */
  hold(on: boolean): void {
    if (on === (this.held !== null)) return;
    const waiting = this.held ?? [];
    this.held = on ? [] : null;
    // After an overrun all is asked for anew.
    if (this.resume) this.resume();
    else for (const transition of waiting) this.apply(transition);
    this.resume = null;
    this.onHeld?.(0, false);
    this.tellSoon();
  }

  cancel(): void {}
  async clear(): Promise<void> {}
  async readAs(): Promise<void> {}
  /** The service has its own options. */
  async setOptions(): Promise<void> {}

  close(): void {
    this.stopped.abort();
    this.resume?.();
    if (this.told) clearTimeout(this.told);
  }

  async overview({ from, to }: Range, width: number): Promise<Overview> {
    const step = (to - from) / width;
    const rise = (key: (flip: { time: number; arrived: number }) => number, which: "actual" | "believed") => {
      const delta = new Int32Array(width + 1);
      let before = 0;
      for (const track of this.tracks) {
        let online = false;
        for (const flip of track[which]) {
          const now = flip.state === State.online;
          if (now === online) continue;
          online = now;
          const column = Math.floor((key(flip) - from) / step);
          if (column < 0) before += now ? 1 : -1;
          else if (column < width) delta[column] += now ? 1 : -1;
        }
      }
      const min = new Uint32Array(width);
      const max = new Uint32Array(width);
      for (let column = 0, count = before; column < width; column += 1) {
        const after = count + delta[column];
        min[column] = Math.max(0, Math.min(count, after));
        max[column] = Math.max(0, count, after);
        count = after;
      }
      return { min, max };
    };
    const actual = rise(eventTime, "actual");
    const believed = rise(arrival, "believed");
    return {
      believedMin: believed.min, believedMax: believed.max, actualMin: actual.min, actualMax: actual.max,
      // A service knows of no open ends.
      possibleMax: actual.max,
      anomalies: new Uint32Array(width),
    };
  }

  async lanes(clients: Uint32Array, { from, to }: Range, width: number): Promise<Lanes> {
    const size = clients.length * width;
    const lanes: Lanes = {
      width, actual: new Uint8Array(size), believed: new Uint8Array(size), fill: new Uint8Array(size),
      count: new Uint16Array(size), anomalies: new Uint16Array(size),
    };
    const step = (to - from) / width;
    clients.forEach((client, lane) => {
      const track = this.tracks[client];
      if (!track) return;
      rasterize(track.actual, eventTime, from, step, width, lane * width, { state: lanes.actual, fill: lanes.fill, count: lanes.count });
      rasterize(track.believed, arrival, from, step, width, lane * width, { state: lanes.believed, fill: null, count: null });
    });
    return lanes;
  }

  async channels(clients: Uint32Array): Promise<ChannelBars> {
    const bars = { first: [0], ids: [] as string[], start: [] as number[], end: [] as number[], state: [] as number[] };
    const answers = await Promise.all(Array.from(clients, (client) => this.client(client).catch(() => null)));
    for (const answer of answers) {
      const channels = [...(answer?.parsed.channels ?? [])].sort((a, b) => (a.connect?.time ?? 0) - (b.connect?.time ?? 0));
      for (const channel of channels) {
        const closings = [channel.disconnect, channel.tcpclean].flatMap((slot) => (slot ? [slot.time] : []));
        bars.ids.push(channel.channelId);
        bars.start.push(channel.connect?.time ?? NaN);
        bars.end.push(channel.state === "closed" || channel.state === "orphan" ? Math.min(...closings) : NaN);
        bars.state.push(channelStates.indexOf(channel.state as (typeof channelStates)[number]));
      }
      bars.first.push(bars.ids.length);
    }
    return {
      first: Uint32Array.from(bars.first), ids: bars.ids, start: Float64Array.from(bars.start),
      end: Float64Array.from(bars.end), state: Uint8Array.from(bars.state),
    };
  }

  async order(sort: Sort, filter: ClientFilter): Promise<Uint32Array> {
    if (filter.anomalies.length > 0) return new Uint32Array();
    const text = filter.text;
    const found: number[] = [];
    for (const client of this.present) {
      const id = this.ids[client];
      if (text && !id.includes(text)) continue;
      const flips = this.tracks[client].believed;
      const online = flips.length > 0 && flips[flips.length - 1].state === State.online;
      if (filter.status && online !== (filter.status === "online")) continue;
      found.push(client);
    }
    const byName = (a: number, b: number) => (this.ids[a] < this.ids[b] ? -1 : 1);
    if (sort === "name") found.sort(byName);
    else found.sort((a, b) => this.tracks[b].count - this.tracks[a].count || byName(a, b));
    return Uint32Array.from(found);
  }

  async names(clients: Uint32Array): Promise<string[]> {
    return Array.from(clients, (client) => this.ids[client] ?? "");
  }

  async find(clientId: string): Promise<number | null> {
    return this.numbers.get(clientId) ?? null;
  }

  async events(filter: EventFilter, first: number, count: number): Promise<EventRows> {
    const all = this.pass(filter);
    const rows = all.slice(first, first + count);
    return {
      total: all.length,
      record: Float64Array.from(rows, (row) => row.record),
      time: Float64Array.from(rows, (row) => row.time),
      lag: Float64Array.from(rows, (row) => row.lag),
      client: Uint32Array.from(rows, (row) => row.client),
      kind: Uint8Array.from(rows, (row) => row.kind),
      believedAfter: Uint8Array.from(rows, (row) => (row.online ? State.online : State.offline)),
      actualThen: Uint8Array.from(rows, (row) => stateAt(this.tracks[row.client].actual, eventTime, row.time)),
      anomalies: new Uint16Array(rows.length),
      clientIds: rows.map((row) => this.ids[row.client]),
      channelIds: rows.map((row) => row.channelId),
      clientIps: this.addresses.of(rows),
    };
  }

  async rowOf(filter: EventFilter, record: number): Promise<number> {
    const rows = this.pass(filter);
    const found = rows.findIndex((row) => row.record >= record);
    return found < 0 ? rows.length : found;
  }

  async recordAt(time: number): Promise<number> {
    let record = 0;
    for (const row of this.rows) if (row.arrived <= time) record = row.record;
    return record;
  }

  async timeOf(record: number): Promise<number> {
    let time = Number.isFinite(this.first) ? this.first : 0;
    for (const row of this.rows) if (row.record <= record) time = row.arrived;
    return time;
  }

  async standing(clients: Uint32Array, { time }: Cursor): Promise<Standing> {
    const state = (track: Track | undefined, which: "actual" | "believed") =>
      track ? (which === "actual" ? stateAt(track.actual, eventTime, time) : stateAt(track.believed, arrival, time)) : State.unknown;
    let [believedOnline, actualOnline] = [0, 0];
    for (const track of this.tracks) {
      if (state(track, "believed") === State.online) believedOnline += 1;
      if (state(track, "actual") === State.online) actualOnline += 1;
    }
    return {
      believedOnline, actualOnline, actualOpen: 0,
      believed: Uint8Array.from(clients, (client) => state(this.tracks[client], "believed")),
      actual: Uint8Array.from(clients, (client) => state(this.tracks[client], "actual")),
    };
  }

  async inspect(client: number, cursor: Cursor): Promise<Inspection> {
    const { parsed, text } = await this.client(client);
    const track = this.tracks[client];
    const word = (state: number) => (state === State.online ? "online" : state === State.offline ? "offline" : "unknown");
    const last = track.believed.length ? track.believed[track.believed.length - 1].arrived : 0;
    const believed = cursor.time >= last ? parsed.status : word(stateAt(track.believed, arrival, cursor.time));
    const actual = cursor.time >= (parsed.since ?? 0) ? parsed.status : word(stateAt(track.actual, eventTime, cursor.time));
    const slot = (slot: SlotOfChannel | null): Slot | null => slot && { time: slot.time, clientIp: slot.clientIp, record: 0 };
    const explain = (status: string) => ({
      ...(status === parsed.status ? deciding(parsed.channels) : { reason: "", channelId: null }),
      record: parsed.lastTransition?.id ?? null,
      sentence: status === parsed.status ? parsed.reason : "",
    });
    return {
      clientId: this.ids[client],
      believed: { status: believed, explanation: explain(believed) },
      actual: { status: actual, explanation: explain(actual) },
      channels: parsed.channels.map((channel): InspectedChannel => ({
        channelId: channel.channelId, believed: channel.state, actual: channel.state,
        connect: slot(channel.connect), disconnect: slot(channel.disconnect), tcpclean: slot(channel.tcpclean),
      })),
      anomalies: [],
      json: text,
    };
  }

  async anomalies(): Promise<AnomalySummary[]> {
    return [];
  }
  async nextAnomaly(): Promise<Anomaly | null> {
    return null;
  }
  async offenders(): Promise<Anomaly[]> {
    return [];
  }

  async errors(first: number, count: number): Promise<RejectedRecord[]> {
    const answer = await this.get(`v1/quarantine?limit=${Math.min(1_000, first + count)}`);
    const page = (await answer.json()) as { records: Quarantined[] };
    return page.records.slice(first, first + count).map(({ id, code, field, message, origin }) => ({
      record: id, line: 0, column: 0, offset: 0, code, field, message, file: origin?.source ?? null,
    }));
  }

  async *export(what: "ndjson" | "csv" | "report", filter: EventFilter): AsyncIterable<Uint8Array> {
    const encoder = new TextEncoder();
    if (what === "report") {
      yield encoder.encode(await (await this.get("v1/stats")).text());
    } else if (what === "ndjson") {
      for (const row of this.pass(filter)) {
        const { record: id, time, observedAt, online, channelId } = row;
        const cause = { channelId, eventType: KINDS[row.kind] };
        yield encoder.encode(`${JSON.stringify({ id, clientId: this.ids[row.client], online, time, observedAt, cause })}\n`);
      }
    } else {
      yield encoder.encode("clientId,from,to\n");
      for (const [client, track] of this.tracks.entries()) {
        let from: number | null = null;
        for (const { state, time } of track.actual) {
          if (state === State.online) from ??= time;
          else if (from !== null) {
            yield encoder.encode(`${quoted(this.ids[client])},${from},${time}\n`);
            from = null;
          }
        }
        if (from !== null) yield encoder.encode(`${quoted(this.ids[client])},${from},\n`);
      }
    }
  }

  private async begin(): Promise<void> {
    this.become("connecting");
    this.stats = (await (await this.get("v1/stats")).json()) as Stats;
    // Numbers stay what they are; those that are gone are no longer listed.
    this.tracks = this.ids.map(() => new Track());
    this.present.clear();
    this.changes += 1;
    this.rows = [];
    if (this.held) this.held = [];
    this.first = Infinity;
    this.newest = this.known = 0;
    this.lastId = Math.max(0, this.stats.lastTransition - BACKLOG);
    let cursor: string | null = null;
    do {
      const answer = await this.get(`v1/clients?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      const page = (await answer.json()) as {
        clients: { clientId: string; status: string; since: number | null }[];
        nextCursor: string | null;
      };
      for (const { clientId, status, since } of page.clients) {
        const track = this.tracks[this.number(clientId)];
        if (since === null) continue;
        const state = status === "online" ? State.online : status === "offline" ? State.offline : State.open;
        track.add({ record: 0, time: since, arrived: since, state });
        this.known = Math.max(this.known, since);
        this.first = Math.min(this.first, since);
      }
      cursor = page.nextCursor;
      this.tellSoon();
    } while (cursor && this.present.size < MOST_CLIENTS);
  }

  private async follow(arrived: () => void): Promise<void> {
    const headers = { accept: "text/event-stream", "last-event-id": String(this.lastId) };
    let answer: Response;
    try {
      answer = await this.get("v1/transitions", headers);
    } catch (error) {
      // What is kept begins later than the backlog that was asked for: take all of it.
      if (!(error instanceof Refused && error.status === 410 && this.rows.length === 0)) throw error;
      answer = await this.get("v1/transitions", { ...headers, "last-event-id": "0" });
    }
    if (!answer.body) throw new Error("no body");
    this.become("live");
    arrived();
    for await (const message of serverSentEvents(answer.body)) {
      if (message.event === "gap") throw new Refused(410, message.data);
      if (message.data) {
        const transition = JSON.parse(message.data) as Transition;
        if (this.held && this.held.length >= MOST_HELD) {
          this.onHeld?.(this.held.length, true);
          // Nothing more need come before somebody looks again.
          throw new Overrun();
        }
        if (this.held) {
          this.held.push(transition);
          this.onHeld?.(this.held.length, false);
        } else this.apply(transition);
      }
      if (message.id) this.lastId = Number(message.id);
      this.tellSoon();
    }
  }

  private apply({ id, clientId, online, time, observedAt, cause }: Transition): void {
    const client = this.number(clientId);
    const state = online ? State.online : State.offline;
    const lag = Math.max(0, this.newest - time);
    this.newest = Math.max(this.newest, time);
    const arrived = this.newest;
    if (!this.tracks[client].add({ record: id, time, arrived, state })) return;
    this.rows.push({ record: id, client, time, observedAt, arrived, lag, online, kind: KINDS.indexOf(cause.eventType), channelId: cause.channelId });
    this.first = Math.min(this.first, time);
    if (this.rows.length > MOST_ROWS * 1.25) this.forget();
    this.changes += 1;
  }

  /** Keeps the newest rows, and what belongs to them. */
  private forget(): void {
    this.rows = this.rows.slice(-MOST_ROWS);
    for (const track of this.tracks) track.forget(this.rows[0].record);
    this.first = this.rows.reduce((first, { time }) => Math.min(first, time), Infinity);
  }

  private number(clientId: string): number {
    let client = this.numbers.get(clientId);
    if (client === undefined) {
      client = this.ids.length;
      this.ids.push(clientId);
      this.tracks.push(new Track());
      this.numbers.set(clientId, client);
    }
    if (!this.present.has(client)) {
      this.present.add(client);
      this.changes += 1;
    }
    return client;
  }

  private async poll(): Promise<void> {
    if (this.state !== "live" && this.state !== "lagging") return;
    try {
      this.stats = (await (await this.get("v1/stats")).json()) as Stats;
      this.state = (this.stats.lag ?? 0) > LAGGING ? "lagging" : "live";
      this.tellSoon();
    } catch {
      // The stream notices by itself when the service is gone.
    }
  }

  private pass(filter: EventFilter): Row[] {
    const key = `${this.changes} ${filter.clients} ${filter.range?.from} ${filter.range?.to} ${filter.kinds} ${filter.anomalous}`;
    if (this.found?.key === key) return this.found.rows;
    const clients = filter.clients && new Set(filter.clients);
    const kinds = filter.kinds.map((kind) => KINDS.indexOf(kind));
    const rows = this.rows.filter(
      (row) =>
        !filter.anomalous &&
        (!clients || clients.has(row.client)) &&
        (!filter.range || (row.time >= filter.range.from && row.time <= filter.range.to)) &&
        (kinds.length === 0 || kinds.includes(row.kind)),
    );
    this.found = { key, rows };
    return rows;
  }

  private async client(client: number) {
    const text = await (await this.get(`v1/clients/${encodeURIComponent(this.ids[client])}`)).text();
    const parsed = JSON.parse(text) as {
      status: string;
      since: number | null;
      reason: string;
      channels: ChannelOfClient[];
      lastTransition: { id: number | null } | null;
    };
    return { parsed, text };
  }

  private async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(new URL(path, this.base), { headers, signal: this.stopped.signal, cache: "no-store" }).catch(() => {
      // Nobody need be told of each question that a stopped service leaves open.
      throw new DOMException("the service does not answer", "AbortError");
    });
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => null)) as { detail?: string } | null;
    throw new Refused(answer.status, problem?.detail ?? `${answer.status}`);
  }

  private fault(code: string, details: Fault["details"] = {}): void {
    this.faults = [...this.faults, { code, input: "", details }];
  }

  private become(state: Progress["state"]): void {
    this.state = state;
    this.tell();
  }

  /** A fleet flips hundreds of times a second; the page is told some times a second. */
  private tellSoon(): void {
    this.told ??= setTimeout(() => this.tell(), 200);
  }

  private tell(): void {
    if (this.told) clearTimeout(this.told);
    this.told = null;
    if (this.stopped.signal.aborted) return;
    const sum = (counts: Record<string, number> | undefined) => Object.values(counts ?? {}).reduce((a, b) => a + b, 0);
    const accepted = sum(this.stats?.records.accepted);
    const rejected = sum(this.stats?.records.rejected);
    this.onProgress?.({
      state: this.state, bytes: 0, bytesTotal: null, records: this.lastRecord(), accepted, rejected, duplicates: 0,
      clients: Math.max(this.present.size, this.stats?.clients ?? 0), online: this.stats?.online ?? 0, anomalies: 0,
      range: this.range(), faults: this.faults, formats: [],
    });
  }

  private range(): Range {
    // A pause stops time as well.
    if (this.held && this.lastRange.to > 0) return this.lastRange;
    const newest = Math.max(this.newest, this.known);
    if (newest === 0) return { from: 0, to: 0 };
    // Between events time goes on, unless they carry another clock's time, as a simulation does.
    const behind = Date.now() - newest;
    const to = behind > 0 && behind < CLOCKS_AGREE ? Date.now() : newest;
    this.lastRange = { from: Math.min(this.first, to - 60_000), to };
    return this.lastRange;
  }

  private lastRecord(): number {
    return this.rows.length ? this.rows[this.rows.length - 1].record : 0;
  }
}

interface Quarantined {
  id: number;
  code: string;
  field: string | null;
  message: string;
  origin: { source?: string } | null;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Which channel the service's answer speaks of, for the page's own sentence; the states are the service's. */
function deciding(channels: readonly ChannelOfClient[]): { reason: string; channelId: string | null } {
  for (const state of ["live", "superseded"]) {
    const of = channels.filter((channel) => channel.state === state && channel.connect);
    of.sort((a, b) => (b.connect?.time ?? 0) - (a.connect?.time ?? 0));
    if (of.length) return { reason: state, channelId: of[0].channelId };
  }
  const end = ({ disconnect, tcpclean }: ChannelOfClient) => Math.min(disconnect?.time ?? Infinity, tcpclean?.time ?? Infinity);
  for (const state of ["closed", "orphan"]) {
    const of = channels.filter((channel) => channel.state === state).sort((a, b) => end(b) - end(a));
    if (of.length === 0) continue;
    const [last] = of;
    const kind = last.disconnect?.time === end(last) ? "disconnect" : "tcpclean";
    return { reason: state === "closed" ? `closed_by_${kind}` : state, channelId: last.channelId };
  }
  return { reason: "", channelId: null };
}
