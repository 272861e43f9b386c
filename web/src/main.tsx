import { effect } from "@preact/signals";
import { render } from "preact";
import { language, messages } from "./messages";
import { App } from "./shell/app";
import { readAddress } from "./share/address";
import { addressOfView, openAddress, restore } from "./state/link";
import { axis } from "./state/replay";
import { engine, findService, followService, inputs, options, progress, readAs, serviceHere } from "./state/session";
import { themeChoice } from "./state/theme";
import * as view from "./state/view";

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.title = messages.value.title;
});

/** The address bar follows the view, seldom enough for browsers that limit it. */
let waiting: ReturnType<typeof setTimeout> | null = null;
function followView(): void {
  effect(() => {
    for (const part of [
      view.range, view.cursor, view.selected, view.pinned, view.sort, view.clientFilter, view.chosenRange, view.eventKinds,
      view.onlyAnomalous, view.onlySelected, axis, options, readAs, language, themeChoice, engine, inputs,
    ]) void part.value;
    waiting ??= setTimeout(() => {
      waiting = null;
      history.replaceState(null, "", addressOfView());
    }, 400);
  });
}

const place = document.getElementById("page");
if (place) render(<App />, place);

const given = location.hash;
const named = await openAddress();
serviceHere.value = !named && (await findService());
if (serviceHere.value && !engine.value) {
  followService();
  await connected();
  const sorted = view.sort.value;
  await restore(readAddress(given));
  if (!new URLSearchParams(given.slice(1)).has("sort")) view.sort.value = sorted;
}
followView();

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
