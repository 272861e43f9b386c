import { messages } from "../messages";
import {
  axis, leapToAnomaly, moveScrubber, moveToEnd, playing, scrubber, speed, SPEEDS, step, togglePlay,
} from "../state/replay";
import { engine, progress } from "../state/session";
import { atEnd, cursor } from "../state/view";
import { dayAndClock } from "../time/format";
import { Icon } from "./icon";

export function ReplayBar() {
  const texts = messages.value.replay;
  const { from, to, at } = scrubber.value;
  const { record, time } = cursor.value;
  const toEnd = engine.value?.kind === "live" ? messages.value.live.now : texts.follow;
  const position = texts.position(record, progress.value.records);
  return (
    <section class="panel replay" aria-label={texts.title} data-panel="replay">
      <div class="buttons">
        <button type="button" class="square" aria-label={texts.previousAnomaly} title={`${texts.previousAnomaly}  [`} onClick={() => leapToAnomaly(-1)}>
          <Icon name="previous" />
        </button>
        <button type="button" class="square" aria-label={texts.back} title={`${texts.back}  ,`} onClick={() => step(-1)}>
          <Icon name="back" />
        </button>
        <button
          type="button" class="square main" aria-label={playing.value ? texts.pause : texts.play} data-testid="play"
          title={playing.value ? texts.pause : texts.play} onClick={togglePlay}
        >
          <Icon name={playing.value ? "pause" : "play"} />
        </button>
        <button type="button" class="square" aria-label={texts.forward} title={`${texts.forward}  .`} onClick={() => step(1)}>
          <Icon name="forward" />
        </button>
        <button type="button" class="square" aria-label={texts.nextAnomaly} title={`${texts.nextAnomaly}  ]`} onClick={() => leapToAnomaly(1)}>
          <Icon name="next" />
        </button>
      </div>
      <input
        class="scrubber" type="range" aria-label={texts.scrubber} data-testid="scrubber" min={from} max={Math.max(from + 1, to)}
        step={1} value={at} aria-valuetext={`${dayAndClock(time)}, ${position}`}
        onInput={(event) => {
          playing.value = false;
          moveScrubber(Number(event.currentTarget.value));
        }}
      />
      <span class="where">
        <time data-testid="cursor-time">{time ? dayAndClock(time) : ""}</time>
        <span data-testid="cursor-record">{position}</span>
      </span>
      <div class="choice" role="radiogroup" aria-label={texts.axis}>
        {(["time", "records"] as const).map((which) => (
          <label key={which} class={axis.value === which ? "on" : ""}>
            <input type="radio" name="axis" value={which} checked={axis.value === which} onChange={() => (axis.value = which)} />
            {texts[which]}
          </label>
        ))}
      </div>
      <select aria-label={texts.speed} value={speed.value} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
        {SPEEDS.map((times) => <option key={times} value={times}>{`${messages.value.number(times)}×`}</option>)}
      </select>
      <button type="button" class="quiet" aria-label={toEnd} title={toEnd} aria-pressed={atEnd.value} onClick={moveToEnd}><Icon name="end" /><span class="word">{toEnd}</span></button>
    </section>
  );
}
