import { batch, effect, signal } from "@preact/signals";
import type { Input } from "../engine/engine";
import { type Address, readAddress } from "../share/address";
import { unpack } from "../share/deflate";
import { chooseLanguage } from "./link";
import { tell } from "./notices";
import { axis, playing } from "./replay";
import {
  changeOptions, closeRecording, engine, findService, followData, followService, load, options, type Origin, origin, progress,
  readAs, serviceHere, tellFault,
} from "./session";
import { themeChoice } from "./theme";
import * as view from "./view";

/** Grows with each address that is opened: the latest wins. */
let turn = 0;
/** While an address is being opened the page does not show it yet. */
export const opening = signal(false);

/** What an address says of the page, not of a view. */
const SETTINGS = ["lang", "theme", "closing", "takeover", "as"];
/** The view of a link that went without its data, until that is opened by hand. */
export const ahead = signal<Address | null>(null);
effect(() => {
  const address = ahead.value;
  const { state, records, range } = progress.value;
  if (!address || !engine.value || state !== "ready" || records === 0) return;
  ahead.value = null;
  const meets = !address.range || (address.range.from <= range.to && address.range.to >= range.from);
  if (engine.value.kind === "recording" && !origin.value && meets) void restore(address, true);
});

/** Shows what an address names: at the start, when a link is pasted over it, when history goes back to it. */
export async function openAddress(url: URL): Promise<void> {
  const mine = ++turn;
  opening.value = true;
  try {
    await show(url, () => mine === turn);
  } finally {
    if (mine === turn) opening.value = false;
  }
}

async function show(url: URL, wanted: () => boolean): Promise<void> {
  const address = readAddress(url.hash);
  const shape = readAs.peek();
  if (address.language) chooseLanguage(address.language);
  themeChoice.value = address.theme;
  playing.value = false;
  ahead.value = null;
  const { closing, takeover } = options.peek();
  if (address.closing !== closing || address.takeover !== takeover) {
    void changeOptions({ ...options.peek(), closing: address.closing, takeover: address.takeover });
  }
  const from = named(address, url);
  if (from && shape === address.readAs && JSON.stringify(from) === JSON.stringify(origin.peek())) await restore(address, false);
  else if (from) {
    const inputs = await fetched(from);
    if (!inputs || !wanted()) return;
    closeRecording();
    readAs.value = address.readAs;
    await load(inputs, from);
    if (wanted()) await restore(address, true);
  } else if (engine.peek() && !origin.peek()) await restore(address, false);
  else {
    // What is loaded has an address of its own, which this is not.
    if (engine.peek()) closeRecording();
    readAs.value = address.readAs;
    serviceHere.value = await findService();
    if (engine.peek() || !wanted()) return;
    if (!serviceHere.value) {
      const keys = [...new URLSearchParams(url.hash.slice(1)).keys()];
      if (keys.some((key) => !SETTINGS.includes(key))) ahead.value = address;
      return;
    }
    followService();
    const service = engine.peek();
    await connected();
    if (wanted() && engine.peek() === service) await restore(address, true);
  }
}

/** What data an address names. */
function named(address: Address, url: URL): Origin | null {
  const beside = url.searchParams.get("url");
  if (beside) return { url: beside };
  if (address.data.length) return { data: address.data };
  return address.sample ? { sample: address.sample } : null;
}

/** The data; `null`, and said, when it is not to be had. */
async function fetched(from: Origin): Promise<Input[] | null> {
  if ("data" in from) {
    try {
      const files = await Promise.all(from.data.map(unpack));
      return files.map((bytes, at) => ({ name: `link-${at + 1}.ndjson`, blob: new Blob([bytes as BlobPart]) }));
    } catch {
      tellFault({ code: "link_broken", input: "", details: {} });
      return null;
    }
  }
  let address = "url" in from ? from.url : `./samples/${from.sample}.ndjson`;
  let status = "";
  try {
    const url = new URL(address, document.baseURI);
    address = url.href;
    const answer = await fetch(url);
    if (answer.ok) return [{ name: url.pathname.split("/").pop() || address, blob: await answer.blob() }];
    status = String(answer.status);
  } catch {
    // Says nothing that a reader could use.
  }
  tellFault({ code: "url_failed", input: address, details: { status } });
  return null;
}

export async function loadSample(sample: "clean-day" | "incident"): Promise<void> {
  const inputs = await fetched({ sample });
  if (inputs) await load(inputs, { sample });
}

/** Until the service's clients are known, or it turns out that it cannot be followed. */
function connected(): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (progress.value.state === "connecting" || progress.value.state === "ready") return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}

/** The view of an address on the data that is there; nobody has looked at it yet while it is fresh. */
async function restore(address: Address, fresh: boolean): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  // An engine that is closed meanwhile rejects; nobody looks at its clients any more.
  const find = (name: string) => source.find(name).catch(() => null);
  const client = address.client ? await find(address.client) : null;
  const pinned = await Promise.all(address.pinned.map(find));
  if (source !== engine.peek()) return;
  if (address.client && client === null) tell("fault", ({ fault }) => fault.missingClient(address.client ?? ""));
  batch(() => {
    if (!fresh) {
      const finding = view.anomalyKind.peek();
      view.resetView();
      view.anomalyKind.value = finding;
    }
    if (client !== null) view.selected.value = client;
    // Flips reorder other sorts all the time.
    view.sort.value = source.kind === "live" && address.sort === "anomalies" ? "name" : address.sort;
    view.clientFilter.value = { text: address.text, anomalies: address.anomalies, status: address.status };
    view.chosenRange.value = address.chosen;
    view.eventKinds.value = address.kinds;
    view.onlyAnomalous.value = address.onlyAnomalous;
    view.onlySelected.value = address.onlySelected;
    view.pinned.value = pinned.filter((found) => found !== null);
    axis.value = address.axis;
    if (address.range) view.look(address.range);
    if (address.cursor) {
      view.atEnd.value = false;
      view.cursor.value = address.cursor;
    }
    followData();
  });
}
