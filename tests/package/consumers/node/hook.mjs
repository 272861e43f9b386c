// A hook that an MQTT service calls over HTTP for each change of a connection.
import { createServer } from "node:http";

import { Presence } from "mqtt-presence";

import { EVENTS } from "../events.mjs";

const presence = new Presence();
const flips = [];
const codes = [];
let accepted = 0;
const server = createServer(async (request, response) => {
  for await (const chunk of request) take(presence.push(chunk, 5000));
  take(presence.finish(5000));
  response.writeHead(204).end();
});

function take(pushed) {
  accepted += pushed.accepted;
  flips.push(...pushed.transitions.map(({ clientId, online }) => [clientId, online]));
  codes.push(...pushed.errors.map(({ code }) => code));
}

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
for (const body of EVENTS.trim().split("\n")) {
  const { status } = await fetch(url, { method: "POST", body });
  if (status !== 204) throw new Error(`the hook answered ${status}`);
}
server.close();
const online = ["GID_a@@@1", "GID_a@@@2"].map((id) => presence.isOnline(id, 5000));
console.log(JSON.stringify({ accepted, flips, codes, online }));
