import type { Explanation, Inspection } from "../engine/engine";
import type { Messages } from "../messages";
import { clock, day, dayAndClock } from "../time/format";

/**
 * Why a client reads as it does, in the reader's language; core's own sentence for a reason that
 * the page does not know.
 */
export function explain(
  { reason, channelId, sentence }: Explanation, side: "believed" | "actual", { channels }: Inspection, near: number, { explain: say }: Messages,
): string {
  const channel = channels.find((candidate) => candidate.channelId === channelId);
  // The day stands beside the sentence already where it is the same.
  const at = (time: number) => (day(time) === day(near) ? clock(time) : dayAndClock(time));
  const closings = channel ? (["disconnect", "tcpclean"] as const).filter((kind) => channel[kind]) : [];
  closings.sort((a, b) => (channel?.[a]?.time ?? 0) - (channel?.[b]?.time ?? 0));
  const closing = closings.length ? closings[0] : null;
  const closed = closing && channel?.[closing];
  if (reason === "never_seen") return say.never_seen;
  if (!channel) return sentence;
  switch (reason) {
    case "live":
      // A consumer did not know of a closing that came later.
      return channel.connect ? say.live(channel.channelId, at(channel.connect.time), side === "actual" && closed ? at(closed.time) : "") : sentence;
    case "superseded":
      return channel.connect ? say.superseded(channel.channelId, at(channel.connect.time)) : sentence;
    case "closed_by_disconnect":
    case "closed_by_tcpclean": {
      const kind = reason === "closed_by_disconnect" ? "disconnect" : "tcpclean";
      const slot = channel[kind];
      return slot ? say.closed(channel.channelId, kind, at(slot.time)) : sentence;
    }
    case "orphan":
      return closed ? say.orphan(channel.channelId, at(closed.time)) : sentence;
    default:
      return sentence;
  }
}
