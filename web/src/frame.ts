/** Runs jobs in the next frame, each once however often it was asked for. */
export type Job = (now: number) => void;

export class Frames {
  private jobs = new Set<Job>();
  private booked = false;

  constructor(private readonly request: (run: Job) => unknown) {}

  schedule(job: Job): void {
    this.jobs.add(job);
    if (this.booked) return;
    this.booked = true;
    this.request((now) => this.run(now));
  }

  /** Calls `step` with the milliseconds since the last frame until it says false. */
  animate(step: (elapsed: number) => boolean): void {
    let last: number | null = null;
    const job: Job = (now) => {
      const elapsed = last === null ? 0 : now - last;
      last = now;
      if (step(elapsed)) this.schedule(job);
    };
    this.schedule(job);
  }

  private run(now: number): void {
    this.booked = false;
    const due = [...this.jobs];
    this.jobs.clear();
    for (const job of due) {
      // One broken picture must not stop the others.
      try {
        job(now);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** The only user of requestAnimationFrame. */
export const frames = new Frames((run) => requestAnimationFrame(run));
