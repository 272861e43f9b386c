// Answers requests through the JavaScript package, in Node and in a browser.
// `core/examples/answers.rs` answers the same requests natively; the README
// says what they are.

/** The answer to one request, as text to be compared byte for byte. */
export function answer(request, { EventReader, Presence, Replay }) {
  switch (request.kind) {
    case "parse":
      return parse(request, new EventReader());
    case "replay":
      return replay(request, new Replay(given(request.options)));
    case "steps":
      return steps(request, (options) => new Presence(given(options)));
    case "stream":
      return stream(request, new Presence(given(request.options)), new Replay(replayOptions(request.options)));
    case "restore":
      return restore(request, new Presence(given(request.options)));
    default:
      throw new Error(`there is no request \`${request.kind}\``);
  }
}

function parse({ input, chunk }, reader) {
  const all = { events: [], errors: [] };
  const take = ({ events, errors }) => {
    all.events.push(...events);
    all.errors.push(...errors);
  };
  for (const piece of cut(bytesOf(input), chunk)) take(reader.push(piece));
  take(reader.finish());
  reader.free();
  return JSON.stringify(all);
}

function replay({ files, chunk, options: { after, at } }, recording) {
  for (const { name, input } of files) {
    recording.addFile(name);
    for (const piece of cut(bytesOf(input), chunk)) recording.push(piece);
    recording.finishFile();
  }
  return done(recording, new TextDecoder("utf-8", { ignoreBOM: true }).decode(recording.reportBytes({ after, at })));
}

function steps({ options, steps, restart }, open) {
  let presence = open(options);
  const answers = steps.map(({ now, events, forget, expect }) => {
    const said = events
      ? presence.push(events.map((event) => JSON.stringify(event)).join("\n"), now).transitions
      : forget
        ? presence.forget(now)
        : expect.map(({ clientId }) => client(presence.client(clientId, now)));
    if (restart) {
      const snapshot = presence.snapshot();
      presence.free();
      presence = open(options);
      presence.restore(snapshot);
    }
    return said;
  });
  return done(presence, JSON.stringify(answers));
}

/** Without what only `explain` says. */
function client({ clientId, online, status, since, channels }) {
  const fact = (slot) => slot && { time: slot.time, clientIp: slot.clientIp };
  return {
    clientId,
    online,
    status,
    since,
    channels: channels.map(({ channelId, state, connect, disconnect, tcpclean }) => ({
      channelId,
      state,
      connect: fact(connect),
      disconnect: fact(disconnect),
      tcpclean: fact(tcpclean),
    })),
  };
}

function stream({ input, chunk, start, forget, after, at }, presence, recording) {
  const bytes = bytesOf(input);
  const all = { accepted: 0, transitions: [], errors: [] };
  const take = ({ accepted, transitions, errors }) => {
    all.accepted += accepted;
    all.transitions.push(...transitions);
    all.errors.push(...errors);
  };
  recording.addFile("stream");
  let now = start;
  for (const piece of cut(bytes, chunk)) {
    take(presence.push(piece, now++));
    recording.push(piece);
  }
  take(presence.finish(now));
  recording.finishFile();
  const clients = presence.clients({ now }).map(({ clientId }) => presence.client(clientId, now));
  const stats = presence.stats(now);
  const forgotten = presence.forget(now + forget);
  const text = JSON.stringify({
    ...all,
    clients,
    stats,
    forgotten,
    snapshot: textOf(presence.snapshot()),
    believed: [...recording.believed(after)],
    actual: [...recording.actual(at)],
    report: recording.report({ after }),
  });
  recording.free();
  return done(presence, text);
}

function restore({ snapshot, input, now }, presence) {
  presence.restore(bytesOf(snapshot));
  const again = textOf(presence.snapshot()) === snapshot;
  const { transitions } = presence.push(bytesOf(input), now);
  const merged = presence.merge(bytesOf(snapshot), now + 1);
  return done(presence, JSON.stringify({ again, transitions, merged, snapshot: textOf(presence.snapshot()) }));
}

function done(held, answer) {
  held.free();
  return answer;
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function replayOptions({ closing, takeover }) {
  return { closing, takeover };
}

/** Bytes travel as text of one character a byte. */
function bytesOf(text) {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function* cut(bytes, length) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
