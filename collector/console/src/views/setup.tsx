// Set up: what to paste into a page or an app, the keys for it, and whether anything has come.
import { useState } from "preact/hooks";
import { go, href } from "../address";
import { ask } from "../api";
import { type Arrival, type Connection, useLive } from "../live";
import { Snippet } from "../parts/copy";
import { Field, Form } from "../parts/form";
import { Mark, Name } from "../parts/text";
import { useHere, useLinks } from "../session";
import type { List, Session } from "../shapes";
import { ago, zoneHere } from "../words";
import { type Made, Keys, NewKey } from "./keys";
import { CONNECTIONS } from "./live";
import { curlLine, pinnedTag, pythonLines, tag } from "./snippets";

export function SetUp() {
  const { list } = useHere();
  return (
    <>
      <h1>Set up {list && <Name of={list.Name} />}</h1>
      {!list && <Lists />}
      {!list && <MakeList first />}
      {list ? <OfList list={list} /> : <Unlisted />}
      {list && <ChangeList list={list} key={list.ListID} />}
      {list && <MakeList first={false} />}
    </>
  );
}

function Lists() {
  return (
    <p>
      A list holds the events of one site or one newsletter, and has its own keys. Events that name no list stand under{" "}
      <em>No list</em>.
    </p>
  );
}

/** The keys that were made while the view is open: only then are they known in full. */
function useMade() {
  const [made, make] = useState<{ [kind in Made["Kind"]]?: string }>({});
  const [round, next] = useState(0);
  const took = (key: Made) => (make((now) => ({ ...now, [key.Kind]: key.Key })), next((n) => n + 1));
  return { made, round, took };
}

/** Events without a list come from servers alone, since a key for pages is of one list. */
function Unlisted() {
  const { made, round, took } = useMade();
  return (
    <>
      <First listId={null} />
      <InApp made={made.secret} listId={null} took={took} />
      <Keys listId={null} round={round} />
    </>
  );
}

function OfList({ list }: { list: List }) {
  const { made, round, took } = useMade();
  return (
    <>
      <First listId={list.ListID} />
      <InPage made={made.public} listId={list.ListID} took={took} />
      <InApp made={made.secret} listId={list.ListID} took={took} />
      <Keys listId={list.ListID} round={round} />
    </>
  );
}

/** "Waiting for the first event", which turns by itself. */
function First({ listId }: { listId: number | null }) {
  const { arrivals, connection } = useLive(listId);
  const to = useLinks();
  const newest: Arrival | undefined = arrivals[0];
  const stored = arrivals.find((one) => one.Outcome === "stored");
  if (!newest) return <Waiting connection={connection} />;
  const at = newest.Received ?? newest.Time;
  return (
    <p class={stored ? "first come" : "first trouble"} role="status" data-outcome={newest.Outcome}>
      {stored ? "Events arrive. " : "Something came, and nothing is stored yet. "}
      <span>
        The last: <Name of={newest.Event ?? ""} none="(no event name)" />
        {at && `, ${ago(at)}`} <Mark>{newest.Outcome}</Mark>
      </span>
      {newest.Errors?.map((error) => (
        <span key={error.Message} class="bad">
          {" "}
          {error.Message}.
        </span>
      ))}{" "}
      <a href={to("arrivals")}>See them live</a>
    </p>
  );
}

/** That nothing has come can be said only where it would be heard of. */
function Waiting({ connection }: { connection: Connection }) {
  const heard = connection === "open";
  const lost = connection === "away" || connection === "apart";
  return (
    <p class={`first ${heard ? "waiting" : lost ? "trouble" : ""}`} role="status">
      {!lost && <i aria-hidden="true" />}
      {heard ? "Waiting for the first event" : CONNECTIONS[connection]}
    </p>
  );
}

interface Given {
  /** Null: none, which is for servers that name one with each event, or none. */
  listId: number | null;
  made: string | undefined;
  took: (key: Made) => void;
}

function InPage({ listId, made, took }: Given) {
  const { session } = useHere();
  return (
    <section aria-labelledby="in-page">
      <h2 id="in-page">In a web page</h2>
      <p>
        One line, before <code>&lt;/head&gt;</code> of every page. Each visit then counts by itself.
      </p>
      {!made && <NewKey kind="public" listId={listId} took={took} />}
      <Snippet text={tag(session, made ?? "pk_…")} label="the tag" lacking={!made} />
      {made ? <Shown kind="public" /> : <Placeholder sign="pk_…" />}
      <Pinned session={session} made={made} />
    </section>
  );
}

function Pinned({ session, made }: { session: Session; made: string | undefined }) {
  const line = pinnedTag(session, made ?? "pk_…");
  if (!line) return null;
  return (
    <details>
      <summary>The same, pinned to this version</summary>
      <p>A browser then runs no other script than this one. It gets no fixes until you paste a new line.</p>
      <Snippet text={line} label="the pinned tag" lacking={!made} />
    </details>
  );
}

function InApp({ listId, made, took }: Given) {
  const { session } = useHere();
  return (
    <section aria-labelledby="in-app">
      <h2 id="in-app">In an app</h2>
      {listId === null && <p>A key without a list is for all of yours: each event names its own, or none.</p>}
      {!made && <NewKey kind="secret" listId={listId} took={took} />}
      <p>
        In Python, after <code>pip install footfall</code>:
      </p>
      <Snippet text={pythonLines(session, made ?? "sk_…")} label="the Python lines" lacking={!made} />
      <p>From anything else:</p>
      <Snippet text={curlLine(session, made ?? "sk_…", listId)} label="the curl line" lacking={!made} />
      {made ? <Shown kind="secret" /> : <Placeholder sign="sk_…" />}
    </section>
  );
}

function Shown({ kind }: { kind: "public" | "secret" }) {
  return (
    <p class="notice" role="status">
      The new {kind} key stands in the lines above. It is shown this once: copy them now.
      {kind === "secret" && " Keep it on your servers, never in a page."}
    </p>
  );
}

function Placeholder({ sign }: { sign: string }) {
  return (
    <p class="faint">
      <code>{sign}</code> stands for the key: make one, or put in one that you have kept.
    </p>
  );
}

function MakeList({ first }: { first: boolean }) {
  const { renew } = useHere();
  const send = async (fields: FormData) => {
    const given = { Name: String(fields.get("name")).trim(), TimeZone: String(fields.get("zone")) };
    const made = await ask<List>("console.list_create", given);
    await renew();
    go(href("setup", { list: String(made.ListID) }));
  };
  return (
    <details class="card" open={first}>
      <summary>Make {first ? "a" : "another"} list</summary>
      <Form label="Make a list" class="row" send={send}>
        <Field name="name" label="Name" required maxLength={200} placeholder="Customers" />
        <Field name="zone" label="Time zone of its days" required value={zoneHere} list="zones" />
        <Zones />
        <button class="main">Make the list</button>
      </Form>
    </details>
  );
}

function ChangeList({ list }: { list: List }) {
  const { renew } = useHere();
  const send = async (fields: FormData) => {
    const given = {
      ListID: list.ListID,
      Name: String(fields.get("name")).trim(),
      TimeZone: String(fields.get("zone")),
    };
    await ask("console.list_update", given);
    await renew();
  };
  return (
    <details class="card">
      <summary>Name and time zone</summary>
      <Form label="Change the list" class="row" send={send}>
        <Field name="name" label="Name" required maxLength={200} value={list.Name} />
        <Field name="zone" label="Time zone of its days" required value={list.TimeZone} list="zones" />
        <button class="main">Save</button>
      </Form>
    </details>
  );
}

export function Zones() {
  const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
  return (
    <datalist id="zones">
      {["UTC", ...zones].map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  );
}
