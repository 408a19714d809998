// One event: what it was, whose, and, opened, all that is known of it.
import type { ComponentChildren } from "preact";
import { useLinks } from "../session";
import type { Happening, Json } from "../shapes";
import { moment, valueText, visible, zoneHere } from "../words";
import { Mark, Name, Time, TrustMark, Value } from "./text";

/** Who did it: the subscriber's address or ID, else the visitor. */
export function Who({ of }: { of: Partial<Happening> }) {
  const to = useLinks();
  const name = of.Email ?? of.ID;
  const person = of.Subscriber ?? of.UUID;
  const text = name ? (
    <Name of={name} />
  ) : of.UUID ? (
    <Visitor of={of.UUID} />
  ) : null;
  if (!text) return <span class="faint">–</span>;
  return person ? <a href={to("people", { person })}>{text}</a> : text;
}

const UUID = /^[0-9a-f]{8}-/i;
const LONGEST = 14;

/** A visitor; of a uuid the beginning tells it from others. */
export function Visitor({ of }: { of: string }) {
  const signs = [...of];
  const short = UUID.test(of) ? of.slice(0, 8) : signs.length > LONGEST ? `${signs.slice(0, LONGEST).join("")}…` : of;
  return (
    <span class="faint">
      visitor <Name of={short} />
    </span>
  );
}

export function Marks({ of }: { of: Partial<Happening> }) {
  return (
    <>
      {of.Automatic && <Mark title="Made by Footfall, beside the first event with a new address">automatic</Mark>}
      {of.Bot && (
        <Mark kind="doubt" title="The browser says that it is a bot">
          bot
        </Mark>
      )}
      {of.OriginUnknown && (
        <Mark kind="doubt" title="The browser did not say which page it came from">
          origin unknown
        </Mark>
      )}
    </>
  );
}

/** Of what every page sends, what says most. */
const TELLING = ["$page_title", "$current_url"];
const isSent = (name: string): number => (TELLING.includes(name) ? 1 : name.startsWith("$") ? 2 : 0);

/** The first properties of an event that say something, on one line: its own before those that every page sends. */
export function summary(one: Partial<Happening>): string {
  const telling = Object.entries(one.Properties ?? {}).filter(([, value]) => value !== "" && value !== null);
  return telling
    .sort(([one], [other]) => isSent(one) - isSent(other))
    .slice(0, 3)
    .map(([name, value]) => `${name === "" ? "(empty name)" : visible(name)}: ${valueText(value)}`)
    .join("  ·  ")
    .slice(0, 160);
}

/** Names and values, as they were sent. */
export function Properties({ of }: { of: { [name: string]: Json } | undefined }) {
  const names = Object.keys(of ?? {});
  if (!names.length) return <p class="faint">No properties.</p>;
  return (
    <dl class="pairs">
      {names.map((name) => (
        <div key={name}>
          <dt>
            <Name of={name} />
          </dt>
          <dd>
            <Value of={of![name]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What is known of an event beside its properties, by name, as far as it is known. */
function factsOf(of: Partial<Happening>): [string, ComponentChildren][] {
  const late = of.Time && of.Received && Math.abs(Date.parse(of.Received) - Date.parse(of.Time)) > 2_000;
  const facts: [string, ComponentChildren][] = [
    ["Happened", of.Time && `${moment(of.Time)} (${zoneHere})`],
    ["Received", late && <Time at={of.Received!} />],
    ["Email", of.Email && <Name of={of.Email} />],
    ["ID", of.ID && <Name of={of.ID} />],
    ["Visitor", of.UUID && <Name of={of.UUID} />],
    ["EventID", of.EventID && <Name of={of.EventID} />],
    ["Trust", of.Trust && <TrustMark of={of.Trust} />],
    ["Key", of.KeyPrefix && <Name of={of.KeyPrefix} />],
    ["Browser", of.Agent && <Name of={Object.values(of.Agent).join(", ")} />],
  ];
  return facts.filter(([, fact]) => fact);
}

/** All that is known of an event. */
export function Details({ of }: { of: Partial<Happening> }) {
  return (
    <div class="details">
      <Properties of={of.Properties} />
      <dl class="pairs faint">
        {factsOf(of).map(([name, fact]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
