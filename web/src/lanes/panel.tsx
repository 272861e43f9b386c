import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type AnomalyKind, anomalyKinds, type ClientFilter, type Sort, State } from "../engine/engine";
import { messages } from "../messages";
import { Icon } from "../shell/icon";
import { nameOf, namesRevision } from "../state/names";
import { engine, progress } from "../state/session";
import { clientFilter, cursor, pinned, range, selected, sort } from "../state/view";
import { dayAndClock, day, zone } from "../time/format";
import { differs } from "./differ";
import { attachGestures } from "./gestures";
import { ROW } from "./layout";
import { isOpen, openAll, openByHand, order, toggleOpen, togglePin } from "./order";
import { glances, LanesView, pinnedHeight, visibleRows } from "./view";

/** The view that is mounted, for the export as a picture. */
export let lanesView: LanesView | null = null;

export function stateWord(state: number, words: Record<string, string>): string {
  const name = ["unknown", "offline", "online", "open", "mixed"][state];
  return name ? words[name] : "–";
}

/** `GID_factory@@@press-07`: the group steps back, the device is what people look for. */
export function ClientName({ id }: { id: string }) {
  const at = id.indexOf("@@@");
  if (at < 0) return <span class="device">{id}</span>;
  return (
    <>
      <span class="group">{id.slice(0, at + 3)}</span>
      <span class="device">{id.slice(at + 3)}</span>
    </>
  );
}

function Toolbar() {
  const texts = messages.value.lanes;
  const filter = clientFilter.value;
  const live = engine.value?.kind === "live";
  const change = (part: Partial<ClientFilter>) => (clientFilter.value = { ...clientFilter.peek(), ...part });
  const allOpen = openAll.value ?? progress.value.clients <= 12;
  return (
    <div class="bar">
      <h2>{texts.title}</h2>
      <span class="count" data-testid="lane-count">{texts.shown(order.value.length, progress.value.clients)}</span>
      <label class="search">
        <Icon name="search" />
        <input
          id="find-client" type="search" placeholder={texts.filter} aria-label={texts.filter} value={filter.text}
          onInput={(event) => change({ text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && order.peek().length) selected.value = order.peek()[0];
          }}
        />
      </label>
      {!live && (
        <select
          aria-label={texts.kindLabel} value={filter.anomalies.length === 0 ? "" : filter.anomalies.length > 1 ? "any" : filter.anomalies[0]}
          onChange={({ currentTarget: { value } }) =>
            change({ anomalies: value === "" ? [] : value === "any" ? [...anomalyKinds] : [value as AnomalyKind] })}
        >
          <option value="">{texts.all}</option>
          <option value="any">{texts.anyAnomaly}</option>
          {anomalyKinds.map((kind) => <option key={kind} value={kind}>{messages.value.anomaly[kind].name}</option>)}
        </select>
      )}
      <select
        aria-label={texts.statusLabel} value={filter.status ?? ""}
        onChange={({ currentTarget: { value } }) => change({ status: (value || null) as ClientFilter["status"] })}
      >
        <option value="">{texts.status.any}</option>
        <option value="online">{texts.status.online}</option>
        <option value="offline">{texts.status.offline}</option>
      </select>
      <select aria-label={texts.sort} value={live && sort.value === "anomalies" ? "flaps" : sort.value} onChange={({ currentTarget: { value } }) => (sort.value = value as Sort)}>
        {(["anomalies", "flaps", "name"] as const).filter((by) => !live || by !== "anomalies").map((by) => <option key={by} value={by}>{texts.sorts[by]}</option>)}
      </select>
      <button
        type="button" class="quiet" aria-pressed={allOpen}
        onClick={() => {
          openByHand.value = new Map();
          openAll.value = !allOpen;
        }}
      >
        {allOpen ? texts.collapseAll : texts.expandAll}
      </button>
    </div>
  );
}

export function Legend() {
  const { legend } = messages.value.lanes;
  return (
    <ul class="legend">
      {(["fact", "belief", "differ", "open", "anomaly"] as const).map((what) => (
        <li key={what}><i class={`key ${what}`} aria-hidden="true" />{legend[what]}</li>
      ))}
    </ul>
  );
}

function Names() {
  const texts = messages.value.lanes;
  void namesRevision.value;
  const apart = pinned.value;
  return (
    <div class="names">
      {visibleRows.value.map(({ client, top, height, open }) => {
        const name = nameOf(client);
        const fixed = apart.includes(client);
        if (!fixed && top + ROW <= pinnedHeight.value) return null;
        return (
          <div
            key={client} class={`lane-name${client === selected.value ? " selected" : ""}${fixed ? " pinned" : ""}`}
            data-client={name} style={{ top: `${top}px`, height: `${height}px` }}
          >
            <button
              type="button" class="tiny" aria-expanded={open} aria-label={open ? texts.collapse(name) : texts.expand(name)}
              onClick={() => toggleOpen(client)}
            >
              <Icon name={open ? "opened" : "closed"} />
            </button>
            <button
              type="button" class="client" title={name} aria-pressed={client === selected.value}
              onClick={() => (selected.value = client)}
            >
              <ClientName id={name} />
            </button>
            <AtCursor client={client} />
            <button
              type="button" class={`tiny pin${fixed ? " on" : ""}`} aria-pressed={fixed}
              aria-label={fixed ? texts.unpin(name) : texts.pin(name)} onClick={() => togglePin(client)}
            >
              <Icon name="pin" />
            </button>
          </div>
        );
      })}
    </div>
  );
}

/** Belief a ring, fact a dot, as in the lanes. */
function AtCursor({ client }: { client: number }) {
  const glance = glances.value.get(client);
  if (!glance || glance.believed < 0) return <i class="glance" aria-hidden="true" />;
  const { believed, actual } = glance;
  const fact = actual === State.online ? " fact" : actual === State.open || actual === State.unknown ? " open" : "";
  return <i class={`glance${believed === State.online ? " belief" : ""}${fact}${differs(believed, actual) ? " differ" : ""}`} aria-hidden="true" />;
}

/** What the canvas shows, for those who do not see it. */
function Behind() {
  const { lanes, status } = messages.value;
  void namesRevision.value;
  return (
    <div class="behind" tabIndex={0} role="region" aria-label={lanes.table}>
      <table data-testid="lanes-table">
        <caption>{`${lanes.table} (${dayAndClock(cursor.value.time)})`}</caption>
        <thead>
          <tr>
            <th scope="col">{lanes.columns.client}</th>
            <th scope="col">{lanes.columns.believed}</th>
            <th scope="col">{lanes.columns.actual}</th>
            <th scope="col">{lanes.columns.anomalies}</th>
          </tr>
        </thead>
        <tbody>
          {visibleRows.value.map(({ client }) => {
            const glance = glances.value.get(client);
            return (
              <tr key={client}>
                <th scope="row">{nameOf(client)}</th>
                <td>{glance ? stateWord(glance.believed, status) : "–"}</td>
                <td>{glance ? stateWord(glance.actual, status) : "–"}</td>
                <td>{glance?.anomalies ?? 0}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const corner = computed(() => {
  // The room before the data may be of the day before.
  const from = Math.max(range.value.from, Math.min(progress.value.range.from, range.value.to));
  return { day: day(from), zone: zone(from) };
});

export function LanesPanel() {
  const scroll = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const axis = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const [place, scroller] = [surface.current!, scroll.current!];
    const view = new LanesView(canvas.current!, axis.current!, scroller, spacer.current!);
    lanesView = view;
    const release = attachGestures(place, view);
    const observer = new ResizeObserver(() => view.resize(place.clientWidth, scroller.clientHeight));
    observer.observe(scroller);
    observer.observe(place);
    return () => {
      observer.disconnect();
      release();
      view.release();
      lanesView = null;
    };
  }, []);
  const { lanes, zone: inZone } = messages.value;
  void isOpen.value;
  return (
    <section class="panel lanes" aria-label={lanes.title} data-panel="lanes">
      <Toolbar />
      <div class="axis">
        <span class="corner" title={inZone(corner.value.zone)}>{`${corner.value.day} ${corner.value.zone}`}</span>
        <canvas ref={axis} aria-hidden="true" />
      </div>
      <div class="scroll" ref={scroll} data-testid="lanes-scroll">
        <div class="spacer" ref={spacer}>
          <div class="stage">
            <Names />
            <div class="surface" ref={surface}>
              <canvas ref={canvas} role="img" aria-label={lanes.label} data-testid="lanes-canvas" />
              <Behind />
            </div>
            {order.value.length === 0 && progress.value.clients > 0 && <p class="nothing">{lanes.none}</p>}
          </div>
        </div>
      </div>
    </section>
  );
}
