import { readFileSync } from "node:fs";

import { platform } from "./engine.js";

const readNow = (): Buffer<ArrayBuffer> => readFileSync(new URL("../mqtt_presence.wasm", import.meta.url));
platform({ readNow, usual: readNow });

export * from "./index.js";
