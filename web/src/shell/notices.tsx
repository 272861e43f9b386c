import { messages } from "../messages";
import { dismiss, notices } from "../state/notices";
import { Icon } from "./icon";

export function Notices() {
  return (
    <div class="notices" role="log" aria-live="polite" data-testid="notices">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.tone}`}>
          {notice.tone === "fault" && <Icon name="warning" />}
          <p>{notice.say(messages.value)}</p>
          <button type="button" class="tiny" aria-label={messages.value.fault.dismiss} onClick={() => dismiss(notice.id)}><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}
