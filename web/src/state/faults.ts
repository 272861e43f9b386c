import type { Fault } from "../engine/engine";
import type { Messages } from "../messages";

const text = (fault: Fault, key: string) => String(fault.details[key] ?? "");
const count = (fault: Fault, key: string) => Number(fault.details[key] ?? 0);

/** The sentence for a fault, in the reader's language. */
export function sentence(fault: Fault, { fault: say, fileKind }: Messages): string {
  const name = fault.input;
  switch (fault.code) {
    case "too_big":
      return say.too_big(name, count(fault, "size"), count(fault, "limit"));
    case "not_this_format":
      return say.not_this_format(name, fileKind[text(fault, "what")] ?? fileKind.binary);
    case "url_failed":
      return say.url_failed(name, text(fault, "status"));
    case "service_failed":
      return say.service_failed(text(fault, "detail"));
    case "clipboard_empty":
    case "link_broken":
    case "cancelled":
    case "out_of_memory":
    case "engine_failed":
    case "service_token":
    case "history_gone":
    case "paused_long":
    case "export_failed":
      return say[fault.code];
    case "empty_input":
    case "no_event":
    case "gzip_truncated":
    case "gzip_invalid":
    case "invalid_utf8":
    case "read_failed":
      return say[fault.code](name);
    default:
      return say.other(text(fault, "message") || fault.code, name);
  }
}
