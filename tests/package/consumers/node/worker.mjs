import { Worker } from "node:worker_threads";

import { PresenceWorker } from "mqtt-presence";

import { answerOfWorker } from "../events.mjs";

const presence = new PresenceWorker(new Worker(new URL(import.meta.resolve("mqtt-presence/worker"))));
console.log(await answerOfWorker(presence));
presence.free();
