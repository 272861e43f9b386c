import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Anomaly, AnomalyKind, AnomalySummary, RejectedRecord } from "../engine/engine";
import { latest } from "../latest";
import { messages } from "../messages";
import { Icon } from "../shell/icon";
import { save } from "../shell/save";
import { leapToAnomaly, moveToRecord, playing } from "../state/replay";
import { counting, engine, progress, revision } from "../state/session";
import { anomalyKind, atEnd, clientFilter, selected } from "../state/view";
import { bySeverity } from "./severity";

const PAGE = 12;

/** `null` until the engine has said it of all there is. */
const summaries = signal<readonly AnomalySummary[] | null>(null);
const offenders = signal<readonly Anomaly[]>([]);
const rejected = signal<readonly RejectedRecord[]>([]);
const wanted = signal({ offenders: PAGE, rejected: PAGE });

const askSummaries = latest(
  async () => {
    const source = engine.peek();
    return { source, found: source ? await source.anomalies() : [] };
  },
  ({ source, found }) => {
    // An answer that was given meanwhile is of a part.
    if (source !== engine.peek() || counting.peek()) return;
    summaries.value = bySeverity(found);
    pointOut();
  },
);

const askOffenders = latest(
  async ({ kind, count }: { kind: AnomalyKind; count: number }) => (await engine.peek()?.offenders(kind, 0, count)) ?? [],
  (found, { kind }) => {
    if (kind === anomalyKind.peek()) offenders.value = found;
  },
);

const askRejected = latest(
  async (count: number) => {
    const source = engine.peek();
    return { source, found: source ? await source.errors(0, count) : [] };
  },
  ({ source, found }) => {
    if (source === engine.peek()) rejected.value = found;
  },
);

/** The worst finding is chosen for a person who has chosen nothing yet. */
let pointedOut: unknown = null;
function pointOut(): void {
  const [worst] = summaries.peek() ?? [];
  if (progress.peek().state !== "ready" || pointedOut === engine.peek() || !worst) return;
  pointedOut = engine.peek();
  if (selected.peek() !== null || !atEnd.peek()) return;
  anomalyKind.value ??= worst.kind;
  selected.value = worst.first.client;
}

function watch(): () => void {
  const stops = [
    effect(() => {
      void engine.value;
      offenders.value = [];
      wanted.value = { offenders: PAGE, rejected: PAGE };
    }),
    effect(() => {
      void revision.value;
      // Anomalies are complete when all is read; asking at each step would slow the reading.
      if (progress.value.state === "ready" && engine.value) askSummaries(undefined);
      else summaries.value = null;
    }),
    effect(() => {
      void revision.value;
      if (anomalyKind.value && engine.value) askOffenders({ kind: anomalyKind.value, count: wanted.value.offenders });
      else offenders.value = [];
    }),
    effect(() => {
      if (progress.value.rejected > 0 && engine.value) askRejected(wanted.value.rejected);
      else rejected.value = [];
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function show(anomaly: Anomaly): void {
  playing.value = false;
  selected.value = anomaly.client;
  moveToRecord(anomaly.record);
}

/** `press-07` says enough within a sentence. */
const short = (id: string) => id.slice(id.lastIndexOf("@@@") + (id.includes("@@@") ? 3 : 1));

function Finding({ summary }: { summary: AnomalySummary }) {
  const { anomaly, finding, wrong, number } = messages.value;
  const { kind, count, clients, first } = summary;
  const open = anomalyKind.value === kind;
  return (
    <li class={`finding${open ? " open" : ""}`} data-kind={kind}>
      <button
        type="button" class="head" aria-expanded={open}
        onClick={() => (anomalyKind.value = open ? null : kind)}
      >
        <Icon name={open ? "opened" : "closed"} />
        <span class="name">{anomaly[kind].name}</span>
        <span class="number">{number(count)}</span>
        <span class="clients">{wrong.ofClients(clients)}</span>
      </button>
      <button type="button" class="title" onClick={() => show(first)} title={first.clientId}>
        {finding[kind](short(first.clientId), first.channelId)}
        <span class="record">{wrong.record(first.record)}</span>
      </button>
      {open && (
        <div class="more">
          <p class="why">{anomaly[kind].why}</p>
          <div class="actions">
            <button type="button" class="quiet" onClick={() => leapToAnomaly(-1, kind)}><Icon name="previous" />{wrong.previous}</button>
            <button type="button" class="quiet" onClick={() => leapToAnomaly(1, kind)}>{wrong.next}<Icon name="next" /></button>
            <button type="button" class="quiet" onClick={() => (clientFilter.value = { ...clientFilter.peek(), anomalies: [kind] })}>
              {wrong.showClients}
            </button>
          </div>
          <ol class="offenders">
            {offenders.value.filter((found) => found.kind === kind).map((found) => (
              <li key={`${found.record} ${found.channelId}`}>
                <button type="button" class={`row${found.client === selected.value ? " selected" : ""}`} onClick={() => show(found)}>
                  <span class="number">{number(found.record)}</span>
                  <span class="device">{short(found.clientId)}</span>
                  <span class="id">{found.channelId}</span>
                </button>
              </li>
            ))}
          </ol>
          {offenders.value.length < count && (
            <button type="button" class="quiet" onClick={() => (wanted.value = { ...wanted.peek(), offenders: wanted.peek().offenders + 10 * PAGE })}>
              {wrong.more}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function Rejected() {
  const { wrong, rejectCode } = messages.value;
  const count = progress.value.rejected;
  if (count === 0) return null;
  return (
    <>
      <div class="heading">
        <h3>{wrong.rejected(count)}</h3>
        <button type="button" class="quiet" onClick={downloadRejected}>{wrong.download}</button>
      </div>
      <ul class="rejected" data-testid="rejected">
        {rejected.value.map((record) => (
          <li key={record.record}>
            <p>
              <strong>{rejectCode[record.code] ?? record.code}</strong>
              <span class="place">
                {record.line > 0 ? wrong.place(record.line, record.column) : wrong.record(record.record)}
                {record.file ? ` · ${record.file}` : ""}
              </span>
            </p>
            <p class="message" lang="en"><Quoting text={record.message} /></p>
          </li>
        ))}
      </ul>
      {rejected.value.length < count && (
        <button type="button" class="quiet" onClick={() => (wanted.value = { ...wanted.peek(), rejected: wanted.peek().rejected + 10 * PAGE })}>
          {wrong.more}
        </button>
      )}
    </>
  );
}

/** Text between backticks is what the record said. */
function Quoting({ text }: { text: string }) {
  return <>{text.split("`").map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))}</>;
}

async function downloadRejected(): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  await save("rejected.ndjson", "application/x-ndjson", (async function* () {
    const encoder = new TextEncoder();
    for (let first = 0; ; first += 1_000) {
      const page = await source.errors(first, 1_000);
      if (page.length === 0) return;
      yield encoder.encode(page.map((record) => `${JSON.stringify(record)}\n`).join(""));
    }
  })());
}

export function WrongPanel() {
  useEffect(watch, []);
  const { wrong } = messages.value;
  const { rejected: count, records } = progress.value;
  const live = engine.value?.kind === "live";
  return (
    <section class="panel wrong" aria-label={wrong.title} data-panel="wrong">
      <div class="bar"><h2>{wrong.title}</h2></div>
      <div class="body" tabIndex={0} role="group" aria-label={wrong.title}>
        {live && <p class="nothing">{wrong.liveOnly}</p>}
        {!live && !summaries.value && (counting.value || records > 0) && <p class="nothing">{wrong.counting}</p>}
        {!live && records > 0 && summaries.value?.length === 0 && count === 0 && <p class="nothing">{wrong.nothing}</p>}
        <ul class="findings">{summaries.value?.map((summary) => <Finding key={summary.kind} summary={summary} />)}</ul>
        <Rejected />
      </div>
    </section>
  );
}
