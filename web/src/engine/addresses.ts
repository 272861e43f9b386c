/** Clients that are asked for at a time, and the pause of each of these after an answer: a fleet must not be a flood. */
const AT_ONCE = 2;
const PAUSE = 20;
/** Channels remembered. */
const MOST = 100_000;

export interface Addressed {
  channelId: string;
  clientIp: string | null;
}

/** From where channels came. Transitions do not say it, so the clients of the rows in view are asked for. */
export class Addresses {
  private known = new Map<string, string | null>();
  private wanted: [client: number, channelId: string][] = [];
  private asking = 0;

  /** `ask` gives a client's channels; `told` is called when more is known. */
  constructor(
    private readonly ask: (client: number) => Promise<Addressed[]>,
    private readonly told: () => void,
  ) {}

  /** The addresses of these rows as far as they are known; the others are found out, and no longer those of earlier rows. */
  of(rows: readonly { client: number; channelId: string }[]): (string | null)[] {
    const missing = rows.filter(({ client, channelId }) => !this.known.has(key(client, channelId)));
    this.wanted = missing.map(({ client, channelId }) => [client, channelId]);
    while (this.asking < AT_ONCE && this.asking < this.wanted.length) void this.find();
    return rows.map(({ client, channelId }) => this.known.get(key(client, channelId)) ?? null);
  }

  private async find(): Promise<void> {
    this.asking += 1;
    for (let next = this.wanted.pop(); next; next = this.wanted.pop()) {
      const [client, channelId] = next;
      if (this.known.has(key(client, channelId))) continue;
      try {
        const channels = await this.ask(client);
        if (this.known.size > MOST) this.known.clear();
        // A channel that is forgotten by now has no address any more.
        this.known.set(key(client, channelId), null);
        for (const channel of channels) this.known.set(key(client, channel.channelId), channel.clientIp);
        this.told();
      } catch {
        // Who looks again asks again.
        break;
      }
      await new Promise((resume) => setTimeout(resume, PAUSE));
    }
    this.asking -= 1;
  }
}

function key(client: number, channelId: string): string {
  return `${client} ${channelId}`;
}
