import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { anomalyKinds, type EventFilter, type EventRows } from "../engine/engine";
import { frames } from "../frame";
import { latest } from "../latest";
import { differs } from "../lanes/differ";
import { ClientName, stateWord } from "../lanes/panel";
import { messages } from "../messages";
import { Scroller } from "../shell/scroller";
import { moveToRecord, playing } from "../state/replay";
import { engine, progress, revision } from "../state/session";
import { chosenRange, cursor, eventFilter, eventKinds, onlyAnomalous, onlySelected, selected } from "../state/view";
import { clock, day, dayAndClock, duration } from "../time/format";

const ROW = 24;
const HEAD = 26;
const KINDS = ["connect", "disconnect", "tcpclean"] as const;
/** Rows beyond the window that are asked for as well. */
const OVERSCAN = 30;

interface Page {
  first: number;
  rows: EventRows;
}

const page = signal<Page | null>(null);
const view = signal({ first: 0, count: 0, shift: 0 });

class EventsView {
  private viewport = 0;
  private total = 0;
  private asked = "";
  private followed = -1;
  private filter: EventFilter | null = null;
  readonly scroller: Scroller;
  private stops: (() => void)[];

  constructor(element: HTMLElement, spacer: HTMLElement) {
    this.scroller = new Scroller(element, spacer, () => this.schedule());
    this.stops = [
      effect(() => {
        for (const part of [revision, eventFilter, cursor]) void part.value;
        this.schedule();
      }),
      effect(() => {
        void engine.value;
        page.value = null;
        this.total = 0;
        this.followed = -1;
      }),
    ];
  }

  release(): void {
    for (const stop of this.stops) stop();
    this.scroller.release();
  }

  resize(viewport: number): void {
    this.viewport = Math.max(0, viewport - HEAD);
    this.schedule();
  }

  private schedule = () => frames.schedule(this.draw);

  private draw = () => {
    this.scroller.resize({ content: this.total * ROW + HEAD, viewport: this.viewport + HEAD });
    const first = Math.floor(this.scroller.top / ROW);
    const count = Math.ceil(this.viewport / ROW) + 1;
    const next = { first, count, shift: -(this.scroller.top % ROW) };
    const now = view.peek();
    if (next.first !== now.first || next.count !== now.count || next.shift !== now.shift) view.value = next;
    const filter = eventFilter.peek();
    if (filter !== this.filter) this.followed = -1;
    this.filter = filter;
    this.ask(first, count, filter);
    const { record } = cursor.peek();
    if (record !== this.followed) {
      this.followed = record;
      this.findRow({ filter, record });
    }
  };

  private ask(first: number, count: number, filter: EventFilter): void {
    const have = page.peek();
    const from = Math.max(0, first - OVERSCAN);
    const covered = have && have.first <= first && have.first + have.rows.record.length >= Math.min(this.total, first + count);
    const changed = `${revision.peek()} ${filter.clients} ${filter.range?.from} ${filter.range?.to} ${filter.kinds} ${filter.anomalous}`;
    const key = covered ? changed : `${changed} ${from}`;
    if (key === this.asked || (covered && this.asked.startsWith(changed))) return;
    this.asked = key;
    this.askRows({ filter, first: from, count: count + 2 * OVERSCAN });
  }

  private askRows = latest(
    async ({ filter, first, count }: { filter: EventFilter; first: number; count: number }) => {
      const source = engine.peek();
      return { source, rows: source && (await source.events(filter, first, count)) };
    },
    ({ source, rows }, { first }) => {
      if (!rows || source !== engine.peek()) return;
      page.value = { first, rows };
      if (this.total !== rows.total) {
        this.total = rows.total;
        this.followed = -1;
      }
      this.schedule();
    },
  );

  private findRow = latest(
    async ({ filter, record }: { filter: EventFilter; record: number }) => engine.peek()?.rowOf(filter, record) ?? 0,
    (row) => {
      if (this.total) this.scroller.reveal(Math.min(row, this.total - 1) * ROW, ROW + HEAD);
    },
  );
}

function Filters() {
  const { events } = messages.value;
  const kinds = eventKinds.value;
  return (
    <div class="bar">
      <h2>{events.title}</h2>
      <span class="count" data-testid="event-count">{page.value ? events.rows(page.value.rows.total) : ""}</span>
      <div class="choice" role="group" aria-label={events.columns.kind}>
        {KINDS.map((kind) => (
          <label key={kind} class={kinds.includes(kind) ? "on" : ""}>
            <input
              type="checkbox" checked={kinds.includes(kind)}
              onChange={() => (eventKinds.value = kinds.includes(kind) ? kinds.filter((other) => other !== kind) : [...kinds, kind])}
            />
            {kind}
          </label>
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={onlyAnomalous.value} onChange={(event) => (onlyAnomalous.value = event.currentTarget.checked)} />
        {events.onlyAnomalous}
      </label>
      <label class="check">
        <input type="checkbox" checked={onlySelected.value} onChange={(event) => (onlySelected.value = event.currentTarget.checked)} />
        {events.onlyClient}
      </label>
      {chosenRange.value && (
        <label class="check">
          <input type="checkbox" checked onChange={() => (chosenRange.value = null)} />
          {events.onlyRange}
        </label>
      )}
    </div>
  );
}

function choose(rows: EventRows, at: number): void {
  playing.value = false;
  selected.value = rows.client[at];
  moveToRecord(rows.record[at]);
}

function Rows() {
  const { events, status, anomaly, number } = messages.value;
  const { first, count, shift } = view.value;
  const have = page.value;
  if (!have) return null;
  const { rows } = have;
  const { range } = progress.value;
  const digits = Math.max(7, number(progress.value.records).length);
  const oneDay = day(range.from) === day(range.to);
  const lines = [];
  // Rows in view that have not come yet: the nearest there are stay until then.
  const end = have.first + rows.record.length;
  const shown = Math.min(count, rows.total - first);
  const start = Math.max(have.first, Math.min(first, end - shown));
  for (let row = start; row < Math.min(end, start + shown); row += 1) {
    const at = row - have.first;
    const bits = rows.anomalies[at];
    const names = anomalyKinds.filter((_, bit) => bits & (1 << bit)).map((kind) => anomaly[kind].name);
    const believed = rows.believedAfter[at];
    const actual = rows.actualThen[at];
    const record = rows.record[at];
    lines.push(
      <tr
        // Rows that leave give their elements to those that come.
        key={row % count} aria-rowindex={row + 2} data-record={record} aria-selected={record === cursor.value.record}
        class={`${record === cursor.value.record ? "at-cursor" : ""}${rows.client[at] === selected.value ? " selected" : ""}${bits ? " anomalous" : ""}`}
        onClick={() => choose(rows, at)}
      >
        <td class="number">{number(record)}</td>
        <td class="time" title={dayAndClock(rows.time[at])}>{oneDay ? clock(rows.time[at]) : dayAndClock(rows.time[at])}</td>
        <td class={`number${rows.lag[at] ? " behind-newest" : ""}`}>{rows.lag[at] ? duration(rows.lag[at]) : ""}</td>
        <td class="id" title={rows.clientIds[at]}><span class="client"><ClientName id={rows.clientIds[at]} /></span></td>
        <td class="id" title={rows.channelIds[at]}>{rows.channelIds[at]}</td>
        <td class="id" title={rows.clientIps[at] ?? undefined}>{rows.clientIps[at] ?? ""}</td>
        <td><span class={`kind ${KINDS[rows.kind[at]]}`}>{KINDS[rows.kind[at]]}</span></td>
        <td><span class={`state belief s${believed}`}>{stateWord(believed, status)}</span></td>
        <td><span class={`state fact s${actual}${differs(believed, actual) ? " differ" : ""}`}>{stateWord(actual, status)}</span></td>
        <td class="anomaly" title={names.join(" · ")}>{names.join(" · ")}</td>
      </tr>,
    );
  }
  return (
    <table role="grid" class={oneDay ? "one-day" : ""} style={{ "--record": `${digits + 3}ch` }} aria-rowcount={rows.total + 1} aria-label={events.title} data-testid="events-table">
      <Head />
      <tbody style={{ transform: `translateY(${shift}px)` }}>{lines}</tbody>
    </table>
  );
}

function Head() {
  const { events: { columns } } = messages.value;
  return (
    <thead>
      <tr aria-rowindex={1}>
        {(["record", "time", "lag", "client", "channel", "ip", "kind", "believed", "actual", "anomaly"] as const).map((column) => (
          <th key={column} scope="col" class={`col-${column}`}>{columns[column]}</th>
        ))}
      </tr>
    </thead>
  );
}

export function EventsPanel() {
  const element = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const events = useRef<EventsView | null>(null);
  useEffect(() => {
    const scroller = element.current!;
    const made = new EventsView(scroller, spacer.current!);
    events.current = made;
    const observer = new ResizeObserver(() => made.resize(scroller.clientHeight));
    observer.observe(scroller);
    return () => {
      observer.disconnect();
      made.release();
    };
  }, []);
  const texts = messages.value.events;
  const keys = (event: KeyboardEvent) => {
    const have = page.peek();
    if (!have) return;
    const { rows } = have;
    const now = rows.record.findIndex((record) => record >= cursor.peek().record);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.code];
    if (by !== undefined) {
      const at = Math.min(rows.record.length - 1, Math.max(0, (now < 0 ? rows.record.length : now) + by));
      if (rows.record.length) choose(rows, at);
    } else if (event.code === "PageDown" || event.code === "PageUp") {
      events.current?.scroller.moveTo(events.current.scroller.top + (event.code === "PageDown" ? 1 : -1) * (element.current!.clientHeight - HEAD - ROW));
    } else if (event.code === "Home" || event.code === "End") {
      events.current?.scroller.moveTo(event.code === "Home" ? 0 : Infinity);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section class="panel events" aria-label={texts.title} data-panel="events">
      <Filters />
      <div class="scroll" ref={element} tabIndex={0} role="region" aria-label={texts.label} onKeyDown={keys} data-testid="events-scroll">
        <div class="spacer" ref={spacer}>
          <div class="stage">
            <Rows />
            {page.value?.rows.total === 0 && <p class="nothing">{texts.none}</p>}
          </div>
        </div>
      </div>
    </section>
  );
}
