import { readFileSync } from "node:fs";
import { Transform } from "node:stream";

import type { Transition } from "./answers.js";
import { platform } from "./engine.js";
import { presenceTransformer, type PresenceStreamOptions } from "./stream.js";

const readNow = (): Buffer<ArrayBuffer> => readFileSync(new URL("../mqtt_presence.wasm", import.meta.url));
platform({ readNow, usual: readNow });

export * from "./index.js";

/** As `presenceStream`, for `pipe` and `pipeline`: chunks in, flips out. */
export function presenceTransform(options: PresenceStreamOptions = {}): Transform {
  const stream = new Transform({
    readableObjectMode: true,
    transform(chunk: Uint8Array | string, _encoding, done) {
      transformer.chunk(chunk);
      done();
    },
    flush(done) {
      transformer.end();
      done();
    },
  });
  const transformer = presenceTransformer(options, (flip: Transition) => void stream.push(flip));
  return stream;
}
