import { useEffect, useRef } from "preact/hooks";
import { messages } from "../messages";
import { dialog } from "../state/view";
import { Icon } from "./icon";

export function Help() {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    return () => opener instanceof HTMLElement && opener.focus();
  }, []);
  const { help } = messages.value;
  return (
    <dialog ref={element} class="help" aria-label={help.title} onClose={() => (dialog.value = null)} data-testid="help">
      <div class="bar">
        <h2>{help.title}</h2>
        <button type="button" class="square end" aria-label={help.close} onClick={() => (dialog.value = null)}><Icon name="close" /></button>
      </div>
      <div class="columns">
        <dl class="keys">
          {help.keys.map(([keys, what]) => (
            <div key={keys}>
              <dt>{keys.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <div>
          <h3>{help.reading}</h3>
          <ul class="readings">
            {(["fact", "belief", "differ", "open", "anomaly"] as const).map((what, at) => (
              <li key={what}><i class={`key ${what}`} aria-hidden="true" />{help.readings[at]}</li>
            ))}
          </ul>
          <p class="rule">{help.rule}</p>
        </div>
      </div>
    </dialog>
  );
}
