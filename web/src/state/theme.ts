import { computed, effect, signal } from "@preact/signals";

/** `null` follows the system. */
export const themeChoice = signal<"light" | "dark" | null>(null);

const dark = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(dark.matches);
dark.addEventListener("change", () => (systemIsDark.value = dark.matches));

export const theme = computed(() => themeChoice.value ?? (systemIsDark.value ? "dark" : "light"));

/** The canvas needs numbers where the style sheet has variables. */
export interface Palette {
  background: string;
  raised: string;
  line: string;
  faint: string;
  text: string;
  dim: string;
  online: string;
  anomaly: string;
  unknown: string;
  selection: string;
}

const NAMES: (keyof Palette)[] = [
  "background", "raised", "line", "faint", "text", "dim", "online", "anomaly", "unknown", "selection",
];

export const palette = signal<Palette>(readPalette());

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as unknown as Palette;
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  palette.value = readPalette();
});
