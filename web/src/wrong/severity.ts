import type { AnomalyKind, AnomalySummary } from "../engine/engine";

/** First what makes a consumer believe wrongly, last what only looks odd. */
const SEVERITY: AnomalyKind[] = [
  "never_closed", "superseded", "late", "out_of_order", "orphan_close", "clock_skew", "conflicting_duplicate",
  "flapping", "overlap", "duplicate",
];

export function bySeverity(summaries: readonly AnomalySummary[]): AnomalySummary[] {
  return summaries
    .filter((summary) => summary.count > 0)
    .sort((a, b) => SEVERITY.indexOf(a.kind) - SEVERITY.indexOf(b.kind));
}
