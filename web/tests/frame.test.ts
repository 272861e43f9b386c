import { describe, expect, it, vi } from "vitest";
import { Frames, type Job } from "../src/frame";
import { latest } from "../src/latest";

function clock() {
  const asked: Job[] = [];
  const frames = new Frames((run) => asked.push(run));
  let now = 0;
  const next = () => asked.splice(0).forEach((run) => run((now += 16)));
  return { frames, asked, next };
}

describe("frames", () => {
  it("runs a job once however often it was asked for", () => {
    const { frames, asked, next } = clock();
    const job = vi.fn();
    frames.schedule(job);
    frames.schedule(job);
    frames.schedule(vi.fn());
    expect(asked).toHaveLength(1);
    next();
    next();
    expect(job).toHaveBeenCalledTimes(1);
  });

  it("runs what a job asks for in the frame after", () => {
    const { frames, next } = clock();
    const later = vi.fn();
    frames.schedule(() => frames.schedule(later));
    next();
    expect(later).not.toHaveBeenCalled();
    next();
    expect(later).toHaveBeenCalledTimes(1);
  });

  it("goes on after a job that fails", () => {
    const { frames, next } = clock();
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    const job = vi.fn();
    frames.schedule(() => {
      throw new Error("broken");
    });
    frames.schedule(job);
    next();
    expect(job).toHaveBeenCalledTimes(1);
    expect(report).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
  });

  it("animates with the time between frames until it is told to end", () => {
    const { frames, asked, next } = clock();
    const elapsed: number[] = [];
    frames.animate((milliseconds) => elapsed.push(milliseconds) < 3);
    next();
    next();
    next();
    expect(elapsed).toEqual([0, 16, 16]);
    expect(asked).toHaveLength(0);
  });
});

describe("latest", () => {
  it("asks one thing at a time and skips what is out of date", async () => {
    const asked: number[] = [];
    const taken: string[] = [];
    const answers: (() => void)[] = [];
    const ask = latest(
      (question: number) => {
        asked.push(question);
        return new Promise<string>((resolve) => answers.push(() => resolve(`answer ${question}`)));
      },
      (answer) => taken.push(answer),
    );
    [1, 2, 3, 4].forEach(ask);
    expect(asked).toEqual([1]);
    answers[0]();
    await vi.waitFor(() => expect(asked).toEqual([1, 4]));
    answers[1]();
    await vi.waitFor(() => expect(taken).toEqual(["answer 1", "answer 4"]));
  });

  it("goes on after a question that fails", async () => {
    const taken: number[] = [];
    const complain = vi.spyOn(console, "error").mockImplementation(() => {});
    const ask = latest(
      async (question: number) => {
        if (question === 1) throw new Error("no");
        return question;
      },
      (answer) => taken.push(answer),
    );
    ask(1);
    ask(2);
    await vi.waitFor(() => expect(taken).toEqual([2]));
    expect(complain).toHaveBeenCalledTimes(1);
    complain.mockRestore();
  });
});
