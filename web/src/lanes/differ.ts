import { State } from "../engine/engine";

/** Belief says what fact does not bear out: the other state, or online where no event says so. */
export function differs(believed: number, actual: number): boolean {
  if (believed === State.online) return actual === State.offline || actual === State.open;
  return believed === State.offline && actual === State.online;
}
