// What forms share: one that is sent once at a time, and says what is wrong.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Trouble } from "../api";

interface Given {
  label: string;
  class?: string;
  /** Called with the fields by name; what it throws is shown. */
  send: (fields: FormData, form: HTMLFormElement) => Promise<void>;
  children: ComponentChildren;
}

export function Form({ label, send, children, ...rest }: Given) {
  const [busy, working] = useState(false);
  const [wrong, say] = useState("");
  const submit = async (submitted: SubmitEvent) => {
    submitted.preventDefault();
    if (busy) return;
    const form = submitted.currentTarget as HTMLFormElement;
    working(true);
    say("");
    try {
      await send(new FormData(form), form);
    } catch (fault) {
      say(fault instanceof Trouble ? fault.message : String(fault));
    } finally {
      working(false);
    }
  };
  return (
    <form class={rest.class} aria-label={label} aria-busy={busy} onSubmit={submit}>
      {children}
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </form>
  );
}

interface FieldGiven {
  name: string;
  label: string;
  hint?: string;
  value?: string;
  [attribute: string]: unknown;
}

/** One field. `value` is what it begins with: what is typed since outlives that the form is drawn anew. */
export function Field({ name, label, hint, value, ...input }: FieldGiven) {
  return (
    <label class="field">
      <span>{label}</span>
      {hint && <small>{hint}</small>}
      <input name={name} defaultValue={value} {...input} />
    </label>
  );
}
