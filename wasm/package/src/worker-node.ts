/** A worker thread that holds one `Presence`; `PresenceWorker` speaks with it. */
import { parentPort } from "node:worker_threads";

import "./node.js";
import { serve } from "./serve.js";

const answer = serve((reply) => parentPort?.postMessage(reply));
parentPort?.on("message", answer);
