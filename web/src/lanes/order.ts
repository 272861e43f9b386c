import { computed, effect, signal } from "@preact/signals";
import { latest } from "../latest";
import { engine, progress, revision } from "../state/session";
import { clientFilter, pinned, sort } from "../state/view";

/** Clients that pass the filter, in the order chosen; pinned ones stand apart. */
export const order = signal(new Uint32Array());
/** Opened and closed by hand; the rest follows `openAll`. */
export const openByHand = signal<ReadonlyMap<number, boolean>>(new Map());
/** `null`: channels are shown while there are few lanes. */
export const openAll = signal<boolean | null>(null);

export const isOpen = computed(() => {
  const byHand = openByHand.value;
  const others = openAll.value ?? progress.value.clients <= 12;
  return (client: number) => byHand.get(client) ?? others;
});

const ask = latest(
  async () => {
    const source = engine.peek();
    return { source, found: source ? await source.order(sort.peek(), clientFilter.peek()) : new Uint32Array() };
  },
  ({ source, found }) => {
    if (source === engine.peek()) order.value = found as Uint32Array<ArrayBuffer>;
  },
);

effect(() => {
  void revision.value;
  void sort.value;
  void clientFilter.value;
  ask(undefined);
});

effect(() => {
  void engine.value;
  order.value = new Uint32Array();
  openByHand.value = new Map();
  openAll.value = null;
});

/** The lanes that scroll. */
export const unpinned = computed(() => {
  if (pinned.value.length === 0) return order.value;
  const apart = new Set(pinned.value);
  return order.value.filter((client) => !apart.has(client));
});

export function toggleOpen(client: number): void {
  openByHand.value = new Map(openByHand.peek()).set(client, !isOpen.peek()(client));
}

export function togglePin(client: number): void {
  const now = pinned.peek();
  pinned.value = now.includes(client) ? now.filter((other) => other !== client) : [...now, client];
}
