// People: the subscribers of a list, found by address, ID or uuid.
import { useEffect, useState } from "preact/hooks";
import { choosing, go, useAddress } from "../address";
import { save } from "../csv";
import { Empty, Fresh, Problem, Skeleton } from "../parts/states";
import { Mark, Name, Time } from "../parts/text";
import { type Pages, usePages } from "../pages";
import { useHere, useLinks } from "../session";
import type { People as Answer, Row as Found } from "../shapes";
import { many } from "../words";
import { PersonView } from "./person";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function People() {
  const { chosen } = useAddress();
  const person = chosen.get("person");
  return person ? <PersonView uuid={person} key={person} /> : <All find={chosen.get("find") ?? ""} />;
}

function All({ find }: { find: string }) {
  const { list } = useHere();
  const found = usePages<Answer>("subscribers.list", { ListID: list?.ListID ?? null, ...(find && { Search: find }) });
  const people = found.pages.flatMap((page) => page.Subscribers);
  return (
    <>
      <h1>People</h1>
      <Search find={find} />
      {found.trouble && <Problem trouble={found.trouble} again={found.again} />}
      {!found.answer && !found.trouble && <Skeleton rows={8} />}
      {found.answer && !people.length && <Nobody find={find} />}
      {people.length > 0 && (
        <Fresh loading={found.loading}>
          <Table people={people} pages={found} />
        </Fresh>
      )}
    </>
  );
}

/** What is typed is looked for once it rests; a uuid leads to whose it is. */
function Search({ find }: { find: string }) {
  const address = useAddress();
  const [text, type] = useState(find);
  useEffect(() => type(find), [find]);
  const look = () => {
    const wanted = text.trim();
    if (UUID.test(wanted)) return go(choosing(address, { find: null, person: wanted.toLowerCase() }));
    if (wanted !== find) go(choosing(address, { find: wanted || null }), true);
  };
  useEffect(() => {
    const timer = setTimeout(look, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <form class="tools" role="search" aria-label="Find people" onSubmit={(event) => (event.preventDefault(), look())}>
      <label class="grows">
        <span class="unseen">Find</span>
        <input
          type="search"
          placeholder="Beginning of an address or ID, or a uuid…"
          value={text}
          maxLength={255}
          onInput={(event) => type((event.currentTarget as HTMLInputElement).value)}
        />
      </label>
    </form>
  );
}

function Nobody({ find }: { find: string }) {
  const to = useLinks();
  if (find) {
    return (
      <Empty title="Nobody has an address or ID that begins so">
        <p>
          <a href={to("people", { person: find })}>Look for a visitor of this name</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nobody is known yet">
      <p>
        A subscriber is made by the first event with an address or an ID:{" "}
        <code>footfall.identify("someone@example.com")</code> in a page, <code>email=</code> in an app.
      </p>
      <p>
        <a href={to("setup")}>Set up a page or an app</a>
      </p>
    </Empty>
  );
}

function Table({ people, pages }: { people: Found[]; pages: Pages<Answer> }) {
  return (
    <div class="sheet">
      <table>
        <thead>
          <tr>
            <th scope="col">Subscriber</th>
            <th scope="col">ID</th>
            <th scope="col">Since</th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {people.map((one) => (
            <Row key={one.UUID} one={one} />
          ))}
        </tbody>
      </table>
      <p class="foot">
        <span>{many(people.length, "subscriber")} shown</span>
        {pages.more && (
          <button type="button" disabled={pages.asking} onClick={() => void pages.more!()}>
            {pages.asking ? "Asking…" : "More"}
          </button>
        )}
        <button type="button" onClick={() => keep(people)}>
          CSV of those shown
        </button>
      </p>
    </div>
  );
}

function Row({ one }: { one: Found }) {
  const to = useLinks();
  return (
    <tr>
      <th scope="row">
        <a href={to("people", { person: one.UUID })}>
          <Name of={one.Email ?? one.ID ?? one.UUID} />
        </a>{" "}
        {!one.Verified && (
          <Mark kind="doubt" title="Only pages have named this address so far">
            claimed in a page
          </Mark>
        )}
      </th>
      <td data-name="ID">{one.ID ? <Name of={one.ID} /> : <span class="faint">–</span>}</td>
      <td data-name="Since">
        <Time at={one.Created} short />
      </td>
      <td data-name="Last seen">
        <Time at={one.LastSeen} short />
      </td>
    </tr>
  );
}

function keep(people: Found[]): void {
  const head = ["uuid", "email", "id", "verified", "created", "last_seen"];
  save("subscribers", [
    head,
    ...people.map((one) => [one.UUID, one.Email, one.ID, one.Verified, one.Created, one.LastSeen]),
  ]);
}
