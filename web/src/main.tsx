import { effect } from "@preact/signals";
import { render } from "preact";
import { language, messages } from "./messages";
import { App } from "./shell/app";
import { addressOfView } from "./state/link";
import { ahead, openAddress, opening } from "./state/opening";
import { axis } from "./state/replay";
import { engine, inputs, options, readAs } from "./state/session";
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
    if (opening.value || (ahead.value && !engine.value)) return;
    waiting ??= setTimeout(() => {
      waiting = null;
      if (!opening.peek()) history.replaceState(null, "", addressOfView());
    }, 400);
  });
}

const place = document.getElementById("page");
if (place) render(<App />, place);

// A link that is pasted over the address of this page changes no more than its end, as going back does.
addEventListener("hashchange", ({ newURL }) => void openAddress(new URL(newURL)));
await openAddress(new URL(location.href));
followView();
