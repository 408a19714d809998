// The properties of one event, and the values of one of them.
import { useAnswer } from "../answers";
import { save } from "../csv";
import { Empty } from "../parts/states";
import { Mark, Name, Value } from "../parts/text";
import type { Asked } from "../question";
import type { Catalog, Property } from "../shapes";
import { count, many, share } from "../words";
import { Notes, Search } from "./catalogue";
import { ValuesOf } from "./values";

export function Properties({ asked, catalog }: { asked: Asked; catalog: Catalog }) {
  const found = catalog.Events.find((one) => one.Event === asked.event);
  const all = found?.Properties ?? [];
  const find = (asked.chosen.get("find") ?? "").toLowerCase();
  const shown = all
    .filter((one) => one.Property.toLowerCase().includes(find))
    .sort((a, b) => b.Count - a.Count || (a.Property < b.Property ? -1 : 1));
  const property = asked.chosen.get("property");
  if (!found) return <Empty title="No event of this name has come yet" />;
  if (!all.length) return <Empty title="This event came without properties" />;
  return (
    <div class={property === null ? "" : "beside"}>
      <div>
        <div class="tools" role="search" aria-label="Find properties">
          <Search asked={asked} placeholder="Property…" />
          <button type="button" onClick={() => keep(asked, shown)}>
            CSV
          </button>
        </div>
        {shown.length ? (
          <Table asked={asked} shown={shown} chosen={property} catalog={catalog} />
        ) : (
          <Empty title="No property has this in its name" />
        )}
      </div>
      {property !== null && <ValuesOf asked={asked} property={property} events={catalog.Events} />}
    </div>
  );
}

interface TableGiven {
  asked: Asked;
  shown: Property[];
  chosen: string | null;
  catalog: Catalog;
}

function Table({ asked, shown, chosen, catalog }: TableGiven) {
  const { answer } = useAnswer<Catalog>("website_events.catalog", {
    ListID: asked.listId,
    TimeZone: asked.zone,
    Event: asked.event,
    Examples: true,
  });
  const examples = new Map(answer?.Events[0]?.Properties.map((one) => [one.Property, one.Examples ?? []]));
  return (
    <div class="sheet">
      <table>
        <thead>
          <tr>
            <th scope="col">Property</th>
            <th scope="col" class="number">
              Events
            </th>
            <th scope="col">Types</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Row
              key={one.Property}
              one={one}
              asked={asked}
              examples={examples.get(one.Property)}
              current={one.Property === chosen}
            />
          ))}
        </tbody>
      </table>
      <p class="foot">
        <span>{many(shown.length, "property", "properties")}, counted since the first event, whatever the range</span>{" "}
        <Notes of={catalog} />
      </p>
    </div>
  );
}

interface RowGiven {
  one: Property;
  asked: Asked;
  examples: Property["Examples"];
  current: boolean;
}

function Row({ one, asked, examples, current }: RowGiven) {
  return (
    <tr aria-current={current ? "true" : undefined}>
      <th scope="row">
        <a href={asked.link({ property: one.Property })}>
          <Name of={one.Property} />
        </a>{" "}
        {one.New && (
          <Mark kind="new" title="First seen within the last 7 days">
            new
          </Mark>
        )}{" "}
        {one.Similar.length > 0 && (
          <small>
            nearly the same as{" "}
            {one.Similar.map((name, number) => (
              <span key={name}>
                {number > 0 && ", "}
                <Name of={name} />
              </span>
            ))}
          </small>
        )}
        <p class="examples">
          {examples?.slice(0, 3).map((value, number) => (
            <span key={number} class="example">
              <Value of={value} />
            </span>
          ))}
        </p>
      </th>
      <td class="number" data-name="Events">
        {one.AtLeast && "≥ "}
        {count(one.Count)} <small>{share(one.Share)}</small>
      </td>
      <td class="types" data-name="Types">
        <Types of={one} />
      </td>
    </tr>
  );
}

function Types({ of }: { of: Property }) {
  const types = Object.entries(of.Types).sort(([, a], [, b]) => b - a);
  const all = types.reduce((sum, [, n]) => sum + n, 0) || 1;
  if (types.length === 1) return <>{types[0]![0]}</>;
  return (
    <>
      {types.map(([type, n]) => (
        <span key={type} class="type">
          {type} <small>{share(n / all)}</small>{" "}
        </span>
      ))}
    </>
  );
}

function keep(asked: Asked, shown: Property[]): void {
  const head = ["property", "count", "share", "types", "first_seen", "last_seen", "new", "nearly_the_same_as"];
  const rows = shown.map((one) => [
    one.Property,
    one.Count,
    one.Share,
    one.Types,
    one.FirstSeen,
    one.LastSeen,
    one.New,
    one.Similar.join(", "),
  ]);
  save(`${asked.event}-properties`, [head, ...rows]);
}
