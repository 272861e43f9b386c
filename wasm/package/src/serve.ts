import { init, type WasmSource } from "./engine.js";
import { PresenceError } from "./error.js";
import { Presence, type PresenceOptions } from "./presence.js";

/** What a worker is asked; `call` is a method of `Presence`, or `open`. */
export interface Call {
  id: number;
  call: string;
  with: unknown[];
}

/** What it answers. */
export type Reply = { id: number; value: unknown } | { id: number; error: Record<string, unknown> };

const METHODS = [
  "push",
  "finish",
  "isOnline",
  "status",
  "client",
  "clients",
  "stats",
  "snapshot",
  "restore",
  "merge",
  "forget",
] as const;

type Method = (typeof METHODS)[number];

/** Answers calls to one `Presence`, in their order. */
export function serve(reply: (reply: Reply) => void): (call: Call) => void {
  let presence: Presence | undefined;
  const open = async (options?: PresenceOptions, wasm?: WasmSource): Promise<void> => {
    await init(wasm);
    presence = new Presence(options);
  };
  const answer = async ({ call, with: given }: Call): Promise<unknown> => {
    if (call === "open") return open(...(given as Parameters<typeof open>));
    if (!METHODS.includes(call as Method)) {
      throw new PresenceError({ code: "unknown_word", message: `there is no call \`${call}\`` });
    }
    if (!presence) await open();
    const method = presence![call as Method] as (...given: unknown[]) => unknown;
    const value = method.apply(presence, given);
    if (call !== "push" && call !== "finish") return value;
    const { accepted, transitions, errors } = value as ReturnType<Presence["push"]>;
    return { accepted, transitions, errors: errors.map((error) => error.toJSON()) };
  };
  let before: Promise<void> = Promise.resolve();
  return (call) => {
    before = before.then(async () => {
      try {
        reply({ id: call.id, value: await answer(call) });
      } catch (error) {
        const known = error instanceof PresenceError;
        reply({ id: call.id, error: known ? error.toJSON() : { message: String(error) } });
      }
    });
  };
}
