// One subscriber: what is known and by whose word, and its whole history.
import type { Trouble } from "../api";
import { save } from "../csv";
import { Folded } from "../parts/folded";
import { Empty, Fresh, Problem, Skeleton } from "../parts/states";
import { Mark, Name, Time, TrustMark, Value } from "../parts/text";
import { type Pages, usePages } from "../pages";
import { useHere, useLinks } from "../session";
import type { Conflict, Happening, Person, PersonAnswer, Trait } from "../shapes";
import { count, fullDate, many, moment, zoneHere } from "../words";
import { Row } from "./eventlist";

export function PersonView({ uuid }: { uuid: string }) {
  const { list } = useHere();
  const to = useLinks();
  const found = usePages<PersonAnswer>("subscribers.get", { ListID: list?.ListID ?? null, UUID: uuid });
  return (
    <>
      <p class="crumbs">
        <a href={to("people")}>People</a> <span aria-hidden="true">›</span>
      </p>
      {found.answer && <Whose answer={found.answer} uuid={uuid} />}
      {!found.answer && (
        <h1>
          <Name of={uuid} />
        </h1>
      )}
      {found.trouble && <Failed trouble={found.trouble} again={found.more ?? found.again} />}
      {!found.answer && !found.trouble && <Skeleton rows={10} />}
      {found.answer && <History found={found} />}
    </>
  );
}

function History({ found }: { found: Pages<PersonAnswer> }) {
  const events = found.pages.flatMap((page) => page.Events);
  return (
    <section class="timeline" aria-labelledby="history">
      <h2 id="history">History</h2>
      {!events.length && <Empty title="No events" />}
      <Fresh loading={found.loading}>
        <Days events={events} />
      </Fresh>
      <div class="tools">
        {found.more && (
          <button type="button" disabled={found.asking} onClick={() => void found.more!()}>
            {found.asking ? "Asking…" : "Older events"}
          </button>
        )}
        <span class="faint">
          {many(events.length, "event")} shown, times of {zoneHere}
        </span>
        {events.length > 0 && (
          <button type="button" onClick={() => keep(events)}>
            CSV of those shown
          </button>
        )}
      </div>
    </section>
  );
}

function keep(events: Happening[]): void {
  const head = ["time", "event", "uuid", "email", "id", "trust", "bot", "properties"];
  save("history", [
    head,
    ...events.map((one) => [one.Time, one.Event, one.UUID, one.Email, one.ID, one.Trust, one.Bot, one.Properties]),
  ]);
}

function Failed({ trouble, again }: { trouble: Trouble; again: () => void }) {
  if (trouble.status !== 422) return <Problem trouble={trouble} again={again} />;
  return <Empty title="Nobody by this name is known in this list" />;
}

function Whose({ answer, uuid }: { answer: PersonAnswer; uuid: string }) {
  const { Subscriber: person } = answer;
  if (person) return <Known of={person} />;
  return (
    <>
      <h1>
        Visitor <Name of={answer.Visitor ?? uuid} />
      </h1>
      <p>Nobody is known behind this visitor yet. Its history joins a subscriber's once it is identified.</p>
      {!!answer.Traits?.length && <Traits of={answer.Traits} />}
    </>
  );
}

function Known({ of }: { of: Person }) {
  const name = of.Emails[0]?.Email ?? of.IDs[0]?.ID ?? of.UUID;
  return (
    <>
      <div class="head">
        <h1>
          <Name of={name} />
        </h1>
        {of.Verified ? (
          <Mark kind="good" title="Your own server has named this subscriber">
            known
          </Mark>
        ) : (
          <Mark kind="doubt" title="Only pages have named this address so far">
            claimed in a page
          </Mark>
        )}
      </div>
      <Conflicts of={of.Conflicts} />
      <div class="portrait">
        <section class="card" aria-labelledby="identity">
          <h2 id="identity">Identity</h2>
          <Identity of={of} />
        </section>
        <section class="card" aria-labelledby="traits">
          <h2 id="traits">Traits</h2>
          {of.Traits.length ? <Traits of={of.Traits} /> : <p class="faint">None.</p>}
        </section>
        <section class="card" aria-labelledby="visitors">
          <h2 id="visitors">Visitors{of.Visitors.length > 1 && ` (${count(of.Visitors.length)})`}</h2>
          <Visitors of={of} />
        </section>
      </div>
    </>
  );
}

function Identity({ of }: { of: Person }) {
  return (
    <dl class="pairs">
      {of.Emails.map((one) => (
        <div key={one.Email}>
          <dt>Email</dt>
          <dd>
            <Name of={one.Email} /> <TrustMark of={one.Trust} />
          </dd>
        </div>
      ))}
      {of.IDs.map((one) => (
        <div key={one.ID}>
          <dt>ID</dt>
          <dd>
            <Name of={one.ID} /> <TrustMark of={one.Trust} />
          </dd>
        </div>
      ))}
      <div>
        <dt>uuid</dt>
        <dd>
          <Name of={of.UUID} />
        </dd>
      </div>
      <div>
        <dt>Since</dt>
        <dd>
          <Time at={of.Created} />
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          <Time at={of.LastSeen} />
        </dd>
      </div>
    </dl>
  );
}

function Traits({ of }: { of: Trait[] }) {
  return (
    <dl class="pairs">
      {of.map((one) => (
        <div key={`${one.Trait} ${one.Trust}`}>
          <dt>
            <Name of={one.Trait} />
          </dt>
          <dd>
            <Value of={one.Value} /> <TrustMark of={one.Trust} />{" "}
            {one.Time && (
              <small>
                <Time at={one.Time} short />
              </small>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const span = (from: string | null, until: string | null): string =>
  until
    ? `${from ? moment(from) : "its beginning"} – ${moment(until)}`
    : from
      ? `since ${moment(from)}`
      : "all its events";

const FEW = 4;

function Visitors({ of }: { of: Person }) {
  if (!of.Visitors.length) return <p class="faint">No browser has been linked yet.</p>;
  return (
    <>
      <Folded
        class="visitors"
        most={FEW}
        items={of.Visitors.map((one, number) => (
          <li key={number}>
            <Name of={one.UUID} /> <TrustMark of={one.Trust} /> <small>{span(one.From, one.Until)}</small>
          </li>
        ))}
      />
      {of.Truncated && <p class="faint">There are more than are looked at.</p>}
    </>
  );
}

function Conflicts({ of }: { of: Conflict[] }) {
  if (!of.length) return null;
  return (
    <div class="cut conflicts">
      <Folded label="Conflicts" most={FEW} items={of.map((one, number) => <Met key={number} one={one} />)} />
    </div>
  );
}

function Met({ one }: { one: Conflict }) {
  const to = useLinks();
  const [mine, other] = one.Names === "Email" ? ["address", "ID"] : ["ID", "address"];
  return (
    <li>
      {many(one.Events, "event")} named this subscriber by its {mine} and{" "}
      <a href={to("people", { person: one.Subscriber })}>another one</a> by its {other}
      {one.ID && (
        <>
          {" "}
          (ID <Name of={one.ID} />)
        </>
      )}
      , last <Time at={one.Last} short />. The address decided.
    </li>
  );
}

/** Events by the viewer's days. */
function Days({ events }: { events: Happening[] }) {
  const days = new Map<string, Happening[]>();
  for (const one of events) {
    const day = fullDate(one.Time);
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return (
    <>
      {[...days].map(([day, those]) => (
        <div key={day}>
          <h3>{day}</h3>
          <ol class="arrivals">
            {those.map((one) => (
              <Row key={one.Key} one={one} named dated={false} whose={false} />
            ))}
          </ol>
        </div>
      ))}
    </>
  );
}
