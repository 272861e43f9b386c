import { batch, computed, signal } from "@preact/signals";
import type { AnomalyKind, ClientFilter, Cursor, EventFilter, Range, Sort } from "../engine/engine";
import { roomy } from "../time/scale";

/** What a person looks at. All of it can go into the address. */
export const range = signal<Range>({ from: 0, to: 60_000 });
export const cursor = signal<Cursor>({ record: 0, time: 0 });
export const selected = signal<number | null>(null);
export const pinned = signal<readonly number[]>([]);
export const sort = signal<Sort>("anomalies");
export const clientFilter = signal<ClientFilter>({ text: "", anomalies: [], status: null });
/** A part of the time axis, chosen with Shift and drag. */
export const chosenRange = signal<Range | null>(null);
export const eventKinds = signal<EventFilter["kinds"]>([]);
export const onlyAnomalous = signal(false);
export const onlySelected = signal(false);
/** The finding whose offenders are shown. */
export const anomalyKind = signal<AnomalyKind | null>(null);

/** The view follows the data until somebody pans or zooms, the cursor until somebody moves it. */
export const fitted = signal(true);
export const atEnd = signal(true);

/** Which panel a narrow window shows. */
export const panel = signal<"lanes" | "events" | "inspector" | "wrong">("lanes");
export const dialog = signal<"help" | null>(null);

export const eventFilter = computed<EventFilter>(() => ({
  clients: onlySelected.value && selected.value !== null ? Uint32Array.of(selected.value) : null,
  range: chosenRange.value,
  kinds: eventKinds.value,
  anomalous: onlyAnomalous.value,
}));

export function look(at: Range): void {
  batch(() => {
    fitted.value = false;
    range.value = at;
  });
}

export function fitTo(all: Range): void {
  if (all.to > 0) range.value = roomy(all);
}

export function resetView(): void {
  batch(() => {
    range.value = { from: 0, to: 60_000 };
    cursor.value = { record: 0, time: 0 };
    selected.value = null;
    sort.value = "anomalies";
    pinned.value = [];
    clientFilter.value = { text: "", anomalies: [], status: null };
    chosenRange.value = null;
    eventKinds.value = [];
    onlyAnomalous.value = false;
    onlySelected.value = false;
    anomalyKind.value = null;
    fitted.value = true;
    atEnd.value = true;
  });
}
