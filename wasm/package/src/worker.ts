/** A module worker that holds one `Presence`; `PresenceWorker` speaks with it. */
import "./browser.js";
import { serve, type Call } from "./serve.js";

// The types of a worker and those of a page exclude each other.
const scope = globalThis as unknown as {
  onmessage: (event: { data: Call }) => void;
  postMessage(message: unknown): void;
};

const answer = serve((reply) => scope.postMessage(reply));
scope.onmessage = ({ data }) => answer(data);
