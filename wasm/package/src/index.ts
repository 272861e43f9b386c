export type * from "./answers.js";
export { init, type WasmSource } from "./engine.js";
export { PresenceError, type ErrorCode, type Rejection } from "./error.js";
export { Presence, type ClientsQuery, type PresenceOptions, type Pushed } from "./presence.js";
export { EventReader, type PresenceEvent, type Records } from "./reader.js";
export { Replay, type Chunks, type ReplayOptions, type View } from "./replay.js";
export { presenceStream, type PresenceStreamOptions } from "./stream.js";
export { PresenceWorker } from "./remote.js";
