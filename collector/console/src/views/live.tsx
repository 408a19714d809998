// Live: events as they arrive, test events and refused ones among them, each with its reason.
import { useEffect, useRef, useState } from "preact/hooks";
import { choosing, go, useAddress } from "../address";
import { type Arrival, type Watching, useLive } from "../live";
import { Choice } from "../parts/choice";
import { Details, Marks, Who, summary } from "../parts/event";
import { Empty, Skeleton } from "../parts/states";
import { Mark, Name } from "../parts/text";
import { stringify } from "../json";
import { useHere, useLinks } from "../session";
import type { Outcome } from "../shapes";
import { clock, count, many, moment } from "../words";

const OUTCOMES: { [outcome in Outcome]: { kind: string; title: string } } = {
  stored: { kind: "good", title: "Stored for good" },
  duplicate: { kind: "", title: "Its EventID had come before: it was stored once" },
  test: { kind: "doubt", title: "A test event: it shows here, and is stored nowhere" },
  refused: { kind: "bad", title: "It was not stored" },
};

export function Live() {
  const { list } = useHere();
  const watching = useLive(list?.ListID ?? null);
  const { chosen } = useAddress();
  const [find, outcome] = [chosen.get("find") ?? "", chosen.get("outcome") ?? ""];
  const shown = watching.arrivals.filter((one) => (!outcome || one.Outcome === outcome) && matches(one, find));
  return (
    <>
      <div class="head">
        <h1>Live</h1>
        <Connected watching={watching} />
      </div>
      <Tally arrivals={watching.arrivals} />
      <Tools watching={watching} find={find} outcome={outcome} />
      <Arrivals watching={watching} shown={shown} />
    </>
  );
}

/** Whether a text stands in what an event shows. */
function matches(one: Arrival, find: string): boolean {
  if (!find) return true;
  const text = stringify([one.Event, one.Email, one.ID, one.UUID, one.Properties, one.Errors, one.Warnings]);
  return text.toLowerCase().includes(find.toLowerCase());
}

const CHOICES: { [outcome: string]: string } = {
  "": "All outcomes",
  stored: "stored",
  duplicate: "duplicate",
  test: "test",
  refused: "refused",
};

export const CONNECTIONS = {
  connecting: "Connecting",
  open: "Listening",
  away: "Interrupted; connecting again by itself",
  apart: "The database cannot be reached; what comes is kept, and shows here after",
};

export function Connected({ watching }: { watching: Watching }) {
  return (
    <p class={`connection ${watching.connection}`} role="status">
      {watching.paused ? `Paused; ${many(watching.held, "event")} waiting` : CONNECTIONS[watching.connection]}
      {watching.leftOut > 0 && ` (${many(watching.leftOut, "event")} came too fast to be shown)`}
    </p>
  );
}

const PAUSE = 5_000;

/** For those who hear the page: how many have come, said now and then and not for each. */
function Tally({ arrivals }: { arrivals: Arrival[] }) {
  const latest = useRef(arrivals);
  const [said, say] = useState("");
  latest.current = arrivals;
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = latest.current.filter((one) => one.fresh);
      const refused = fresh.filter((one) => one.Outcome === "refused").length;
      say(fresh.length ? `${many(fresh.length, "new event")}${refused ? `, ${count(refused)} refused` : ""}` : "");
    }, PAUSE);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}

function Tools({ watching, find, outcome }: { watching: Watching; find: string; outcome: string }) {
  const address = useAddress();
  const choose = (choices: object) => go(choosing(address, choices as {}), true);
  const value = (event: Event) => (event.currentTarget as HTMLInputElement).value || null;
  return (
    <div class="tools" role="search" aria-label="Filter what arrives">
      <label class="grows">
        <span class="unseen">Find</span>
        <input
          type="search"
          placeholder="Event, address, property…"
          value={find}
          onInput={(event) => choose({ find: value(event) })}
        />
      </label>
      <Choice label="Outcome" of={CHOICES} value={outcome} change={(outcome) => choose({ outcome: outcome || null })} />
      <button type="button" aria-pressed={watching.paused} onClick={() => watching.pause(!watching.paused)}>
        {watching.paused ? "Go on" : "Pause"}
      </button>
      <button type="button" onClick={watching.clear}>
        Clear
      </button>
    </div>
  );
}

function Arrivals({ watching, shown }: { watching: Watching; shown: Arrival[] }) {
  const to = useLinks();
  if (watching.connection === "connecting" && !shown.length) return <Skeleton rows={8} />;
  if (shown.length)
    return (
      <ol class="arrivals">
        {shown.map((one) => (
          <Row key={one.number} one={one} />
        ))}
      </ol>
    );
  if (watching.arrivals.length) return <Empty title="Nothing of what came fits this filter" />;
  if (watching.connection !== "open") return <Empty title="What has come cannot be known at the moment" />;
  return (
    <Empty title="Nothing has come yet">
      <p>Events show here within two seconds, test events and refused ones too.</p>
      <p>
        <a href={to("setup")}>Set up a page or an app</a>
      </p>
    </Empty>
  );
}

function Row({ one }: { one: Arrival }) {
  const [open, set] = useState(false);
  const { kind, title } = OUTCOMES[one.Outcome];
  const at = one.Received ?? one.Time ?? null;
  return (
    <li class={one.fresh ? "arrival new" : "arrival"} data-outcome={one.Outcome}>
      <button
        type="button"
        class="line"
        aria-expanded={open}
        onClick={() => set(!open)}
        onKeyDown={(event) => void (event.key === "Escape" && set(false))}
      >
        <span class="when">
          {at && (
            <time dateTime={at} title={moment(at)}>
              {clock(at)}
            </time>
          )}
        </span>
        <span class="what">
          <Name of={one.Event ?? ""} none="(no event name)" />
        </span>
        <span class="marks">
          <Mark kind={kind} title={title}>
            {one.Outcome}
          </Mark>
          <Marks of={one} />
        </span>
        <span class="summary">
          <bdi>{summary(one)}</bdi>
        </span>
      </button>
      <span class="who">
        <Who of={one} />
      </span>
      <Reasons of={one} />
      {open && <Details of={one} />}
    </li>
  );
}

const STRANGER = 403;

/** Why it was refused, and what may not have been meant so; what a mark says already is not said twice. */
function Reasons({ of: { Errors = [], Warnings: all = [], OriginUnknown, Origin, Cut } }: { of: Arrival }) {
  const to = useLinks();
  const Warnings = all.filter((warning) => !(OriginUnknown && warning === "origin unknown"));
  if (!Errors.length && !Warnings.length && !Cut) return null;
  return (
    <ul class="reasons">
      {Errors.map((error) => (
        <li key={error.Message} class="bad">
          <Name of={error.Message} /> ({error.Code})
        </li>
      ))}
      {Origin && Errors.some((error) => error.Code === STRANGER) && (
        <li>
          It came from a page of <Name of={Origin} />. If that is yours,{" "}
          <a href={to("setup")}>add it to the key's pages</a>.
        </li>
      )}
      {Cut && <li class="faint">Long properties are shown in part.</li>}
      {Warnings.map((warning) => (
        <li key={warning} class="doubt">
          <Name of={warning} />
        </li>
      ))}
    </ul>
  );
}
