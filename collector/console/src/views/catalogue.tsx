// All events of a list, with search.
import { save } from "../csv";
import { NameMarks } from "../parts/namemarks";
import { Spark } from "../parts/spark";
import { Empty } from "../parts/states";
import { Name, Time } from "../parts/text";
import type { Asked } from "../question";
import type { Catalog, CatalogEvent } from "../shapes";
import { count, many } from "../words";

export function Catalogue({ asked, catalog }: { asked: Asked; catalog: Catalog }) {
  const find = (asked.chosen.get("find") ?? "").toLowerCase();
  const shown = catalog.Events.filter((one) => fits(one, find)).sort(
    (a, b) => b.Count - a.Count || (a.Event < b.Event ? -1 : 1),
  );
  return (
    <>
      <div class="tools" role="search" aria-label="Find events">
        <Search asked={asked} placeholder="Event or property…" />
        <button type="button" onClick={() => keep(catalog, shown)}>
          CSV
        </button>
      </div>
      {shown.length ? (
        <Table asked={asked} catalog={catalog} shown={shown} />
      ) : (
        <Empty title="No event or property has this in its name" />
      )}
    </>
  );
}

/** Whether it, or a property of it, has the text in its name. */
function fits(one: CatalogEvent, find: string): boolean {
  return (
    !find ||
    [one.Event, ...one.Properties.map((property) => property.Property)].some((name) =>
      name.toLowerCase().includes(find),
    )
  );
}

export function Search({ asked, placeholder }: { asked: Asked; placeholder: string }) {
  const typed = (event: Event) => asked.choose({ find: (event.currentTarget as HTMLInputElement).value || null }, true);
  return (
    <label class="grows">
      <span class="unseen">Find</span>
      <input type="search" placeholder={placeholder} value={asked.chosen.get("find") ?? ""} onInput={typed} />
    </label>
  );
}

function Table({ asked, catalog, shown }: { asked: Asked; catalog: Catalog; shown: CatalogEvent[] }) {
  return (
    <div class="sheet">
      <table>
        <thead>
          <tr>
            <th scope="col">Event</th>
            <th scope="col">Last 30 days</th>
            <th scope="col" class="number">
              Counted
            </th>
            <th scope="col" class="number">
              Properties
            </th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Row key={one.Event} one={one} asked={asked} />
          ))}
        </tbody>
      </table>
      <p class="foot">
        <span>
          {many(catalog.Events.length, "event")}, days of {catalog.TimeZone}
        </span>{" "}
        <Notes of={catalog} />
      </p>
    </div>
  );
}

function Row({ one, asked }: { one: CatalogEvent; asked: Asked }) {
  return (
    <tr>
      <th scope="row">
        <a href={asked.link({ event: one.Event, find: null, show: null })}>
          <Name of={one.Event} />
        </a>{" "}
        <NameMarks of={one} asked={asked} />
      </th>
      <td>
        <Spark days={one.Days} label="The last 30 days" />
      </td>
      <td class="number" data-name="Counted">
        {one.AtLeast && "≥ "}
        {count(one.Count)}
      </td>
      <td class="number" data-name="Properties">
        <a href={asked.link({ event: one.Event, show: "properties", find: null })}>{count(one.Properties.length)}</a>
      </td>
      <td data-name="Last seen">
        <Time at={one.LastSeen} short />
      </td>
    </tr>
  );
}

/** What the catalog does not have, in words. */
export function Notes({ of }: { of: Catalog }) {
  return (
    <span role="status">
      {of.Lag > 0 && `${many(of.Lag, "event")} stored and not yet counted. `}
      {of.Pending > 0 && `${many(of.Pending, "event")} waiting for the database. `}
      {of.Complete === false && "Days before the upgrade are still being counted. "}
      {of.Truncated && "There are more names than are shown."}
    </span>
  );
}

function keep(catalog: Catalog, shown: CatalogEvent[]): void {
  const head = ["event", "count", "bots", "first_seen", "last_seen", "properties", ...catalog.Days];
  save("events", [
    head,
    ...shown.map((one) => [
      one.Event,
      one.Count,
      one.Bots,
      one.FirstSeen,
      one.LastSeen,
      one.Properties.length,
      ...one.Days,
    ]),
  ]);
}
