import { signal } from "@preact/signals";
import type { Messages } from "../messages";

/** A sentence for the reader, made when it is shown so that it follows the language. */
export interface Notice {
  id: number;
  tone: "fault" | "done";
  say: (texts: Messages) => string;
}

export const notices = signal<readonly Notice[]>([]);

let last = 0;

export function tell(tone: Notice["tone"], say: Notice["say"]): void {
  const notice = { id: ++last, tone, say };
  // The newest few: a folder of a thousand bad files must not cover the page.
  notices.value = [...notices.value.slice(-3), notice];
  if (tone === "done") setTimeout(() => dismiss(notice.id), 6_000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
