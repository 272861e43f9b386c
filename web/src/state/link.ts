import { language } from "../messages";
import { type Address, writeAddress } from "../share/address";
import { pack } from "../share/deflate";
import { nameOf } from "./names";
import { tell } from "./notices";
import { axis } from "./replay";
import { engine, inputs, options, origin, readAs } from "./session";
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
