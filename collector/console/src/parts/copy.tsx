// Lines to take away: a text with a button that copies it.
import { useEffect, useRef, useState } from "preact/hooks";

async function copied(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard: what is to be copied is selected, and the old command tried.
    getSelection()?.selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

/**
 * @param label what is copied, for those who cannot see where the button stands
 * @param lacking whether something is to be filled in: as it stands it is of no use, and not to be copied by a button
 */
export function Snippet({ text, label, lacking = false }: { text: string; label: string; lacking?: boolean }) {
  const [said, say] = useState("");
  const shown = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => say(""), 3_000);
    return () => clearTimeout(timer);
  }, [said]);
  // What made it whole has gone, and the focus with it.
  useEffect(() => {
    if (!lacking && document.activeElement === document.body) button.current?.focus({ preventScroll: true });
  }, [lacking]);
  const copy = async () => say((await copied(text, shown.current!)) ? "Copied" : "Selected: press Ctrl C");
  return (
    <div class={lacking ? "snippet faint" : "snippet"}>
      <pre tabIndex={0} role="region" aria-label={label}>
        <code ref={shown}>{text}</code>
      </pre>
      {!lacking && (
        <button type="button" ref={button} onClick={copy} aria-label={`Copy ${label}`}>
          {said || "Copy"}
        </button>
      )}
      <span class="unseen" role="status">
        {said}
      </span>
    </div>
  );
}
