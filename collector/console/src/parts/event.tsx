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
    <span class="faint">
      visitor <Name of={of.UUID.slice(0, 8)} />
    </span>
  ) : null;
  if (!text) return <span class="faint">–</span>;
  return person ? <a href={to("people", { person })}>{text}</a> : text;
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

/** The first properties of an event, on one line. */
export function summary(one: Partial<Happening>): string {
  const first = Object.entries(one.Properties ?? {}).slice(0, 3);
  return first
    .map(([name, value]) => `${visible(name)}: ${valueText(value)}`)
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

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** All that is known of an event. */
export function Details({ of }: { of: Partial<Happening> }) {
  const late = of.Time && of.Received && Math.abs(Date.parse(of.Received) - Date.parse(of.Time)) > 2_000;
  return (
    <div class="details">
      <Properties of={of.Properties} />
      <dl class="pairs faint">
        {of.Time && (
          <Fact name="Happened">
            {moment(of.Time)} ({zoneHere})
          </Fact>
        )}
        {late && (
          <Fact name="Received">
            <Time at={of.Received!} />
          </Fact>
        )}
        {of.Email && (
          <Fact name="Email">
            <Name of={of.Email} />
          </Fact>
        )}
        {of.ID && (
          <Fact name="ID">
            <Name of={of.ID} />
          </Fact>
        )}
        {of.UUID && (
          <Fact name="Visitor">
            <Name of={of.UUID} />
          </Fact>
        )}
        {of.EventID && (
          <Fact name="EventID">
            <Name of={of.EventID} />
          </Fact>
        )}
        {of.Trust && (
          <Fact name="Sent with">
            <TrustMark of={of.Trust} />
            {of.KeyPrefix && (
              <>
                {" "}
                key <Name of={of.KeyPrefix} />
              </>
            )}
          </Fact>
        )}
        {of.Agent && (
          <Fact name="Browser">
            <Name of={Object.values(of.Agent).join(", ")} />
          </Fact>
        )}
      </dl>
    </div>
  );
}
