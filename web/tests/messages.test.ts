import { describe, expect, it } from "vitest";
import { anomalyKinds } from "../src/engine/engine";
import { en } from "../src/messages/en";
import { zh } from "../src/messages/zh";
import { sentence } from "../src/state/faults";

type Tree = { [key: string]: unknown };

/** Every text with its path; functions are called with plausible arguments. */
function texts(tree: Tree, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const at = `${path}.${key}`;
    if (typeof value === "string") found.set(at, value);
    else if (typeof value === "function") found.set(at, String(value(...Array.from({ length: value.length }, (_, n) => n + 2))));
    else if (value && typeof value === "object") for (const [inner, text] of texts(value as Tree, at)) found.set(inner, text);
  }
  return found;
}

describe("messages", () => {
  const english = texts(en as unknown as Tree);
  const chinese = texts(zh as unknown as Tree);

  it("have the same shape in both languages", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
    expect(english.size).toBeGreaterThan(200);
  });

  it("are never empty", () => {
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe("");
  });

  it("are Chinese in the Chinese file, but for names and codes", () => {
    const same = [...chinese].filter(([key, text]) => english.get(key) === text && /[a-z]{3}/.test(text)).map(([key]) => key);
    const names = /^\.(title|inspector\.(connect|disconnect|tcpclean)|fault\.other|help\.keys\.\d+\.0|number)$/;
    expect(same.filter((key) => !names.test(key))).toEqual([]);
  });

  it("name every anomaly", () => {
    for (const { anomaly, finding } of [en, zh]) {
      for (const kind of anomalyKinds) {
        expect(anomaly[kind].why.length).toBeGreaterThan(5);
        expect(finding[kind]("press-07", "c1")).toContain("press-07");
      }
    }
  });

  it("have a sentence of their own for each fault, with its numbers", () => {
    const fault = (code: string, details = {}) => sentence({ code, input: "notices.gz", details }, en);
    expect(fault("too_big", { size: 2_147_483_648, limit: 1_073_741_824 })).toContain("2.1 GB");
    expect(fault("not_this_format", { what: "pdf" })).toContain("a PDF document");
    const codes = [
      "empty_input", "no_event", "gzip_truncated", "gzip_invalid", "invalid_utf8", "read_failed", "clipboard_empty", "url_failed",
      "link_broken", "cancelled", "out_of_memory", "engine_failed", "service_failed", "service_token", "history_gone", "paused_long",
      "export_failed",
    ];
    const said = codes.map((code) => fault(code));
    expect(new Set(said).size).toBe(codes.length);
    for (const [at, text] of said.entries()) expect(text).not.toBe(en.fault.other(codes[at], "notices.gz"));
  });
});
