// A service that is followed for long, over real HTTP: what is kept of it has its bounds.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../src/engine/engine";
import { State } from "../src/engine/engine";
import { LiveEngine } from "../src/engine/live";

const START = Date.UTC(2026, 2, 2, 8);
const CLIENTS = 500;

/** Answers as a service does whose clients take turns at going on and off. */
class Service {
  listed = 0;
  private last = 0;
  private streams = new Map<ServerResponse, number>();
  private server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://localhost");
      if (pathname === "/v1/transitions") {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
        this.streams.set(response, Number(request.headers["last-event-id"]));
        response.on("close", () => this.streams.delete(response));
        this.send();
        return;
      }
      if (pathname === "/v1/clients") this.listed += 1;
      const stats = { clients: CLIENTS, online: 0, records: { accepted: {}, rejected: {} }, lastTransition: this.last, lag: 0 };
      response.end(JSON.stringify(pathname === "/v1/clients" ? { clients: [], nextCursor: null } : stats));
    });
  }

  async start(): Promise<URL> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get followers(): number {
    return this.streams.size;
  }

  /** Further transitions. */
  flip(count: number): void {
    this.last += count;
    this.send();
  }

  private send(): void {
    for (const [stream, from] of this.streams) {
      for (let first = from + 1; first <= this.last; first += 1_000) {
        const text = Array.from({ length: Math.min(1_000, this.last - first + 1) }, (_, at) => message(first + at));
        stream.write(text.join(""));
      }
      this.streams.set(stream, this.last);
    }
  }
}

function message(id: number): string {
  const online = Math.ceil(id / CLIENTS) % 2 === 1;
  const time = START + id * 10;
  const cause = { channelId: `c${id}`, eventType: online ? "connect" : "tcpclean" };
  return `id: ${id}\ndata: ${JSON.stringify({ id, clientId: `device-${id % CLIENTS}`, online, time, observedAt: time, cause })}\n\n`;
}

const ALL = { clients: null, range: null, kinds: [], anomalous: false };

describe("a service that is followed", () => {
  let service: Service;
  let engine: LiveEngine;
  let progress: Progress | null;
  let following: Promise<void>;

  async function follow(): Promise<void> {
    service = new Service();
    engine = new LiveEngine(await service.start());
    progress = null;
    engine.onProgress = (step) => (progress = step);
    following = engine.load();
    await vi.waitFor(() => expect(service.followers).toBe(1), 10_000);
  }

  const came = (record: number) => vi.waitFor(() => expect(progress?.records).toBe(record), { timeout: 60_000, interval: 50 });

  afterEach(async () => {
    engine.close();
    await following;
    service.stop();
  });

  it("keeps the newest transitions, and of the others how each client was", { timeout: 90_000 }, async () => {
    await follow();
    service.flip(300_000);
    await came(300_000);
    const { total } = await engine.events(ALL, 0, 1);
    expect(total).toBeLessThanOrEqual(250_000);
    let lines = 0;
    for await (const piece of engine.export("csv", ALL)) lines += new TextDecoder().decode(piece).split("\n").length - 1;
    // Every other transition begins an interval.
    expect(lines).toBeLessThanOrEqual(total / 2 + CLIENTS + 1);
    const from = progress?.range.from ?? 0;
    expect(from).toBe(START + (300_000 - total + 1) * 10);
    const clients = Uint32Array.from({ length: CLIENTS }, (_, client) => client);
    const { actual, believed } = await engine.standing(clients, { record: 0, time: from });
    for (const state of [...actual, ...believed]) expect(state).not.toBe(State.unknown);
  });

  it("begins anew after a pause in which too much came", { timeout: 90_000 }, async () => {
    await follow();
    service.flip(10);
    await came(10);
    let [most, more] = [0, false];
    engine.onHeld = (held, over) => {
      most = Math.max(most, held);
      more = over;
    };
    engine.hold(true);
    service.flip(150_000);
    // It hangs up, rather than to take and keep what nobody looks at.
    await vi.waitFor(() => expect(service.followers).toBe(0), { timeout: 60_000, interval: 50 });
    expect([most, more]).toEqual([100_000, true]);
    expect(progress?.records).toBe(10);
    const before = service.listed;
    engine.hold(false);
    await came(150_010);
    expect(service.listed).toBe(before + 1);
    expect(more).toBe(false);
    expect(progress?.faults.map(({ code }) => code)).toEqual(["paused_long"]);
    expect((await engine.events(ALL, 0, 1)).total).toBe(5_000);
    service.flip(5);
    await came(150_015);
  });

  it("applies what waited behind a pause", async () => {
    await follow();
    engine.hold(true);
    service.flip(1_000);
    await vi.waitFor(() => expect(engine["held"]).toHaveLength(1_000), 10_000);
    engine.hold(false);
    await came(1_000);
    expect(service.listed).toBe(1);
  });
});
