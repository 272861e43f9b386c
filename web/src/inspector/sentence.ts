import type { Explanation } from "../engine/engine";
import type { Language } from "../messages";

/** Core's sentence, until the reader's language has its own for the reason. */
export function explain(explanation: Explanation, _language: Language): string {
  return explanation.sentence;
}
