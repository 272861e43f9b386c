// Node's own streams.
import { Duplex, Readable } from "node:stream";

import { Presence, presenceStream } from "mqtt-presence";

import { EVENTS } from "../events.mjs";

const presence = new Presence();
const codes = [];
const flips = [];
let accepted = 0;
const push = presence.push.bind(presence);
presence.push = (...chunk) => {
  const pushed = push(...chunk);
  accepted += pushed.accepted;
  return pushed;
};
const stream = presenceStream({ presence, clock: () => 5000, onError: ({ code }) => codes.push(code) });
const chunks = Buffer.from(EVENTS);
const source = Readable.from([chunks.subarray(0, 50), chunks.subarray(50)]);
for await (const { clientId, online } of source.pipe(Duplex.fromWeb(stream, { objectMode: true }))) {
  flips.push([clientId, online]);
}
const online = ["GID_a@@@1", "GID_a@@@2"].map((id) => presence.isOnline(id, 5000));
console.log(JSON.stringify({ accepted, flips, codes, online }));
