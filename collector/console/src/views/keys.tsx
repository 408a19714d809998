// Keys: made, shown once, revoked, their origins edited.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../answers";
import { ask } from "../api";
import { Field, Form } from "../parts/form";
import { Empty, Problem, Skeleton } from "../parts/states";
import { Name, Time } from "../parts/text";
import { NO_LIST, useLinks } from "../session";
import type { Key, Trust } from "../shapes";

export interface Made {
  Kind: Trust;
  Key: string;
}

const originsOf = (fields: FormData): string[] =>
  String(fields.get("origins") ?? "")
    .split(/[\s,]+/)
    .filter(Boolean);
const ORIGINS = "Origins of your pages, such as https://www.example.com or https://*.example.com";

/** On one's own computer one tries it with pages of one's own computer. */
const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname)
  ? "http://localhost:* http://127.0.0.1:*"
  : "";

export function NewKey({ kind, listId, took }: { kind: Trust; listId: number | null; took: (key: Made) => void }) {
  const send = async (fields: FormData) => {
    const wanted = { ListID: listId, Kind: kind, ...(kind === "public" && { Origins: originsOf(fields) }) };
    const { Key } = await ask<{ Key: string }>("console.key_create", wanted);
    took({ Kind: kind, Key });
  };
  return (
    <Form label={`Make a ${kind} key`} class="row" send={send}>
      {kind === "public" && (
        <Field
          name="origins"
          label="Pages it may be used on"
          hint={ORIGINS}
          required
          value={LOCAL}
          placeholder="https://www.example.com"
        />
      )}
      <button class="main">{kind === "public" ? "Make the tag" : "Make a key for the app"}</button>
    </Form>
  );
}

export function Keys({ listId, round }: { listId: number | null; round: number }) {
  const { answer, trouble, again } = useAnswer<{ Keys: Key[] }>("console.keys", { ListID: listId });
  const to = useLinks();
  useEffect(() => void (round && again()), [round]);
  // Asked without a list, the collector names the keys of all.
  const keys = answer?.Keys.filter((key) => listId !== null || key.ListID === null) ?? [];
  return (
    <section aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      {trouble && <Problem trouble={trouble} again={again} />}
      {!answer && !trouble && <Skeleton rows={3} />}
      {answer && !keys.length && <Empty title="No keys yet" />}
      {keys.length > 0 && (
        <ul class="keys">
          {keys.map((key) => (
            <Row key={key.Prefix} of={key} changed={again} />
          ))}
        </ul>
      )}
      {listId !== null && (
        <p class="faint">
          A server that tracks into several lists, or into none, has <a href={to("setup", { list: NO_LIST })}>a key
          without a list</a>.
        </p>
      )}
    </section>
  );
}

function Row({ of, changed }: { of: Key; changed: () => void }) {
  const [doing, set] = useState<"" | "revoke" | "origins">("");
  const [done, leave] = [() => (set(""), changed()), () => set("")];
  return (
    <li class="card key">
      <p class="title">
        <code>
          <Name of={of.Prefix} />…
        </code>{" "}
        <span>{of.Kind === "public" ? "for pages" : of.ListID === null ? "for servers, all lists" : "for servers"}</span>
      </p>
      <About of={of} />
      {doing === "" && (
        <p class="buttons">
          {of.Kind === "public" && (
            <button type="button" onClick={() => set("origins")}>
              Edit its pages
            </button>
          )}
          <button type="button" class="danger" onClick={() => set("revoke")}>
            Revoke
          </button>
        </p>
      )}
      {doing === "revoke" && <Revoke of={of} done={done} leave={leave} />}
      {doing === "origins" && <EditOrigins of={of} done={done} leave={leave} />}
    </li>
  );
}

function About({ of }: { of: Key }) {
  const pages = of.Origins.map((origin) => (
    <span key={origin}>
      <Name of={origin} />{" "}
    </span>
  ));
  return (
    <dl class="pairs faint">
      {of.Kind === "public" && (
        <div>
          <dt>Pages</dt>
          <dd>{pages}</dd>
        </div>
      )}
      <div>
        <dt>Made</dt>
        <dd>
          <Time at={of.Created ?? null} short />
        </dd>
      </div>
      <div>
        <dt>Last used</dt>
        <dd>{of.LastUsed ? <Time at={of.LastUsed} short /> : "never, or not lately"}</dd>
      </div>
    </dl>
  );
}

interface Doing {
  of: Key;
  done: () => void;
  leave: () => void;
}

/** What has been opened over others: it takes the focus, Escape leaves it, and the focus goes back. */
function Opened({ leave, children }: { leave: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const card = box.current!.closest("li")!;
    box.current!.querySelector<HTMLElement>("input, button")?.focus();
    return () => setTimeout(() => card.querySelector("button")?.focus());
  }, []);
  return (
    <div ref={box} onKeyDown={(event) => void (event.key === "Escape" && leave())}>
      {children}
    </div>
  );
}

function Revoke({ of, done, leave }: Doing) {
  const send = async () => (await ask("console.key_revoke", { Prefix: of.Prefix }), done());
  return (
    <Opened leave={leave}>
      <Form label="Revoke the key" send={send}>
        <p>What is sent with this key will be refused, at once and for good. What came with it stays.</p>
        <button class="danger">Revoke it</button>{" "}
        <button type="button" onClick={leave}>
          Keep it
        </button>
      </Form>
    </Opened>
  );
}

function EditOrigins({ of, done, leave }: Doing) {
  const send = async (fields: FormData) => (
    await ask("console.key_origins", { Prefix: of.Prefix, Origins: originsOf(fields) }),
    done()
  );
  return (
    <Opened leave={leave}>
      <Form label="Edit its pages" class="row" send={send}>
        <Field name="origins" label="Pages it may be used on" hint={ORIGINS} required value={of.Origins.join(" ")} />
        <button class="main">Save</button>{" "}
        <button type="button" onClick={leave}>
          Leave it
        </button>
      </Form>
    </Opened>
  );
}
