import { messages } from "../messages";
import { loadSample } from "../state/opening";
import { chooseFiles } from "./files";
import { Icon } from "./icon";

const EXAMPLE = `{
  "clientId": "GID_factory@@@press-07",
  "channelId": "e2c1a97f40",
  "eventType": "connect",
  "time": 1772438400000,
  "clientIp": "203.0.113.7:51824"
}`;

export function Empty() {
  const { empty } = messages.value;
  return (
    <main class="empty" data-state="empty">
      <p class="heading">{empty.heading}</p>
      <button type="button" class="drop" onClick={chooseFiles} data-testid="drop-zone">
        <Icon name="file" />
        <strong>{empty.drop}</strong>
        <span>{empty.dropMore}</span>
        <span class="like-button">{empty.choose}</span>
      </button>
      <p class="private">{empty.private}</p>
      <div class="below">
        <section>
          <h2>{empty.samples}</h2>
          <button type="button" class="sample" data-sample="incident" onClick={() => void loadSample("incident")}>
            <strong>{empty.incident}</strong>
            <span>{empty.incidentMore}</span>
          </button>
          <button type="button" class="sample" data-sample="clean-day" onClick={() => void loadSample("clean-day")}>
            <strong>{empty.cleanDay}</strong>
            <span>{empty.cleanDayMore}</span>
          </button>
        </section>
        <section>
          <h2>{empty.format}</h2>
          <p>{empty.formatMore}</p>
          <pre tabIndex={0}>{EXAMPLE}</pre>
          <dl>
            {(["clientId", "channelId", "eventType", "time", "clientIp"] as const).map((field) => (
              <div key={field}><dt>{field}</dt><dd>{empty.fields[field]}</dd></div>
            ))}
          </dl>
        </section>
      </div>
    </main>
  );
}
