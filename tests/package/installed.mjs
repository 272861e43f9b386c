// The package as users get it: packed, and installed once for all consumers.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
/** The project whose tools the tests use. */
export const project = join(here, "..", "..", "wasm", "package");
export const readme = join(here, "..", "..", "wasm", "README.md");
/** The built package; `cargo xtask package` says where. */
export const built = process.env.MQTT_PRESENCE_PACKAGE;
if (!built) throw new Error("name the built package in MQTT_PRESENCE_PACKAGE");
export const folder = join(built, "..", "consumers");

/** A module among the tools. */
export const tool = createRequire(join(project, "package.json"));

/** A command among the tools; what it prints. */
export function run(name, args, options = {}) {
  return command("npx", ["--no-install", "--prefix", project, name, ...args], options);
}

export function command(name, args, options = {}) {
  try {
    return execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });
  } catch (error) {
    throw new Error(`${name} ${args.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}

/** Packs, and installs beside fresh copies of the consumers. */
export function install() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, "consumers"), folder, { recursive: true });
  const [{ filename, files }] = JSON.parse(command("npm", ["pack", built, "--json"], { cwd: folder }));
  const tarball = join(folder, filename);
  const manifest = { private: true, type: "module", dependencies: { "mqtt-presence": `file:${tarball}` } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  command("npm", ["install", "--offline", "--no-audit", "--no-fund"], { cwd: folder });
  return { tarball, files: files.map(({ path }) => path) };
}
