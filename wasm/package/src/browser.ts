import { platform } from "./engine.js";

// Written out, because bundlers look for these words.
platform({ usual: () => new URL("../mqtt_presence.wasm", import.meta.url) });

export * from "./index.js";
