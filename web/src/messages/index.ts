import { computed, signal } from "@preact/signals";
import { en, type Messages } from "./en";
import { zh } from "./zh";

export type { Messages };
export type Language = "en" | "zh";

/** The reader's language, from the browser until somebody chooses. */
export const language = signal<Language>(
  typeof navigator !== "undefined" && navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en",
);

export const messages = computed<Messages>(() => (language.value === "zh" ? zh : en));
