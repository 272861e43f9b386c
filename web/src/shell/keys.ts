import { frames } from "../frame";
import { order, togglePin } from "../lanes/order";
import { hoverTime } from "../lanes/view";
import { leapToAnomaly, step, togglePlay } from "../state/replay";
import { engine, fitAll, progress } from "../state/session";
import { chosenRange, clientFilter, cursor, dialog, look, range, selected } from "../state/view";
import { panned, roomy, zoomed } from "../time/scale";
import { chooseFiles } from "./files";

/** One press moves at once; a key held longer than this glides. */
const HOLD = 160;

type Move = "left" | "right" | "in" | "out";
const MOVES: Record<string, Move> = { KeyA: "left", KeyD: "right", KeyW: "in", KeyS: "out" };
const held = new Map<Move, number>();

function move(which: Move, amount: number): void {
  const view = range.peek();
  if (which === "left" || which === "right") {
    look(panned(view, which === "left" ? -amount : amount));
    return;
  }
  // The pointer, or the time cursor when it is in view, or the middle.
  const { time } = cursor.peek();
  const at = hoverTime.peek() ?? (time >= view.from && time <= view.to ? time : (view.from + view.to) / 2);
  look(zoomed(view, Math.exp(which === "in" ? -amount * 2 : amount * 2), at));
}

function glide(elapsed: number): boolean {
  const now = performance.now();
  for (const [which, since] of held) if (now - since > HOLD) move(which, (Math.min(elapsed, 100) / 1_000) * 0.9);
  return held.size > 0;
}

function press(which: Move): void {
  if (held.has(which)) return;
  const first = held.size === 0;
  held.set(which, performance.now());
  move(which, 0.1);
  if (first) frames.animate(glide);
}

/** The chosen range, else where the selected client has channels. */
async function fitSelection(): Promise<void> {
  const chosen = chosenRange.peek();
  if (chosen) {
    look(chosen);
    return;
  }
  const client = selected.peek();
  const source = engine.peek();
  if (client === null || !source) return;
  const all = progress.peek().range;
  const { start, end } = await source.channels(Uint32Array.of(client), all);
  const times = [...start, ...end].filter(Number.isFinite);
  if (times.length) look(roomy({ from: Math.min(...times), to: end.some(Number.isNaN) ? all.to : Math.max(...times) }));
}

function moveSelection(by: 1 | -1): void {
  const all = order.peek();
  if (all.length === 0) return;
  const now = selected.peek() === null ? -1 : all.indexOf(selected.peek()!);
  selected.value = all[Math.min(all.length - 1, Math.max(0, now < 0 ? (by > 0 ? 0 : all.length - 1) : now + by))];
}

function clear(): void {
  if (dialog.peek()) {
    dialog.value = null;
    return;
  }
  chosenRange.value = null;
  selected.value = null;
  clientFilter.value = { text: "", anomalies: [], status: null };
}

/** What a key does, by its position for letters; punctuation also by what it types on other layouts. */
function command(event: KeyboardEvent): (() => void) | null {
  const { code, key } = event;
  if (MOVES[code]) return () => press(MOVES[code]);
  const typed = key.length === 1 && "/?[],.".includes(key);
  const is = (character: string, position: string, shift = false) =>
    typed ? key === character : code === position && event.shiftKey === shift;
  if (is("?", "Slash", true)) return () => (dialog.value = dialog.peek() ? null : "help");
  if (is("/", "Slash")) return () => document.getElementById("find-client")?.focus();
  if (is(",", "Comma")) return () => step(-1);
  if (is(".", "Period")) return () => step(1);
  if (is("[", "BracketLeft")) return () => leapToAnomaly(-1);
  if (is("]", "BracketRight")) return () => leapToAnomaly(1);
  switch (code) {
    case "Space":
      return togglePlay;
    case "KeyP":
      return () => selected.peek() !== null && togglePin(selected.peek()!);
    case "KeyF":
      return () => void fitSelection();
    case "Digit0":
    case "Numpad0":
      return fitAll;
    case "ArrowDown":
      return () => moveSelection(1);
    case "ArrowUp":
      return () => moveSelection(-1);
    default:
      return null;
  }
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input:not([type=range],[type=radio],[type=checkbox]), textarea");
/** What was last clicked, until Tab moves the focus. */
let clicked: Node | null = null;

/** Elements that use these keys themselves. */
const usesKey = (target: EventTarget | null, code: string) => {
  if (!(target instanceof HTMLElement)) return false;
  if (code === "Space") {
    // What was clicked keeps the focus, but whoever uses the mouse means to play.
    return target.matches("select") || (target.matches("button, summary, a, input:not([type=range])") && !target.contains(clicked));
  }
  if (code.startsWith("Arrow")) return target.matches("select, input, [role=slider], [role=separator], [role=region], [role=group]");
  return target.matches("select") && code.startsWith("Key");
};

export function attachKeys(): () => void {
  const point = (event: Event) => (clicked = event.target as Node);
  const down = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.code === "Tab") clicked = null;
    if (event.code === "Escape") {
      if (event.target instanceof HTMLInputElement && event.target.id === "find-client") event.target.blur();
      document.querySelectorAll("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
      clear();
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.code === "KeyO" && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        chooseFiles();
      }
      return;
    }
    if (event.altKey || typing(event.target) || usesKey(event.target, event.code)) return;
    if (dialog.peek() && event.key !== "?") return;
    const run = command(event);
    if (!run || (!engine.peek() && event.key !== "?")) return;
    event.preventDefault();
    run();
  };
  const up = (event: KeyboardEvent) => {
    const which = MOVES[event.code];
    if (which) held.delete(which);
  };
  const blur = () => held.clear();
  addEventListener("pointerdown", point, true);
  addEventListener("keydown", down);
  addEventListener("keyup", up);
  addEventListener("blur", blur);
  return () => {
    removeEventListener("pointerdown", point, true);
    removeEventListener("keydown", down);
    removeEventListener("keyup", up);
    removeEventListener("blur", blur);
  };
}

