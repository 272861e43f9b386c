import { useEffect } from "preact/hooks";
import { EventsPanel } from "../events/panel";
import { InspectorPanel } from "../inspector/panel";
import { LanesPanel } from "../lanes/panel";
import { messages } from "../messages";
import { OverviewPanel } from "../overview/panel";
import { engine } from "../state/session";
import { dialog, panel } from "../state/view";
import { WrongPanel } from "../wrong/panel";
import { Empty } from "./empty";
import { attachFiles, dropping } from "./files";
import { Header } from "./header";
import { Help } from "./help";
import { attachKeys } from "./keys";
import { Notices } from "./notices";
import { ReplayBar } from "./replay";
import { Splitter, eventsHeight } from "./splitter";

function Tabs() {
  const { panels } = messages.value;
  return (
    <nav class="tabs" aria-label={messages.value.title}>
      {(["lanes", "events", "inspector", "wrong"] as const).map((name) => (
        <button key={name} type="button" aria-pressed={panel.value === name} onClick={() => (panel.value = name)}>{panels[name]}</button>
      ))}
    </nav>
  );
}

function Workbench() {
  return (
    <main class="workbench" data-shown={panel.value} style={{ "--events": `${eventsHeight.value}px` }}>
      <OverviewPanel />
      <LanesPanel />
      <ReplayBar />
      <Splitter />
      <EventsPanel />
      <div class="side">
        <WrongPanel />
        <InspectorPanel />
      </div>
      <Tabs />
    </main>
  );
}

export function App() {
  useEffect(() => {
    const releases = [attachKeys(), attachFiles()];
    return () => {
      for (const release of releases) release();
    };
  }, []);
  return (
    <>
      <Header />
      {engine.value ? <Workbench /> : <Empty />}
      {dropping.value && <div class="dropping"><strong>{messages.value.load.dropNow}</strong></div>}
      {dialog.value === "help" && <Help />}
      <Notices />
    </>
  );
}
