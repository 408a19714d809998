// The events themselves, newest first.
import { useState } from "preact/hooks";
import { download, session, sessionEnded } from "../api";
import { Details, Marks, Visitor, Who, summary } from "../parts/event";
import { Cut, Empty, Fresh, Problem, Skeleton } from "../parts/states";
import { Name, Time } from "../parts/text";
import { usePages } from "../pages";
import type { Asked } from "../question";
import type { Happening, Listing } from "../shapes";
import { clock, many, moment, zoneHere } from "../words";

export function EventList({ asked }: { asked: Asked }) {
  const { pages, loading, trouble, again, more, asking } = usePages<Listing>("website_events.list", asked.common);
  const events = pages.flatMap((page) => page.Events);
  const last = pages.at(-1);
  const file = download({ ...asked.common, TimeZone: zoneHere, Format: "csv" });
  return (
    <section aria-label="Events one by one">
      {!last && !trouble && <Skeleton rows={10} />}
      {last && !last.Complete && <Cut looked={{ ...last, From: events.at(-1)?.Time ?? "" }} />}
      {last && !events.length && last.Complete && (
        <Empty title="No events in this range">
          <p>Choose a longer one, or fewer filters.</p>
        </Empty>
      )}
      {events.length > 0 && (
        <Fresh loading={loading}>
          <ol class="arrivals">
            {events.map((one) => (
              <Row key={one.Key} one={one} named={asked.event === null} />
            ))}
          </ol>
        </Fresh>
      )}
      {trouble && <Problem trouble={trouble} again={more ?? again} />}
      <div class="tools">
        {more && (
          <button type="button" disabled={asking} onClick={() => void more()}>
            {asking ? "Asking…" : "Older events"}
          </button>
        )}
        {events.length > 0 && <span class="faint">{many(events.length, "event")} shown</span>}
        {events.length > 0 && (
          <a href={file} download="events.csv" onClick={notice}>
            All of them as CSV
          </a>
        )}
      </div>
    </section>
  );
}

/** A download that is refused says nothing in the page: that the session has ended is asked for beside it. */
function notice(): void {
  session().then((found) => found || sessionEnded(), () => {});
}

interface RowGiven {
  one: Happening;
  named: boolean;
  dated?: boolean;
  whose?: boolean;
}

/**
 * @param named whether it says which event it is
 * @param dated whether it says the day
 * @param whose whether it says who it was; of one person's events only by which visitor
 */
export function Row({ one, named, dated = true, whose = true }: RowGiven) {
  const [open, set] = useState(false);
  return (
    <li class="arrival">
      <button
        type="button"
        class="line"
        aria-expanded={open}
        onClick={() => set(!open)}
        onKeyDown={(event) => void (event.key === "Escape" && set(false))}
      >
        <span class="when">
          {dated ? (
            <Time at={one.Time} />
          ) : (
            <time dateTime={one.Time} title={moment(one.Time)}>
              {clock(one.Time)}
            </time>
          )}
        </span>
        {named && (
          <span class="what">
            <Name of={one.Event} />
          </span>
        )}
        <span class="summary">
          <bdi>{summary(one)}</bdi>
        </span>
        <span class="marks">
          <Marks of={one} />
        </span>
      </button>
      <span class="who">
        {whose ? <Who of={one} /> : <Visitor of={one.UUID} />}
      </span>
      {open && <Details of={one} />}
    </li>
  );
}
