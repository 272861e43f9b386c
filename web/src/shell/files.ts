import { signal } from "@preact/signals";
import { load, tellFault } from "../state/session";

/** Whether files hover over the page. */
export const dropping = signal(false);

function loadFiles(files: Iterable<File>): void {
  const inputs = Array.from(files, (file) => ({ name: file.name, blob: file }));
  if (inputs.length) void load(inputs);
}

/** Kept, since a browser forgets a chooser whose element nobody holds. */
let chooser: HTMLInputElement | null = null;

export function chooseFiles(): void {
  const input = (chooser ??= document.createElement("input"));
  input.type = "file";
  input.multiple = true;
  input.value = "";
  input.onchange = () => loadFiles(input.files ?? []);
  input.click();
}

const inField = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.matches("input:not([type=range],[type=radio],[type=checkbox]), textarea") || target.isContentEditable);

/** Paste and drop anywhere. */
export function attachFiles(): () => void {
  const paste = (event: ClipboardEvent) => {
    if (inField(event.target)) return;
    event.preventDefault();
    const data = event.clipboardData;
    const text = data?.getData("text/plain") ?? "";
    const files = [...(data?.files ?? [])].filter((file) => !file.type.startsWith("image/"));
    if (text.trim()) void load([{ name: "clipboard", blob: new Blob([text]) }]);
    else if (files.length) loadFiles(files);
    else tellFault({ code: "clipboard_empty", input: "", details: {} });
  };
  let depth = 0;
  const enter = (event: DragEvent) => {
    if (![...(event.dataTransfer?.types ?? [])].some((type) => type === "Files" || type === "text/plain")) return;
    event.preventDefault();
    depth += 1;
    dropping.value = true;
  };
  const over = (event: DragEvent) => event.preventDefault();
  const leave = () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) dropping.value = false;
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    depth = 0;
    dropping.value = false;
    const { files } = event.dataTransfer ?? {};
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    if (files?.length) loadFiles(files);
    else if (text.trim()) void load([{ name: "dropped text", blob: new Blob([text]) }]);
  };
  document.addEventListener("paste", paste);
  document.addEventListener("dragenter", enter);
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", leave);
  document.addEventListener("drop", drop);
  return () => {
    document.removeEventListener("paste", paste);
    document.removeEventListener("dragenter", enter);
    document.removeEventListener("dragover", over);
    document.removeEventListener("dragleave", leave);
    document.removeEventListener("drop", drop);
  };
}
