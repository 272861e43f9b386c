import type { Cursor, Explanation, InspectedChannel, Inspection, RuleOptions, Slot } from "../engine/engine";
import type { Messages } from "../messages";
import { clock, day, dayAndClock } from "../time/format";

type Ending = "disconnect" | "tcpclean";

/** Of the kinds that close by the rule, the one that came first. */
export function endOf(channel: InspectedChannel, closing: RuleOptions["closing"]): { kind: Ending; slot: Slot } | null {
  const kinds: readonly Ending[] = closing === "tcpclean" ? ["tcpclean"] : ["disconnect", "tcpclean"];
  const ends = kinds.flatMap((kind) => (channel[kind] ? [{ kind, slot: channel[kind] }] : []));
  return ends.sort((a, b) => a.slot.time - b.slot.time)[0] ?? null;
}

/** The channel that a lane is hatched for before its closing: nothing of the client is between. */
export function beginningUnknown({ channels }: Inspection, time: number, closing: RuleOptions["closing"]) {
  const ends = channels.flatMap((channel) => {
    const end = channel.connect ? null : endOf(channel, closing);
    return end && end.slot.time > time ? [{ channel, ...end }] : [];
  });
  return ends.sort((a, b) => a.slot.time - b.slot.time)[0] ?? null;
}

/** A time as a sentence says it: the day stands beside it already where it is the same. */
export function saidAt(time: number, near: number): string {
  return day(time) === day(near) ? clock(time) : dayAndClock(time);
}

/**
 * Why a client reads as it does, in the reader's language; core's own sentence for a reason that
 * the page does not know.
 */
export function explain(
  { reason, channelId, sentence }: Explanation, side: "believed" | "actual", { channels }: Inspection, cursor: Cursor,
  closing: RuleOptions["closing"], { explain: say }: Messages,
): string {
  const channel = channels.find((candidate) => candidate.channelId === channelId);
  const at = (time: number) => saidAt(time, cursor.time);
  if (reason === "never_seen") return say.never_seen;
  if (!channel) return sentence;
  const { connect, disconnect } = channel;
  switch (reason) {
    case "live": {
      if (!connect) return sentence;
      const end = endOf(channel, closing);
      // A consumer did not know of a closing that came later.
      if (side === "actual" && end) return say.live(channel.channelId, at(connect.time), at(end.slot.time));
      const came = disconnect && (side === "actual" ? disconnect.time <= cursor.time : disconnect.record <= cursor.record);
      return closing === "tcpclean" && came
        ? say.despite(channel.channelId, at(connect.time), at(disconnect.time))
        : say.live(channel.channelId, at(connect.time), "");
    }
    case "superseded":
      return connect ? say.superseded(channel.channelId, at(connect.time)) : sentence;
    case "closed_by_disconnect":
    case "closed_by_tcpclean": {
      const kind = reason === "closed_by_disconnect" ? "disconnect" : "tcpclean";
      const slot = channel[kind];
      return slot ? say.closed(channel.channelId, kind, at(slot.time)) : sentence;
    }
    case "orphan": {
      // Whatever the rule, it is all that was seen of the channel.
      const end = endOf(channel, "any");
      return end ? say.orphan(channel.channelId, at(end.slot.time)) : sentence;
    }
    default:
      return sentence;
  }
}
