import { Presence, PresenceWorker, init } from "mqtt-presence";
import Worker from "mqtt-presence/worker?worker";

import { answer, answerOfWorker } from "../events.mjs";

await init();
const presence = new PresenceWorker(new Worker());
window.answers = [answer(new Presence()), await answerOfWorker(presence)];
