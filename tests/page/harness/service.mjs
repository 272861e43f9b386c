// The real command: simulated fleets, native answers, a running service that serves the page.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { binary, scratch } from "./places.mjs";

function command() {
  if (!existsSync(binary)) throw new Error(`no \`${binary}\`: run \`cargo build --package mqtt-presence\`, or name it in MQTT_PRESENCE_BIN`);
  return binary;
}

/** A simulated fleet on a bad day, as NDJSON; made once for each process. */
export function fleet(name, events, { clients = 1_000, folder = scratch } = {}) {
  const path = join(folder, name);
  const run = command();
  if (!existsSync(path)) {
    const output = openSync(path, "w");
    const faults = ["--loss", "0.1%", "--duplicate", "0.5%", "--shuffle", "64"];
    execFileSync(run, ["generate", "--clients", `${clients}`, "--events", `${events}`, ...faults], { stdio: ["ignore", output, "inherit"] });
    closeSync(output);
  }
  return { path, size: statSync(path).size };
}

/** What `mqtt-presence replay --format json` says. */
export function replay(...args) {
  return execFileSync(command(), ["replay", "--format", "json", ...args], { maxBuffer: 1 << 30 });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A service with a simulated fleet, on a port that it keeps over restarts. */
export class Service {
  #child = null;
  #said = "";

  static async start(options = {}) {
    const service = new Service();
    service.port = await freePort();
    service.options = options;
    service.store = join(scratch, `${service.port}.db`);
    await service.run();
    return service;
  }

  get address() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Another seed is another day of the same clients: a store that knows the first would only see it again. */
  async run(seed = 1) {
    const { clients = 40, rate = 40, store = "sqlite" } = this.options;
    const set = { "source.0.kind": "fleet", "source.0.clients": clients, "source.0.rate": rate, "source.0.seed": seed };
    const args = ["serve", "--bind", `127.0.0.1:${this.port}`, "--store", store, "--log-level", "warn"];
    if (store === "sqlite") args.push("--path", this.store);
    for (const [key, value] of Object.entries(set)) args.push("--set", `${key}=${value}`);
    const child = spawn(command(), args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (text) => (this.#said += text));
    this.#child = child;
    process.once("exit", () => child.kill("SIGKILL"));
    for (let end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`the service did not start: ${this.#said}`);
      if (await fetch(`${this.address}readyz`).then((answer) => answer.ok, () => false)) return;
    }
  }

  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}
