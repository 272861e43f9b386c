import { Presence, PresenceError, Replay, presenceStream, type Transition } from "mqtt-presence";

const presence: Presence = new Presence({ closing: "any", takeover: false, lease: null });
const { accepted, transitions, errors } = presence.push(
  '{"clientId":"a","channelId":"c","eventType":"connect","time":1}{"clientId":1}',
  5000,
);
const first: Transition | undefined = transitions[0];
const error: PresenceError | undefined = errors[0];
const place: number | null | undefined = error?.offset;
const replay: Replay = new Replay({ flapCount: 3 }).addFile("f").push(new Uint8Array()).finishFile();
const readable: ReadableStream<Transition> = presenceStream().readable;
// @ts-expect-error: there is no such policy.
const refused = (): Presence => new Presence({ closing: "never" });
console.log(
  JSON.stringify([accepted, first?.online, error?.code, place, replay.report().summary.records, typeof readable, typeof refused]),
);
