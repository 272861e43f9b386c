// Where things are in this checkout.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const dist = process.env.MQTT_PRESENCE_PAGE ?? join(root, "web/dist");
export const vectors = join(root, "tests/conformance");
export const shots = join(root, "target/page-shots");
export const binary = process.env.MQTT_PRESENCE_BIN ?? join(root, "target/debug/mqtt-presence");
export const browserBinary = process.env.CHROMIUM ?? "/usr/bin/chromium";

mkdirSync(shots, { recursive: true });

/** A folder of its own for a test file; gone when the process ends. */
export const scratch = mkdtempSync(join(tmpdir(), "mqtt-presence-page-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
