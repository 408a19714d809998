// Log in. It has no address: it stands where a view would, and gives way to it.
import { useEffect, useRef } from "preact/hooks";
import { Trouble, logIn } from "../api";
import { Field, Form } from "../parts/form";

export function Login({ ended, then }: { ended: boolean; then: () => Promise<void> }) {
  const top = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = "Log in · Footfall";
    top.current?.querySelector("input")?.focus();
  }, []);
  const send = async (fields: FormData, form: HTMLFormElement) => {
    try {
      await logIn(String(fields.get("user")), String(fields.get("password")));
    } catch (fault) {
      form.querySelector<HTMLInputElement>("[name=password]")?.select();
      throw inWords(fault);
    }
    await then();
  };
  return (
    <main class="login" ref={top}>
      <h1>
        <img src="/static/favicon.svg" alt="" width="32" height="32" />
        Footfall
      </h1>
      {ended && <p role="status">Your session has ended. After you log in you are back where you were.</p>}
      <Form label="Log in" send={send}>
        <Field name="user" label="User" autoComplete="username" autoCapitalize="none" spellcheck={false} required />
        <Field name="password" label="Password" type="password" autoComplete="current-password" required />
        <button class="main">Log in</button>
      </Form>
    </main>
  );
}

function inWords(fault: unknown): unknown {
  if (!(fault instanceof Trouble)) return fault;
  if (fault.status === 401) return new Trouble("User and password do not match.", 401);
  if (fault.status === 429) return new Trouble(`Too many tries. Please wait ${fault.wait || 60} seconds.`, 429);
  return fault;
}
