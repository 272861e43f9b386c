// The page's own worker, asked directly in Chromium: for what the page has no control for.
import { eventually, sample } from "./hand.mjs";

/** Starts a further worker beside the page's and gives what asks it. */
export async function startWorker(page) {
  await sample(page);
  const url = await eventually(() => page.workers()[0]?.url(), Boolean, { what: "the page's worker" });
  await page.evaluate((url) => {
    const worker = new Worker(url, { type: "module" });
    const waiting = new Map();
    let last = 0;
    worker.onmessage = ({ data }) => {
      if ("progress" in data) window.progress = data.progress;
      else {
        const { resolve, reject } = waiting.get(data.id);
        waiting.delete(data.id);
        if ("error" in data) reject(new Error(`${data.error.code}: ${data.error.message}`));
        else resolve(data.result);
      }
    };
    window.ask = (method, ...args) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, method, args });
      });
    window.bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    /** A recording of these files, begun anew. */
    window.record = async (files, options) => {
      await window.ask("clear");
      await window.ask("setOptions", { closing: "any", takeover: false, flapCount: 5, flapWindow: 60_000, lateAfter: 60_000, ...options });
      await window.ask("load", files.map(({ name, base64 }) => ({ name, blob: new Blob([window.bytesOf(base64)]) })));
    };
    window.all = { clients: null, range: null, kinds: [], anomalous: false };
    window.exportAll = async (what) => {
      const decoder = new TextDecoder();
      let text = "";
      for (let from = 0; from !== null; ) {
        const piece = await window.ask("exportPiece", what, window.all, from);
        text += decoder.decode(piece.bytes);
        from = piece.next ?? null;
      }
      return text;
    };
  }, url);
}

export const asFile = (name, bytes) => ({ name, base64: Buffer.from(bytes).toString("base64") });
