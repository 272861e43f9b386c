// The same rule in plain JavaScript, as one would write it without this
// package: JSON.parse a line, a Map of channels in a Map of clients, facts that
// join, an answer derived from them. It is the peer of the throughput figure.

const SMALLER = (a, b) =>
  a.time !== b.time ? a.time < b.time : (a.clientIp ?? "") < (b.clientIp ?? "");

export class PlainPresence {
  clients = new Map();
  #rest = "";
  #decoder = new TextDecoder();

  push(chunk, now) {
    const text = this.#rest + (typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true }));
    const lines = text.split("\n");
    this.#rest = lines.pop();
    const pushed = { accepted: 0, transitions: [], errors: [] };
    for (const line of lines) {
      let event;
      try {
        event = JSON.parse(line);
      } catch (error) {
        pushed.errors.push({ code: "invalid_json", message: error.message });
        continue;
      }
      const fault = faultOf(event);
      if (fault) {
        pushed.errors.push(fault);
        continue;
      }
      pushed.accepted += 1;
      const transition = this.#apply(event, now);
      if (transition) pushed.transitions.push(transition);
    }
    return pushed;
  }

  #apply({ clientId, channelId, eventType, time, clientIp }, now) {
    time = Number(time);
    let client = this.clients.get(clientId);
    if (client === undefined) {
      client = { online: false, live: 0, since: null, channels: new Map() };
      this.clients.set(clientId, client);
    }
    let channel = client.channels.get(channelId);
    if (channel === undefined) {
      channel = { connect: null, disconnect: null, tcpclean: null, closedAt: 0 };
      client.channels.set(channelId, channel);
    }
    const before = isLive(channel);
    const fact = { time, clientIp: clientIp ?? null };
    const kept = channel[eventType];
    if (kept === null || SMALLER(fact, kept)) channel[eventType] = fact;
    if (eventType !== "connect" && channel.closedAt < now) channel.closedAt = now;
    client.live += isLive(channel) - before;
    const online = client.live > 0;
    if (online === client.online) return undefined;
    client.online = online;
    client.since = time;
    return { clientId, online, time, observedAt: now, cause: { channelId, eventType } };
  }

  isOnline(clientId) {
    return this.clients.get(clientId)?.online ?? false;
  }
}

function isLive(channel) {
  return channel.connect !== null && channel.disconnect === null && channel.tcpclean === null ? 1 : 0;
}

function faultOf(event) {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return { code: "not_an_object" };
  for (const field of ["clientId", "channelId", "eventType"]) {
    const value = event[field];
    if (value === undefined) return { code: "missing_field", field };
    if (typeof value !== "string") return { code: "wrong_type", field };
    if (value === "") return { code: "empty_value", field };
  }
  if (event.eventType !== "connect" && event.eventType !== "disconnect" && event.eventType !== "tcpclean") {
    return { code: "unknown_event_type", field: "eventType" };
  }
  const time = Number(event.time);
  if (!(Number.isSafeInteger(time) && time > 0)) return { code: "out_of_range", field: "time" };
  return undefined;
}
