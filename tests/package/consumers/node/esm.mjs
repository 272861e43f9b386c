import { Presence } from "mqtt-presence";

import { answer } from "../events.mjs";

using(new Presence());

function using(presence) {
  console.log(answer(presence));
  presence[Symbol.dispose ?? "free"]();
}
