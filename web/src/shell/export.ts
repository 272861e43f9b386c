import { lanesView } from "../lanes/panel";
import { nameOf } from "../state/names";
import { tell } from "../state/notices";
import { counting, engine } from "../state/session";
import { eventFilter, onlyAnomalous } from "../state/view";
import { save, saveBlob } from "./save";

const FILES = {
  ndjson: ["events.ndjson", "application/x-ndjson"],
  csv: ["intervals.csv", "text/csv"],
  report: ["report.json", "application/json"],
} as const;

export function exportAs(what: "ndjson" | "csv" | "report" | "png"): void {
  const source = engine.peek();
  if (!source) return;
  if (what === "png") {
    lanesView?.picture(nameOf).toBlob((blob) => blob && saveBlob("lanes.png", blob));
    return;
  }
  const [name, type] = FILES[what];
  if (counting.peek() && (what === "report" || (what === "ndjson" && onlyAnomalous.peek()))) tell("done", (texts) => texts.export.later);
  void save(name, type, source.export(what, eventFilter.peek()));
}
