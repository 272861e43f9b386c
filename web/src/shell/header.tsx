import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { type Shape, shapes } from "../engine/engine";
import { LiveEngine } from "../engine/live";
import { language, messages } from "../messages";
import { chooseLanguage, share } from "../state/link";
import {
  cancelLoad, changeOptions, changeReadAs, closeRecording, counting, engine, followService, inputs, options, progress, readAs,
  recordsPerSecond, serviceHere,
} from "../state/session";
import { themeChoice } from "../state/theme";
import { dialog, panel } from "../state/view";
import { exportAs } from "./export";
import { chooseFiles } from "./files";
import { Icon } from "./icon";
import { held, paused, togglePause } from "./pause";

/** A menu that closes when something else is clicked. */
function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const outside = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) menu.current?.removeAttribute("open");
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, []);
  return (
    <details class="menu" ref={menu}>
      <summary>{label}</summary>
      <div class="sheet">{children}</div>
    </details>
  );
}

function Source() {
  const { header } = messages.value;
  const files = inputs.value;
  if (engine.value?.kind === "live") return <strong>{header.service}</strong>;
  if (files.length === 0) return <span class="dim">{header.noSource}</span>;
  return (
    <>
      <strong title={files.map((file) => file.name).join("\n")}>{files.length === 1 ? files[0].name : header.files(files.length)}</strong>
      <ReadAs />
    </>
  );
}

/** Whose messages were found in the files, to be overruled; nothing for notices that were read without fault. */
function ReadAs() {
  const { header } = messages.value;
  const { formats, rejected } = progress.value;
  const now = readAs.value;
  if (now === "detected" && formats.length === 0 && rejected === 0) return null;
  const found = (formats.length > 0 ? formats : ["events" as const]).map((format) => header.formats[format]).join(", ");
  return (
    <select
      aria-label={header.readAs} title={header.readAs} data-testid="read-as" value={now}
      onChange={({ currentTarget: { value } }) => void changeReadAs(value as Shape)}
    >
      {shapes.map((shape) => (
        <option key={shape} value={shape}>
          {shape !== "detected" ? header.formats[shape] : now === "detected" ? header.detected(found) : header.detect}
        </option>
      ))}
    </select>
  );
}

function Counts() {
  const { header } = messages.value;
  const { records, rejected, clients, online, anomalies } = progress.value;
  return (
    <ul class="counts" data-testid="counts">
      <li data-count="records">{(engine.value?.kind === "live" ? header.transitions : header.records)(records)}</li>
      {anomalies > 0 && (
        <li data-count="anomalies"><button type="button" class="chip anomaly" onClick={() => (panel.value = "wrong")}>{header.anomalies(anomalies)}</button></li>
      )}
      {rejected > 0 && (
        <li data-count="rejected"><button type="button" class="chip rejected" onClick={() => (panel.value = "wrong")}>{header.rejected(rejected)}</button></li>
      )}
      {/* Last what may be left out where there is no room. */}
      <li data-count="clients">{header.clients(clients)}</li>
      <li data-count="online">{header.online(counting.value ? null : online)}</li>
    </ul>
  );
}

function Loading() {
  const { load } = messages.value;
  const { state, bytes, bytesTotal } = progress.value;
  if (state === "surveying") return <div class="loading" role="status" data-testid="loading">{load.evaluating}</div>;
  if (state !== "loading") return null;
  return (
    <div class="loading" role="status" data-testid="loading">
      <progress aria-label={load.loading} max={bytesTotal ?? undefined} value={bytesTotal === null ? undefined : bytes} />
      <span>{load.read(bytes, bytesTotal)}</span>
      <span class="dim">{load.rate(recordsPerSecond.value)}</span>
      <button type="button" class="quiet" onClick={cancelLoad}>{load.cancel}</button>
    </div>
  );
}

function Connection() {
  const { live } = messages.value;
  if (!(engine.value instanceof LiveEngine)) return null;
  const state = progress.value.state as "connecting" | "live" | "lagging" | "reconnecting" | "failed";
  const shown = paused.value ? "paused" : state;
  return (
    <div class="connection" role="status" data-testid="connection" data-state={shown}>
      <i class={`lamp ${shown}`} aria-hidden="true" />
      <span>{paused.value ? live.paused(held.value.count, held.value.more) : live[state] ?? ""}</span>
      <button type="button" class="quiet" aria-pressed={paused.value} onClick={togglePause}>
        <Icon name={paused.value ? "play" : "pause"} />{paused.value ? live.resume : live.pause}
      </button>
    </div>
  );
}

function Rule() {
  const { header, rule } = messages.value;
  const now = options.value;
  const number = (key: "flapCount" | "flapWindow" | "lateAfter", unit: number) => (
    <label>
      <span>{rule[key]}</span>
      <input
        type="number" min={1} value={now[key] / unit}
        onChange={({ currentTarget: { valueAsNumber } }) => valueAsNumber >= 1 && void changeOptions({ ...now, [key]: Math.round(valueAsNumber * unit) })}
      />
    </label>
  );
  return (
    <Menu label={header.rule}>
      <div class="form">
        <label>
          <span>{rule.closing}</span>
          <select value={now.closing} onChange={({ currentTarget: { value } }) => void changeOptions({ ...now, closing: value as "any" | "tcpclean" })}>
            <option value="any">{rule.closings.any}</option>
            <option value="tcpclean">{rule.closings.tcpclean}</option>
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={now.takeover} onChange={({ currentTarget: { checked } }) => void changeOptions({ ...now, takeover: checked })} />
          {rule.takeover}
        </label>
        {number("flapCount", 1)}
        {number("flapWindow", 1_000)}
        {number("lateAfter", 1_000)}
      </div>
    </Menu>
  );
}

export function Header() {
  const { header, export: exports, title, tagline } = messages.value;
  const loaded = engine.value !== null;
  const live = engine.value?.kind === "live";
  const nextTheme = themeChoice.value === null ? "light" : themeChoice.value === "light" ? "dark" : null;
  return (
    <header class="header" data-panel="header">
      <h1 title={tagline}><Logo />{title}</h1>
      <div class="source" data-testid="source"><Source /></div>
      {loaded && <Counts />}
      <Connection />
      <Loading />
      <div class="tools">
        <button type="button" class="quiet open" aria-label={header.open} onClick={chooseFiles} title={`${header.open}  Ctrl+O`}><Icon name="file" /><span>{header.open}</span></button>
        {serviceHere.value && !live && <button type="button" class="quiet" onClick={followService}>{header.follow}</button>}
        {loaded && !live && <Rule />}
        {loaded && (
          <Menu label={header.export}>
            <ul>
              {(["ndjson", "csv", "report", "png"] as const).map((what) => (
                <li key={what}><button type="button" onClick={(event) => {
                  event.currentTarget.closest("details")?.removeAttribute("open");
                  exportAs(what);
                }}>{exports[what]}</button></li>
              ))}
            </ul>
          </Menu>
        )}
        {loaded && <button type="button" class="quiet" onClick={() => void share()}>{header.share}</button>}
        {loaded && !live && <button type="button" class="square" aria-label={header.clear} title={header.clear} onClick={closeRecording}><Icon name="close" /></button>}
        <span class="gap" />
        <button type="button" class="quiet" lang={language.value === "en" ? "zh" : "en"} title={header.languageLabel} onClick={() => chooseLanguage(language.value === "en" ? "zh" : "en")}>
          {header.language}
        </button>
        <button
          type="button" class="square" data-testid="theme" aria-label={header.theme[themeChoice.value ?? "system"]}
          title={header.theme[themeChoice.value ?? "system"]} onClick={() => (themeChoice.value = nextTheme)}
        >
          <Icon name={themeChoice.value ?? "system"} />
        </button>
        <button type="button" class="square" aria-label={header.help} title={`${header.help}  ?`} onClick={() => (dialog.value = "help")}>?</button>
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path class="lane" d="M1 3h6v3H1zM9 3h6v3H9zM1 10h9v3H1z" />
      <path class="mark" d="M12 10h3v3h-3z" />
    </svg>
  );
}
