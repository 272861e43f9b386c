import { describe, expect, it } from "vitest";
import { State } from "../src/engine/engine";
import { type Message, serverSentEvents } from "../src/engine/stream";
import { rasterize, stateAt, Track } from "../src/engine/track";

async function read(...chunks: string[]): Promise<Message[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const found: Message[] = [];
  for await (const message of serverSentEvents(body)) found.push(message);
  return found;
}

describe("server-sent events", () => {
  const text = ': alive\nretry: 2000\nid: 41\n\nid: 42\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: gap\ndata: gone\n\nid: 43\ndata: cut off';
  const messages = [
    { event: "message", id: "41", data: "" },
    { event: "message", id: "42", data: '{"a":\n1}' },
    { event: "gap", id: null, data: "gone" },
  ];

  it("gives each event that is complete", async () => {
    expect(await read(text)).toEqual(messages);
  });

  it("does not depend on how the text is cut", async () => {
    for (let at = 1; at < text.length; at += 1) {
      expect((await read(text.slice(0, at), text.slice(at))).map(({ data }) => data)).toEqual(messages.map(({ data }) => data));
    }
  });
});

describe("track of a client", () => {
  const time = (flip: { time: number }) => flip.time;
  const track = () => {
    const made = new Track();
    made.add({ record: 2, time: 200, arrived: 260, state: State.offline });
    made.add({ record: 1, time: 100, arrived: 110, state: State.online });
    return made;
  };

  it("is in order on both axes and takes nothing twice", () => {
    const made = track();
    expect(made.add({ record: 1, time: 100, arrived: 110, state: State.online })).toBe(false);
    expect([50, 100, 150, 200].map((at) => stateAt(made.actual, time, at))).toEqual([State.unknown, State.online, State.online, State.offline]);
    expect(stateAt(made.believed, (flip) => flip.arrived, 230)).toBe(State.online);
  });

  it("lets a flip take the place of the state that was asked for before it came", () => {
    const made = new Track();
    made.add({ record: 0, time: 100, arrived: 100, state: State.online });
    made.add({ record: 7, time: 100, arrived: 130, state: State.online });
    expect(made.actual.map(({ record }) => record)).toEqual([7]);
    expect(made.believed.map(({ arrived }) => arrived)).toEqual([130]);
  });

  it("forgets what is old, but how the client was then", () => {
    const made = new Track();
    made.add({ record: 0, time: 10, arrived: 10, state: State.offline });
    for (let record = 1; record <= 6; record += 1) {
      made.add({ record, time: record * 100, arrived: record * 100, state: record % 2 ? State.online : State.offline });
    }
    // Came after the third and is of a time before it.
    made.add({ record: 7, time: 250, arrived: 600, state: State.offline });
    made.forget(5);
    expect(made.actual.map(({ record }) => record)).toEqual([7, 4, 5, 6]);
    expect(made.believed.map(({ record }) => record)).toEqual([4, 5, 6, 7]);
    expect(made.count).toBe(4);
    expect(stateAt(made.believed, (flip) => flip.arrived, 450)).toBe(State.offline);
    // What is kept is still taken once only.
    expect(made.add({ record: 4, time: 400, arrived: 400, state: State.offline })).toBe(false);
  });

  it("becomes columns with the share online", () => {
    const out = { state: new Uint8Array(4), fill: new Uint8Array(4), count: new Uint16Array(4) };
    rasterize(track().actual, time, 50, 60, 4, 0, out);
    expect([...out.state]).toEqual([State.mixed, State.online, State.mixed, State.offline]);
    expect([...out.fill]).toEqual([Math.round((10 / 60) * 255), 255, Math.round((30 / 60) * 255), 0]);
    expect([...out.count]).toEqual([1, 0, 1, 0]);
  });
});
