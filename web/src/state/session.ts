import { batch, computed, signal } from "@preact/signals";
import type { Engine, Fault, Input, Progress, RuleOptions, Shape } from "../engine/engine";
import { LiveEngine } from "../engine/live";
import { openRecording } from "../engine/recording";
import { roomy } from "../time/scale";
import { sentence } from "./faults";
import { refusal } from "./intake";
import { tell } from "./notices";
import { atEnd, cursor, fitTo, fitted, look, resetView, sort } from "./view";

const nothing: Progress = {
  state: "ready", bytes: 0, bytesTotal: null, records: 0, accepted: 0, rejected: 0, duplicates: 0,
  clients: 0, online: 0, anomalies: 0, range: { from: 0, to: 0 }, faults: [], formats: [],
};

export const engine = signal<Engine | null>(null);
export const progress = signal<Progress>(nothing);
/** Counts of all clients, and anomalies, are still those of a part or of none. */
export const counting = computed(() => progress.value.state === "loading" || progress.value.state === "surveying");
/** Grows whenever what the engine would answer has changed. */
export const revision = signal(0);
export const inputs = signal<readonly Input[]>([]);
/** Whether the page came from a service that can be followed. */
export const serviceHere = signal(false);
export const recordsPerSecond = signal(0);
/** Where all that is loaded came from, as far as an address can say that. */
export type Origin = { url: string } | { sample: string } | { data: string[] };
export const origin = signal<Origin | null>(null);
export const options = signal<RuleOptions>({
  closing: "any", takeover: false, flapCount: 5, flapWindow: 60_000, lateAfter: 60_000,
});
/** What the files of the recording are taken for. */
export const readAs = signal<Shape>("detected");

/** How often pictures are asked for anew while reading, in milliseconds. */
const RENEW = 250;
let renewed = 0;
let faultsTold = 0;
let measured = { at: 0, records: 0 };
let reading: Promise<void> = Promise.resolve();

function use(next: Engine | null): void {
  const old = engine.peek();
  if (old) {
    old.onProgress = null;
    old.close();
  }
  faultsTold = 0;
  measured = { at: performance.now(), records: 0 };
  batch(() => {
    inputs.value = [];
    origin.value = null;
    recordsPerSecond.value = 0;
    progress.value = nothing;
    resetView();
    engine.value = next;
    revision.value += 1;
  });
}

function listen(to: Engine): void {
  to.onProgress = (step) => engine.peek() === to && receive(step);
}

function receive(step: Progress): void {
  const now = performance.now();
  const before = progress.peek();
  if (now - measured.at > 500) {
    recordsPerSecond.value = Math.max(0, Math.round(((step.records - measured.records) / (now - measured.at)) * 1_000));
    measured = { at: now, records: step.records };
  }
  batch(() => {
    progress.value = step;
    // Every answer costs the worker time that it could read in; until all is evaluated anew it has none.
    const due = step.state !== "loading" || now - renewed > RENEW || before.range.to === 0;
    if (due && step.state !== "surveying") {
      renewed = now;
      revision.value += 1;
      // A view or a cursor that moved asks as much as a new revision does.
      followData();
    }
  });
  for (const fault of step.faults.slice(faultsTold)) tellFault(fault);
  faultsTold = step.faults.length;
}

/** Moves the view and the cursor as far as they follow the data. */
export function followData(): void {
  const now = progress.peek();
  if (fitted.peek()) fitTo(engine.peek()?.kind === "live" ? lastMinutes(now) : now.range);
  if (atEnd.peek()) cursor.value = { record: now.records, time: now.range.to };
}

/** Shows all there is; following a service goes on with `End`. */
export function fitAll(): void {
  const all = progress.peek().range;
  if (all.to === 0) return;
  if (engine.peek()?.kind === "live") look(roomy(all));
  else {
    fitted.value = true;
    fitTo(all);
  }
}

/** Following shows what happens now, not all that was kept. */
function lastMinutes({ range }: Progress) {
  return { from: Math.max(range.from, range.to - 300_000), to: range.to };
}

export function tellFault(fault: Fault): void {
  tell("fault", (texts) => sentence(fault, texts));
}

/** Grows when a person turns to something else: what still waits to be read by then is no longer wanted. */
let turns = 0;

/** Reads further inputs after those there are, or afresh. A refused one changes nothing of what is loaded. */
export function load(further: Input[], from: Origin | null = null, afresh = false): Promise<void> {
  const turn = turns;
  reading = reading.then(() => read(further, from, afresh, () => turn === turns));
  return reading;
}

async function read(further: Input[], from: Origin | null, afresh: boolean, wanted: () => boolean): Promise<void> {
  const good: Input[] = [];
  for (const input of further) {
    if (!wanted()) return;
    const fault = await refusal(input);
    if (fault) tellFault(fault);
    else good.push(input);
  }
  if (good.length === 0 || !wanted()) return;
  let target = engine.peek();
  try {
    if (afresh || target?.kind !== "recording") {
      target = openRecording();
      use(target);
      progress.value = { ...nothing, state: "loading" };
      await target.readAs(readAs.peek());
      await target.setOptions(options.peek());
      if (engine.peek() !== target) return;
    }
    const before = progress.peek().accepted;
    batch(() => {
      // An address names all that is loaded, or none of it.
      origin.value = inputs.peek().length === 0 ? from : null;
      inputs.value = [...inputs.peek(), ...good];
      progress.value = { ...progress.peek(), state: "loading" };
    });
    // Before this it would say that it has read all of nothing.
    listen(target);
    await target.load(good);
    if (engine.peek() === target && progress.peek().accepted === before && good.length === 1) {
      tellFault({ code: "no_event", input: good[0].name, details: {} });
    }
  } catch (error) {
    // An engine that was closed rejects what it was still asked.
    if (engine.peek() !== target) return;
    console.error(error);
    tellFault({ code: "engine_failed", input: "", details: {} });
    use(null);
  }
}

export function cancelLoad(): void {
  engine.peek()?.cancel();
}

export function closeRecording(): void {
  turns += 1;
  engine.peek()?.cancel();
  readAs.value = "detected";
  use(null);
}

/** Reads the files again, taken for something else. */
export function changeReadAs(shape: Shape): Promise<void> {
  readAs.value = shape;
  engine.peek()?.cancel();
  return load([...inputs.peek()], origin.peek(), true);
}

export function followService(): void {
  turns += 1;
  const live = new LiveEngine(new URL("./", document.baseURI));
  use(live);
  listen(live);
  // Flips reorder other sorts all the time.
  sort.value = "name";
  void live.load();
}

export async function changeOptions(next: RuleOptions): Promise<void> {
  options.value = next;
  const target = engine.peek();
  try {
    await target?.setOptions(next);
  } catch (error) {
    // Closed meanwhile: the next one is opened with these options.
    if (engine.peek() === target) throw error;
  }
  revision.value += 1;
}

/** Whether a service answers where the page came from. */
export async function findService(): Promise<boolean> {
  if (!location.protocol.startsWith("http")) return false;
  try {
    const answer = await fetch(new URL("./v1/stats", document.baseURI), { headers: { accept: "application/json" } });
    if (answer.status === 401) return true;
    return answer.ok && "lastTransition" in (await answer.json());
  } catch {
    return false;
  }
}
