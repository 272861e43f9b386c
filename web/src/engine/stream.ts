/** One server-sent event. */
export interface Message {
  event: string;
  id: string | null;
  data: string;
}

/** A connection that says nothing for this long is dead: the service sends a comment every 15 s. */
const SILENCE = 40_000;

/**
 * Server-sent events over `fetch`, because `EventSource` tells neither the status of a refusal nor
 * lets its place be set. Ends when the connection does.
 */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let message = { event: "message", id: null as string | null, data: [] as string[] };
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      const text = rest + decoder.decode(value, { stream: true });
      // A carriage return at the end may be half of a line end.
      const half = text.endsWith("\r") ? "\r" : "";
      const lines = text.slice(0, text.length - half.length).split(/\r\n|\n|\r/);
      rest = (lines.pop() ?? "") + half;
      for (const line of lines) {
        if (line === "") {
          if (message.data.length || message.id !== null) {
            yield { event: message.event, id: message.id, data: message.data.join("\n") };
          }
          message = { event: "message", id: null, data: [] };
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") message.data.push(text);
        else if (field === "id") message.id = text;
        else if (field === "event") message.event = text;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("silence")), SILENCE);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
