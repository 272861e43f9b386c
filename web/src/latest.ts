/**
 * Asks one thing at a time; of the questions that come meanwhile only the latest is asked next.
 * So a slow answer never makes a queue, and what is shown stays until the next answer is there.
 */
export function latest<Q, A>(
  ask: (question: Q) => Promise<A>,
  take: (answer: A, question: Q) => void,
): (question: Q) => void {
  let busy = false;
  let next: { question: Q } | null = null;
  const run = async (question: Q) => {
    busy = true;
    try {
      take(await ask(question), question);
    } catch (error) {
      // An engine that was closed rejects what it was still asked.
      if (!(error instanceof DOMException && error.name === "AbortError")) console.error(error);
    }
    busy = false;
    const waiting = next;
    next = null;
    if (waiting) void run(waiting.question);
  };
  return (question) => {
    if (busy) next = { question };
    else void run(question);
  };
}
