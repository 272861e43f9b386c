#!/usr/bin/env node
import { createReadStream, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { HELP, OVERVIEW } from "./cli-help.js";
import { count, duration, moment, Refused, word, yes } from "./cli-values.js";
import { Replay, type ReplayOptions, type Report, type View } from "./node.js";
import { table } from "./cli-table.js";

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const OPTIONS = {
  "format-in": text,
  format: text,
  after: text,
  at: text,
  strict: flag,
  closing: text,
  takeover: flag,
  "flap-count": text,
  "flap-window": text,
  "late-after": text,
  "max-record": text,
  "max-depth": text,
  help: { type: "boolean", short: "h" },
} as const;

const FORMATS = ["aws", "emqx", "generic", "mosquitto", "vernemq", "events"] as const;

type Name = keyof typeof OPTIONS;

/** Evaluates files; the exit code. */
async function replay(args: string[]): Promise<number> {
  const { values, positionals: files, tokens } = parse(args);
  if (values.help) return print(HELP);
  const twice = repeated(tokens);
  if (twice) throw new Refused(`\`--${twice}\` was given more than once`);
  if (files.length === 0) throw new Refused("name the files to read; `-` is standard input");
  if (files.filter((file) => file === "-").length > 1) {
    throw new Refused("standard input (`-`) can be read only once");
  }
  if (values.after !== undefined && values.at !== undefined) {
    throw new Refused("`--after` and `--at` exclude each other");
  }
  // A flag goes before the environment.
  const given = <T>(name: Name, read: (value: string) => T): { [_ in string]: T } => {
    const variable = `MQTT_PRESENCE_${name.toUpperCase().replaceAll("-", "_")}`;
    const value = values[name] ?? process.env[variable];
    if (value === undefined) return {};
    const key = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return { [key]: typeof value === "boolean" ? (value as T) : read(value) };
  };
  const format = word("format", values.format ?? "table", ["table", "json", "ndjson"] as const);
  const options: ReplayOptions = {
    ...given("closing", (value) => word("closing", value, ["any", "tcpclean"] as const)),
    ...given("takeover", (value) => yes("takeover", value)),
    ...given("flap-count", (value) => count("flap-count", value, 1)),
    ...given("flap-window", duration),
    ...given("late-after", duration),
    ...(values["format-in"] !== undefined && { formatIn: word("format-in", values["format-in"], FORMATS) }),
    ...given("max-record", (value) => count("max-record", value, 0)),
    ...given("max-depth", (value) => count("max-depth", value, 0)),
  };
  const view: View =
    values.after !== undefined
      ? { after: count("after", values.after, 0) }
      : values.at !== undefined
        ? { at: moment(values.at) }
        : {};
  const recording = new Replay(options);
  for (const file of files) {
    const input = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 1 << 17 });
    try {
      await recording.load(input, file);
      if (options.formatIn === undefined && recording.fileFormat !== undefined) {
        process.stderr.write(
          `\`${file}\` is read as \`${recording.fileFormat}\`; \`--format-in events\` reads it as events\n`,
        );
      }
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      throw new Refused(`cannot read \`${file}\`: ${error.message}`);
    }
  }
  const bytes = recording.reportBytes(view);
  // Only `strict`, and the other formats, need more than its bytes.
  const report = (): Report => JSON.parse(new TextDecoder().decode(bytes)) as Report;
  const whole = format === "json" && !values.strict ? undefined : report();
  if (whole === undefined || format === "json") await print(bytes);
  else if (format === "table") await print(table(whole, view));
  else await print([...whole.clients, ...whole.errors].map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return values.strict && whole && whole.summary.rejected > 0 ? 1 : 0;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true, tokens: true });
  } catch (error) {
    throw new Refused((error as Error).message);
  }
}

function repeated(tokens: { kind: string; name?: string }[]): string | undefined {
  const names = tokens.flatMap(({ kind, name }) => (kind === "option" && name ? [name] : []));
  return names.find((name, at) => names.indexOf(name) < at);
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function print(output: string | Uint8Array): Promise<0> {
  return new Promise((resolve, reject) => {
    process.stdout.write(output, (error) => (error ? reject(error) : resolve(0)));
  });
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === "replay") return replay(args);
  if (command === "--help" || command === "-h") return print(OVERVIEW);
  if (command === "--version" || command === "-V") {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    return print(`mqtt-presence ${version}\n`);
  }
  const known = "this package knows `replay`; the service comes with the native mqtt-presence";
  throw new Refused(command === undefined ? known : `there is no command \`${command}\`: ${known}`);
}

// Who reads the output may have closed it (`| head`): nothing to say.
process.stdout.on("error", () => {});
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    const said = error instanceof Refused ? error.message : (error.stack ?? String(error));
    process.stderr.write(`mqtt-presence: ${said}\n`);
    process.exitCode = 2;
  },
);
