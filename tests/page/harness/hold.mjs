// Holds back answers of the page's worker, so that what a slow engine does to a quick hand can be tried at will.
import { eventually } from "./hand.mjs";
import { listening } from "./visit.mjs";

/** Loads the page again, with `hold` and `release` below working. */
export async function holding(page) {
  await page.addInitScript(() => {
    const held = [];
    const methods = new Set();
    window.holding = { held, methods };
    const Original = Worker;
    window.Worker = class extends Original {
      #asked = new Map();
      #letting = false;
      constructor(...args) {
        super(...args);
        // The first listener of all: it decides whether the page's own hears of an answer.
        this.addEventListener("message", (event) => {
          const method = this.#asked.get(event.data.id);
          if (this.#letting || !methods.has(method)) return;
          event.stopImmediatePropagation();
          held.push(() => {
            this.#letting = true;
            this.dispatchEvent(new MessageEvent("message", { data: event.data }));
            this.#letting = false;
          });
        });
      }
      postMessage(message, ...rest) {
        this.#asked.set(message.id, message.method);
        return super.postMessage(message, ...rest);
      }
    };
  });
  await page.reload();
  await listening(page);
}

/** From now on answers to these questions wait. */
export const hold = (page, ...methods) => page.evaluate((methods) => methods.forEach((method) => window.holding.methods.add(method)), methods);

/** Once so many answers wait, lets them through in the order in which they came; none waits any longer. */
export async function release(page, count) {
  await eventually(() => page.evaluate(() => window.holding.held.length), (waiting) => waiting >= count, { what: `${count} answers` });
  await page.evaluate(async () => {
    const { held, methods } = window.holding;
    methods.clear();
    for (const deliver of held.splice(0)) deliver();
    // Two frames, so that what they did is drawn.
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  });
}
