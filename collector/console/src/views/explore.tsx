// Explore: which events there are, what they carry, and how they come over time.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { go } from "../address";
import { type Answered, useAnswer } from "../answers";
import { NameMarks } from "../parts/namemarks";
import { Controls } from "../parts/range";
import { Spark } from "../parts/spark";
import { Empty, Problem, Skeleton } from "../parts/states";
import { Name, Time } from "../parts/text";
import { type Asked, useAsked } from "../question";
import { useLinks } from "../session";
import type { Catalog, CatalogEvent } from "../shapes";
import { count } from "../words";
import { Catalogue } from "./catalogue";
import { EventList } from "./eventlist";
import { Properties } from "./properties";
import { Trend } from "./trend";

const SHOWN = { catalogue: "Events", trend: "Over time", properties: "Properties", list: "One by one" };
type Shown = keyof typeof SHOWN;

/** The part of the view that the address names; of all events there is a list, of one its properties. */
function shownOf(asked: Asked): Shown {
  const named = asked.chosen.get("show");
  const all: Shown[] = asked.event === null ? ["catalogue", "trend", "list"] : ["trend", "properties", "list"];
  return all.find((part) => part === named) ?? all[0]!;
}

export function Explore() {
  const asked = useAsked();
  const catalog = useAnswer<Catalog>("website_events.catalog", { ListID: asked.listId, TimeZone: asked.zone });
  const shown = shownOf(asked);
  const events = catalog.answer?.Events ?? [];
  useCounted(asked, catalog, shown);
  return (
    <>
      {asked.event === null ? <h1>Explore</h1> : <Head asked={asked} catalog={catalog.answer} />}
      <Tabs asked={asked} shown={shown} />
      {shown !== "catalogue" && <Controls asked={asked} events={events} />}
      <Part shown={shown} asked={asked} catalog={catalog} />
    </>
  );
}

const SOON = 10;
const [PAUSE, LONG_PAUSE] = [2_000, 15_000];

/** A name is there from its first event on, and its count some seconds later: until then all is asked for again. */
function useCounted(asked: Asked, { answer }: Answered<Catalog>, shown: Shown) {
  const asks = useRef(0);
  useEffect(() => {
    if (!answer || shown === "list") return; // which has them at once, and may have been read on
    const those = answer.Events.filter((one) => asked.event === null || one.Event === asked.event);
    if (those.length && those.every((one) => one.Count || one.Bots)) return;
    const again = () => go(location.pathname + location.search);
    const timer = setTimeout(again, asks.current++ < SOON ? PAUSE : LONG_PAUSE);
    return () => clearTimeout(timer);
  }, [answer, asked.event, shown]);
}

function Part({ shown, asked, catalog }: { shown: Shown; asked: Asked; catalog: Answered<Catalog> }) {
  if (shown === "trend") return <Trend asked={asked} events={catalog.answer?.Events ?? []} />;
  if (shown === "list") return <EventList asked={asked} />;
  const Within = shown === "properties" ? Properties : Catalogue;
  return <Known catalog={catalog}>{(known) => <Within asked={asked} catalog={known} />}</Known>;
}

/** What needs the catalog, once it is there. */
function Known({
  catalog,
  children,
}: {
  catalog: Answered<Catalog>;
  children: (catalog: Catalog) => ComponentChildren;
}) {
  const to = useLinks();
  if (catalog.trouble) return <Problem trouble={catalog.trouble} again={catalog.again} />;
  if (!catalog.answer) return <Skeleton rows={8} />;
  if (!catalog.answer.Events.length) {
    return (
      <Empty title="No events yet">
        <p>They show here as soon as the first has come.</p>
        <p>
          <a href={to("setup")}>Set up a page or an app</a>, or see on <a href={to("arrivals")}>Live</a> what arrives.
        </p>
      </Empty>
    );
  }
  return <>{children(catalog.answer)}</>;
}

function Tabs({ asked, shown }: { asked: Asked; shown: Shown }) {
  const parts: Shown[] = asked.event === null ? ["catalogue", "trend", "list"] : ["trend", "properties", "list"];
  return (
    <nav class="tabs" aria-label="Parts of the view">
      {parts.map((part) => (
        <a
          key={part}
          href={asked.link({ show: part === parts[0] ? null : part, find: null })}
          aria-current={part === shown ? "page" : undefined}
        >
          {SHOWN[part]}
        </a>
      ))}
    </nav>
  );
}

function Head({ asked, catalog }: { asked: Asked; catalog: Catalog | null }) {
  const to = useLinks();
  const found = catalog?.Events.find((one) => one.Event === asked.event);
  return (
    <>
      <p class="crumbs">
        <a href={to("explore")}>All events</a> <span aria-hidden="true">›</span>
      </p>
      <div class="head">
        <h1>
          <Name of={asked.event!} /> {found && <NameMarks of={found} asked={asked} />}
        </h1>
        {found && <Spark days={found.Days} label="The last 30 days" />}
      </div>
      {!catalog || found ? <Facts of={found} /> : <p class="faint">No event of this name has been counted yet.</p>}
    </>
  );
}

/** Takes its room before it is known. */
function Facts({ of }: { of: CatalogEvent | undefined }) {
  const least = of?.AtLeast ? "at least " : "";
  return (
    <dl class="tiles">
      <div>
        <dt>Counted in all</dt>
        <dd>{of ? least + count(of.Count) : "–"}</dd>
      </div>
      <div>
        <dt>Of bots, apart</dt>
        <dd>{of ? count(of.Bots) : "–"}</dd>
      </div>
      <div>
        <dt>First seen</dt>
        <dd>
          <Time at={of?.FirstSeen ?? null} short />
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          <Time at={of?.LastSeen ?? null} short />
        </dd>
      </div>
    </dl>
  );
}
