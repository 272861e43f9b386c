import { computed, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Anomaly, type InspectedChannel, type Inspection, type Slot, State } from "../engine/engine";
import { latest } from "../latest";
import { language, messages } from "../messages";
import { Icon } from "../shell/icon";
import { moveToRecord } from "../state/replay";
import { tell } from "../state/notices";
import { engine, options, revision } from "../state/session";
import { cursor, selected } from "../state/view";
import { dayAndClock, duration } from "../time/format";
import { ClientName } from "../lanes/panel";
import { beginningUnknown, endOf, explain, saidAt } from "./sentence";

/** A client with ten thousand channels must not make ten thousand rows at once. */
const SHOWN = 40;

const inspection = signal<Inspection | null>(null);
/** The lane is hatched at the cursor. */
const openInFact = signal(false);
const shown = signal(SHOWN);

const ask = latest(
  async (client: number) => {
    const source = engine.peek();
    if (!source) return { source, answer: null, open: false };
    const [answer, standing] = await Promise.all([source.inspect(client, cursor.peek()), source.standing(Uint32Array.of(client), cursor.peek())]);
    return { source, answer, open: standing.actual[0] === State.open };
  },
  ({ source, answer, open }, client) => {
    if (source !== engine.peek() || client !== selected.peek()) return;
    inspection.value = answer;
    openInFact.value = open;
  },
);

function watch(): () => void {
  let before: number | null = null;
  return effect(() => {
    void engine.value;
    void revision.value;
    void cursor.value;
    const client = selected.value;
    if (client !== before) shown.value = SHOWN;
    before = client;
    if (client === null) inspection.value = null;
    else ask(client);
  });
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without permission, as on plain http: a selection can still be copied.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  tell("done", ({ inspector }) => inspector.copied);
}

function ToRecord({ record }: { record: number }) {
  return (
    <button type="button" class="link" data-record={record} onClick={() => moveToRecord(record)}>
      {messages.value.wrong.record(record)}
    </button>
  );
}

/** What ends a channel. A service tells its rule no other way than by what it calls live. */
const closing = computed(() => {
  if (engine.value?.kind !== "live") return options.value.closing;
  const carriesOn = inspection.value?.channels.some(({ actual, disconnect }) => disconnect && (actual === "live" || actual === "superseded"));
  return carriesOn ? "tcpclean" : "any";
});

/** Why the lane is hatched at the cursor, which the rule does not know of; `null` where it is not. */
function hatched(found: Inspection): { text: string; record: number | null } | null {
  if (!openInFact.value) return null;
  const { explain: say } = messages.value;
  const { reason, channelId, record } = found.actual.explanation;
  if (reason === "live" && channelId !== null) return { text: say.open(channelId, closing.value === "tcpclean"), record };
  const { time } = cursor.value;
  const unknown = beginningUnknown(found, time, closing.value);
  if (!unknown) return null;
  const { channel, kind, slot } = unknown;
  return { text: say.begun(channel.channelId, kind, saidAt(slot.time, time)), record: slot.record };
}

function Verdict({ what, found, where }: { what: "believed" | "actual"; found: Inspection; where: string }) {
  const { inspector, status } = messages.value;
  const { explanation, status: answer } = found[what];
  // By the rule it reads online or offline; that no event bears it out is what a person must see.
  const open = what === "actual" ? hatched(found) : null;
  const state = open ? "open" : answer;
  const text = open?.text ?? explain(explanation, what, found, cursor.value, closing.value, messages.value);
  const { record } = open ?? explanation;
  return (
    <div class={`verdict ${what}`} data-testid={`verdict-${what}`}>
      <p>
        <span class="what">{inspector[what]}</span>
        <span class={`state ${what === "believed" ? "belief" : "fact"} s-${state}`}>{status[state] ?? state}</span>
        <span class="where">{where}</span>
      </p>
      {text && <p class="sentence" lang={language.value === "zh" && text === explanation.sentence ? "en" : undefined}>{text}</p>}
      {record !== null && record > 0 && <p class="decided"><ToRecord record={record} /></p>}
    </div>
  );
}

function SlotRow({ name, slot }: { name: string; slot: Slot | null }) {
  const texts = messages.value.inspector;
  const arrived = !slot || slot.record === 0 || slot.record <= cursor.value.record;
  return (
    <tr class={slot ? (arrived ? "" : "not-yet") : "missing"}>
      <th scope="row">{name}</th>
      <td class="time">{slot ? dayAndClock(slot.time) : texts.missing}</td>
      <td class="id">{slot?.clientIp ?? ""}</td>
      <td class="number">{slot && slot.record > 0 && <ToRecord record={slot.record} />}{!arrived && <span class="hint">{texts.notYet}</span>}</td>
    </tr>
  );
}

function Channel({ channel }: { channel: InspectedChannel }) {
  const { inspector: texts, channelState } = messages.value;
  const end = endOf(channel, closing.value);
  const lasted = channel.connect && end ? end.slot.time - channel.connect.time : null;
  return (
    <li class="channel" data-channel={channel.channelId}>
      <p>
        <span class="id">{channel.channelId}</span>
        <span class={`badge ${channel.believed}`}>{channelState[channel.believed ?? "unknown"] ?? channel.believed}</span>
        {channel.actual !== channel.believed && (
          <span class={`badge fact ${channel.actual}`}>{texts.actual}: {channelState[channel.actual ?? "unknown"] ?? channel.actual}</span>
        )}
        <span class="lasted">{lasted === null ? "" : texts.lasted(duration(lasted))}</span>
      </p>
      <table>
        <tbody>
          <SlotRow name={texts.connect} slot={channel.connect} />
          <SlotRow name={texts.disconnect} slot={channel.disconnect} />
          <SlotRow name={texts.tcpclean} slot={channel.tcpclean} />
        </tbody>
      </table>
    </li>
  );
}

function Anomalies({ anomalies }: { anomalies: Anomaly[] }) {
  const { anomaly, inspector } = messages.value;
  if (anomalies.length === 0) return null;
  return (
    <>
      <h3>{inspector.anomalies(anomalies.length)}</h3>
      <ul class="anomalies">
        {anomalies.slice(0, SHOWN).map((found) => (
          <li key={`${found.record} ${found.kind}`}>
            <strong>{anomaly[found.kind].name}</strong> <ToRecord record={found.record} />
            <span class="id">{found.channelId}</span>
            <p>{anomaly[found.kind].why}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

export function InspectorPanel() {
  useEffect(watch, []);
  const texts = messages.value.inspector;
  const found = inspection.value;
  const { record, time } = cursor.value;
  const differ = found && (found.believed.status !== found.actual.status || (openInFact.value && found.believed.status === "online"));
  return (
    <section class="panel inspector" aria-label={texts.title} data-panel="inspector">
      <div class="bar">
        <h2>{texts.title}</h2>
        {found && (
          <button type="button" class="quiet end" onClick={() => copy(found.json)} data-testid="copy-json"><Icon name="copy" />{texts.copy}</button>
        )}
      </div>
      <div class="body" tabIndex={0} role="group" aria-label={texts.title}>
        {!found ? <p class="nothing">{texts.none}</p> : (
          <>
            <p class="who" data-testid="inspected">{<ClientName id={found.clientId} />}</p>
            {differ && <p class="differ">{texts.differ}</p>}
            <Verdict what="believed" found={found} where={texts.atCursor(record)} />
            <Verdict what="actual" found={found} where={texts.atTime(dayAndClock(time))} />
            <Anomalies anomalies={found.anomalies} />
            <h3>{texts.channels(found.channels.length)}</h3>
            <ul class="channels">
              {found.channels.slice(0, shown.value).map((channel) => <Channel key={channel.channelId} channel={channel} />)}
            </ul>
            {found.channels.length > shown.value && (
              <button type="button" class="quiet" onClick={() => (shown.value += 10 * SHOWN)}>{texts.moreChannels(found.channels.length - shown.value)}</button>
            )}
          </>
        )}
      </div>
    </section>
  );
}
