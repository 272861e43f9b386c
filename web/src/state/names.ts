import { effect, signal } from "@preact/signals";
import { latest } from "../latest";
import { engine } from "./session";

/** Names of clients that were seen; grows as lanes come into view. */
const known = new Map<number, string>();
export const namesRevision = signal(0);

effect(() => {
  void engine.value;
  known.clear();
});

const ask = latest(
  async (clients: Uint32Array) => {
    const source = engine.peek();
    return { source, names: source ? await source.names(clients) : [] };
  },
  ({ source, names }, clients) => {
    if (source !== engine.peek()) return;
    names.forEach((name, at) => known.set(clients[at], name));
    namesRevision.value += 1;
  },
);

export function nameOf(client: number): string {
  return known.get(client) ?? "";
}

export function wantNames(clients: readonly number[]): void {
  const missing = clients.filter((client) => !known.has(client));
  if (missing.length) ask(Uint32Array.from(missing));
}
