import { batch } from "@preact/signals";
import { language } from "../messages";
import { type Address, readAddress, writeAddress } from "../share/address";
import { pack, unpack } from "../share/deflate";
import { nameOf } from "./names";
import { tell } from "./notices";
import { axis } from "./replay";
import { changeOptions, engine, inputs, load, options, type Origin, origin, readAs, tellFault } from "./session";
import { themeChoice } from "./theme";
import * as view from "./view";

/** Longer links are cut by chat programs and mail. */
const LONGEST = 30_000;
/** More than this does not become short enough; do not even try. */
const MOST_DATA = 512 << 10;

/** Whether the language was chosen, by a link or by hand; else each reader has their own. */
let languageChosen = false;

export function chooseLanguage(next: "en" | "zh"): void {
  languageChosen = true;
  language.value = next;
}

export async function loadSample(sample: "clean-day" | "incident"): Promise<void> {
  const file = `${sample}.ndjson`;
  await loadFrom(new URL(`./samples/${file}`, document.baseURI), file, { sample });
}

async function loadFrom(url: URL, name: string, from: Origin): Promise<void> {
  let status = "";
  try {
    const answer = await fetch(url);
    status = answer.ok ? "" : String(answer.status);
    if (answer.ok) {
      await load([{ name, blob: await answer.blob() }], from);
      return;
    }
  } catch {
    // Says nothing that a reader could use.
  }
  tellFault({ code: "url_failed", input: String(url), details: { status } });
}

function current(): Address {
  const { client, pinned } = { client: view.selected.peek(), pinned: view.pinned.peek() };
  const { text, anomalies, status } = view.clientFilter.peek();
  const from = origin.peek();
  return {
    range: view.fitted.peek() ? null : view.range.peek(),
    cursor: view.atEnd.peek() ? null : view.cursor.peek(),
    client: client === null ? null : nameOf(client),
    pinned: pinned.map(nameOf),
    text, anomalies, status,
    sort: view.sort.peek(),
    chosen: view.chosenRange.peek(),
    kinds: view.eventKinds.peek(),
    onlyAnomalous: view.onlyAnomalous.peek(),
    onlySelected: view.onlySelected.peek(),
    axis: axis.peek(),
    closing: options.peek().closing,
    takeover: options.peek().takeover,
    readAs: readAs.peek(),
    language: languageChosen ? language.peek() : null,
    theme: themeChoice.peek(),
    // Data that came with the address stays in it, so that a reload finds it.
    data: from && "data" in from ? from.data : [],
    sample: from && "sample" in from ? from.sample : null,
  };
}

/** The address of this view, without data: kept in the address bar as it changes. */
export function addressOfView(): string {
  const from = origin.peek();
  const url = new URL(location.href);
  url.search = from && "url" in from ? `?url=${encodeURIComponent(from.url)}` : "";
  url.hash = writeAddress(current());
  return url.href;
}

export async function share(): Promise<void> {
  const address = current();
  address.language = language.peek();
  let carried: "service" | "address" | "data" | "view" = "view";
  const files = inputs.peek();
  const from = origin.peek();
  if (engine.peek()?.kind === "live") carried = "service";
  else if (from) carried = "data" in from ? "data" : "address";
  else if (files.length && files.reduce((sum, file) => sum + file.blob.size, 0) <= MOST_DATA) {
    const packed = await Promise.all(files.map((file) => pack(file.blob)));
    if (packed.join("").length <= LONGEST) {
      address.data = packed;
      carried = "data";
    }
  }
  const url = new URL(addressOfView());
  url.hash = writeAddress(address);
  try {
    await navigator.clipboard.writeText(url.href);
    tell("done", ({ share }) =>
      ({ service: share.copiedService, address: share.copiedAddress, data: share.copied, view: share.copiedView })[carried],
    );
  } catch {
    history.replaceState(null, "", url);
    tell("done", ({ share }) => share.byHand);
  }
}

/** Loads what the address names; false when it names no data. */
export async function openAddress(): Promise<boolean> {
  const address = readAddress(location.hash);
  if (address.language) chooseLanguage(address.language);
  themeChoice.value = address.theme;
  if (address.takeover || address.closing !== "any") {
    await changeOptions({ ...options.peek(), takeover: address.takeover, closing: address.closing });
  }
  readAs.value = address.readAs;
  const url = new URLSearchParams(location.search).get("url");
  let named = true;
  if (url) {
    let absolute: URL | null = null;
    try {
      absolute = new URL(url, document.baseURI);
    } catch {
      tellFault({ code: "url_failed", input: url, details: {} });
    }
    if (absolute) await loadFrom(absolute, absolute.pathname.split("/").pop() || url, { url });
  } else if (address.data.length) {
    try {
      const files = await Promise.all(address.data.map(unpack));
      const inputs = files.map((bytes, at) => ({ name: `link-${at + 1}.ndjson`, blob: new Blob([bytes as BlobPart]) }));
      await load(inputs, { data: address.data });
    } catch {
      tellFault({ code: "link_broken", input: "", details: {} });
    }
  } else if (address.sample) {
    await loadSample(address.sample as "clean-day" | "incident");
  } else named = false;
  if (engine.peek()) await restore(address);
  return named;
}

/** Brings the view of a link back once its data is there. */
export async function restore(address: Address): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const client = address.client ? await source.find(address.client) : null;
  const pinned = await Promise.all(address.pinned.map((name) => source.find(name)));
  if (address.client && client === null) tell("fault", ({ fault }) => fault.missingClient(address.client ?? ""));
  batch(() => {
    view.sort.value = address.sort;
    view.clientFilter.value = { text: address.text, anomalies: address.anomalies, status: address.status };
    view.chosenRange.value = address.chosen;
    view.eventKinds.value = address.kinds;
    view.onlyAnomalous.value = address.onlyAnomalous;
    view.onlySelected.value = address.onlySelected;
    view.pinned.value = pinned.filter((found) => found !== null);
    axis.value = address.axis;
    if (client !== null) view.selected.value = client;
    if (address.range) view.look(address.range);
    if (address.cursor) {
      view.atEnd.value = false;
      view.cursor.value = address.cursor;
    }
  });
}
