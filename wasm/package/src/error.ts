/** Why a record was rejected, a call refused or an instance ended. */
export type ErrorCode =
  // Of a record:
  | "invalid_json"
  | "not_an_object"
  | "missing_field"
  | "wrong_type"
  | "empty_value"
  | "unknown_event_type"
  | "out_of_range"
  | "too_large"
  | "truncated"
  // Of a call:
  | "unknown_word"
  | "bad_snapshot"
  | "full"
  | "not_ready"
  | "not_loaded"
  | "freed"
  | "panicked";

/** A rejected record as answers show it: places in bytes, record, line and column from 1, offset from 0. */
export interface Rejection {
  record: number;
  line: number;
  column: number;
  offset: number;
  code: ErrorCode;
  field: string | null;
  message: string;
  /** Only where there is more than one file. */
  file?: string;
}

/** What goes wrong. The places are those of a rejected record, `null` where there is none. */
export class PresenceError extends Error {
  override readonly name = "PresenceError";
  readonly code: ErrorCode;
  readonly record: number | null;
  readonly offset: number | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly field: string | null;

  constructor(
    from: Partial<Omit<Rejection, "code">> & { code: ErrorCode; message: string },
    options?: ErrorOptions,
  ) {
    super(from.message, options);
    this.code = from.code;
    this.record = from.record ?? null;
    this.offset = from.offset ?? null;
    this.line = from.line ?? null;
    this.column = from.column ?? null;
    this.field = from.field ?? null;
  }

  /** The rejection alone, keys in the order of the report. */
  toJSON(): Record<string, unknown> {
    const { record, line, column, offset, code, field, message } = this;
    return { record, line, column, offset, code, field, message };
  }
}

/** What the engine threw, as what callers catch. */
export function thrown(error: unknown, words: string | undefined): unknown {
  if (error instanceof WebAssembly.RuntimeError) {
    const message = words ?? error.message;
    return new PresenceError(
      { code: "panicked", message: `this instance has ended by a fault of mqtt-presence: ${message}` },
      { cause: error },
    );
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string" && typeof message === "string" && !(error instanceof Error)) {
    return new PresenceError({ code: code as ErrorCode, message });
  }
  return error;
}
