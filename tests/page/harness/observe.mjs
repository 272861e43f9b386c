// Clocks within the page, for the benchmark: what is drawn when, and how long the engine takes to answer.

/** From the next load of the page on, `window.seen` and `window.drive` are there. */
export function observe(page) {
  return page.addInitScript(() => {
    const now = () => performance.now();
    const seen = { dropped: 0, firstLanes: 0, loaded: 0, long: [], asked: {}, answered: {} };
    window.seen = seen;
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });

    // Each question to the worker, until its answer is there.
    const Original = Worker;
    window.Worker = class extends Original {
      #waiting = new Map();
      constructor(...args) {
        super(...args);
        this.addEventListener("message", ({ data }) => {
          const asked = this.#waiting.get(data.id);
          if (!asked) return;
          this.#waiting.delete(data.id);
          (seen.asked[asked.method] ??= []).push(now() - asked.at);
          seen.answered[asked.method] ??= now() - seen.dropped;
        });
      }
      postMessage(message, ...rest) {
        this.#waiting.set(message.id, { method: message.method, at: now() });
        return super.postMessage(message, ...rest);
      }
    };

    const shown = (id) => document.querySelector(`[data-testid=${id}]`);
    /** Whether the lanes hold a pixel of the colour for online. */
    const drawn = () => {
      const canvas = shown("lanes-canvas");
      if (!canvas?.width) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, Math.min(200, canvas.height));
      for (let at = 0; at < data.length; at += 4) if (data[at + 2] > data[at] + 100 && data[at + 3] > 200) return true;
      return false;
    };
    addEventListener("drop", () => {
      seen.dropped = now();
      let began = false;
      const watch = () => {
        if (!seen.firstLanes && drawn()) seen.firstLanes = now();
        const loading = !!shown("loading");
        began ||= loading;
        if (began && !loading && seen.firstLanes) seen.loaded = now();
        else requestAnimationFrame(watch);
      };
      requestAnimationFrame(watch);
    }, true);

    /** Runs a step each frame and tells frames, long tasks and answers meanwhile. */
    const frames = async (count, step) => {
      seen.long = [];
      seen.asked = {};
      const lasted = [];
      let last = 0;
      for (let turn = 0; turn < count; turn += 1) {
        const at = await new Promise(requestAnimationFrame);
        if (last) lasted.push(at - last);
        last = at;
        step(turn);
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { frames: lasted, long: seen.long, asked: seen.asked };
    };
    const wheel = (more) => {
      const canvas = shown("lanes-canvas");
      const box = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: box.left + box.width / 3, clientY: box.top + 100, ...more }));
    };
    const put = (input, value) => {
      input.value = value;
      input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    window.drive = {
      pan: async () => {
        await frames(12, () => wheel({ ctrlKey: true, deltaY: -60 }));
        return frames(240, (turn) => wheel({ shiftKey: true, deltaY: turn % 120 < 60 ? 25 : -25 }));
      },
      zoom: () => frames(240, (turn) => wheel({ ctrlKey: true, deltaY: turn % 80 < 40 ? -25 : 25 })),
      seek: () => {
        // With all in view, so that no step pans.
        dispatchEvent(new KeyboardEvent("keydown", { code: "Digit0", key: "0" }));
        const scrubber = shown("scrubber");
        const [from, to] = [Number(scrubber.min), Number(scrubber.max)];
        return frames(200, (turn) => put(scrubber, from + ((to - from) * ((turn * 37) % 101)) / 101));
      },
      search: () => {
        const find = document.getElementById("find-client");
        const words = ["d", "de", "device-0", "device-01", "device-012", "device-0123", "a8e", "a8e1", "zzz", ""];
        return frames(200, (turn) => turn % 20 === 0 && put(find, words[turn / 20]));
      },
      scroll: () => {
        const scroll = shown("events-scroll");
        return frames(120, (turn) => (scroll.scrollTop = ((scroll.scrollHeight - scroll.clientHeight) * ((turn * 37) % 101)) / 101));
      },
    };
  });
}
