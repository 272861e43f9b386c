// Small recordings to load.
export const START = Date.UTC(2026, 2, 2, 8);

export function event(clientId, channelId, eventType, seconds, more = {}) {
  return { clientId, channelId, eventType, time: START + seconds * 1_000, ...more };
}

export const lines = (events) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** Three clients that come and go, one of which stays. */
export const three = [
  event("GID_a@@@one", "c1", "connect", 0, { clientIp: "198.51.100.1:1" }),
  event("GID_a@@@two", "c2", "connect", 10),
  event("GID_a@@@one", "c1", "disconnect", 60),
  event("GID_a@@@one", "c1", "tcpclean", 61),
  event("GID_a@@@three", "c3", "connect", 90),
  event("GID_a@@@two", "c2", "tcpclean", 120),
];
