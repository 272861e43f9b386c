import { Presence, init } from "mqtt-presence";
import wasm from "mqtt-presence/wasm";

import { answer } from "../events.mjs";

await init(wasm);
window.answers = [answer(new Presence())];
