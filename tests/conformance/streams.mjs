// Small random streams, the same for the same seed: a few clients and channels,
// repeated, shuffled, broken and mixed with text, in any container.

/** A generator of numbers in [0, 1) by a seed (mulberry32). */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CLIENTS = ["a", "GID_g@@@1", "é", "\u{1f600}", "\uffee", 'q"\\'];
const KINDS = ["connect", "connect", "disconnect", "tcpclean"];

/** `count` requests of kind `stream`. */
export function* streams(seed, count) {
  const next = numbers(seed);
  const below = (end) => Math.floor(next() * end);
  const one = (list) => list[below(list.length)];
  const encoder = new TextEncoder();

  const event = () => {
    const fields = {
      clientId: one(CLIENTS),
      channelId: `c${below(5)}`,
      eventType: one(KINDS),
      time: one([1_000, 2_000, 60_000]) + below(6),
    };
    if (below(3) === 0) fields.clientIp = one(["10.0.0.1:1", "", null, "10.0.0.10:1"]);
    if (below(8) === 0) fields.remark = one([1, "x", { deep: [null, "\u2028"] }]);
    if (below(8) === 0) fields.time = String(fields.time);
    if (below(20) === 0) delete fields[one(Object.keys(fields))];
    if (below(20) === 0) fields[one(Object.keys(fields))] = one([0, -1, "", null, true, 1.5, [], "9".repeat(17)]);
    return fields;
  };
  const spelling = (fields) => {
    const text = JSON.stringify(fields, undefined, below(6) === 0 ? 1 : 0);
    switch (below(24)) {
      case 0:
        return text.slice(0, below(text.length) + 1);
      case 1:
        return text.replace(/"time":/, '"time":1,"time":');
      case 2:
        return text.replaceAll("c", "\\u0063");
      case 3:
        return text.replace("{", one(["{ ", "{\t", "{{", "[{", ""]));
      default:
        return text;
    }
  };
  const input = () => {
    const events = Array.from({ length: below(30) }, event);
    // Redeliveries, and a window within which the order is anybody's.
    for (let again = below(6); again > 0 && events.length > 0; again--) {
      events.splice(below(events.length), 0, one(events));
    }
    const texts = events.map(spelling);
    if (below(6) === 0) return `[${texts.join(",")}${one(["]", "", ",]"])}`;
    const ends = ["\n", "\n", "\n", "\r\n", "", " ", "\n\n", "\nINFO got\n", "\x1e", ",\n", "\n42\n", "\ufeff"];
    const end = one(ends);
    return texts.map((text) => text + (below(5) === 0 ? one(ends) : end)).join("");
  };
  const latin1 = (text) => {
    const bytes = encoder.encode(text);
    if (below(40) === 0 && bytes.length > 0) bytes[below(bytes.length)] = below(256);
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  };

  for (let stream = 0; stream < count; stream++) {
    yield {
      kind: "stream",
      input: latin1(input()),
      chunk: one([1, 2, 7, 64, 1_000, 100_000]),
      options: {
        closing: one(["any", "tcpclean"]),
        takeover: next() < 0.5,
        lease: one([null, null, 0, 1_000, 100_000]),
        retention: one([0, 10, 604_800_000]),
      },
      start: one([1_000, 61_000, 1_767_225_600_000]),
      forget: one([0, 11, 700_000_000]),
      after: below(20),
      at: one([0, 1_003, 2_003, 60_003, 1_000_000]),
    };
  }
}
