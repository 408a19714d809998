// The values of one property: the commonest with bars, numbers with their spread.
import { useAnswer } from "../answers";
import { save } from "../csv";
import { Cut, Empty, Fresh, Problem, Skeleton } from "../parts/states";
import { Name, Value } from "../parts/text";
import { type Asked, aboutOf, adding } from "../question";
import type { CatalogEvent, Json, Numbers, Values } from "../shapes";
import { count, many, share } from "../words";

const STEP = 20;
const MOST = 100;

export function ValuesOf({ asked, property, events }: { asked: Asked; property: string; events: CatalogEvent[] }) {
  const limit = Math.min(MOST, Number(asked.chosen.get("values")) || STEP);
  const { answer, loading, trouble, again } = useAnswer<Values>("website_events.values", {
    ...asked.common,
    Property: property,
    Limit: limit,
  });
  const mine = answer?.Property === property ? answer : null;
  return (
    <section class="card aside" aria-labelledby="values">
      <div class="head">
        <h2 id="values">
          Values of <Name of={property} />
        </h2>
        <a href={asked.link({ property: null, values: null })}>Close</a>
      </div>
      {trouble && <Problem trouble={trouble} again={again} />}
      {!mine && !trouble && <Skeleton rows={8} />}
      {mine && (
        <Fresh loading={loading}>
          <Found asked={asked} of={mine} limit={limit} about={aboutOf(asked, events)} />
        </Fresh>
      )}
    </section>
  );
}

function Found({ asked, of, limit, about }: { asked: Asked; of: Values; limit: number; about: number | null }) {
  const all = of.Events + of.Missing;
  return (
    <>
      <Cut looked={of} total={about} />
      <dl class="tiles">
        <div>
          <dt>Events with it</dt>
          <dd>
            {count(of.Events)} {all > 0 && <small>{share(of.Events / all)}</small>}
          </dd>
        </div>
        <div>
          <dt>Different values</dt>
          <dd>{count(of.Distinct)}</dd>
        </div>
      </dl>
      {of.Numbers && <Spread of={of.Numbers} />}
      {of.Values.length ? <Bars asked={asked} of={of} /> : <Empty title="No event in this range has it" />}
      <div class="tools">
        {of.Distinct > of.Values.length && limit < MOST && (
          <a href={asked.link({ values: String(MOST) })}>Show up to {MOST}</a>
        )}
        {of.Distinct > of.Values.length && limit >= MOST && (
          <span class="faint">
            The {count(of.Values.length)} commonest of {count(of.Distinct)}
          </span>
        )}
        {of.Values.length > 0 && (
          <a href={asked.link({ show: "trend", by: of.Property, property: null })}>Over time, broken down by it</a>
        )}
        {of.Values.length > 0 && (
          <button type="button" onClick={() => keep(of)}>
            CSV
          </button>
        )}
      </div>
    </>
  );
}

function Bars({ asked, of }: { asked: Asked; of: Values }) {
  const most = of.Values[0]?.Count || 1;
  const only = (Value: Json) => asked.choose(adding(asked, { Property: of.Property, Operator: "equals", Value }));
  return (
    <ul class="bars">
      {of.Values.map((one, number) => (
        <li key={number}>
          <button
            type="button"
            class="bar"
            title="Count only events with this value"
            style={{ "--share": one.Count / most }}
            onClick={() => only(one.Value)}
          >
            <Value of={one.Value} />
            <span class="number">
              {count(one.Count)} <small>{share(one.Count / (of.Events || 1))}</small>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Spread({ of }: { of: Numbers }) {
  const most = Math.max(1, ...of.Histogram.map((bin) => bin.Count));
  const facts = { Smallest: of.Min, Median: of.Median, Mean: of.Mean, Largest: of.Max };
  return (
    <>
      <dl class="tiles">
        {Object.entries(facts).map(([name, n]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{count(n)}</dd>
          </div>
        ))}
      </dl>
      <div
        class="histogram"
        role="img"
        aria-label={of.Histogram.map((bin) => `${count(bin.From)} to ${count(bin.To)}: ${count(bin.Count)}`).join(", ")}
      >
        {of.Histogram.map((bin) => (
          <i
            key={String(bin.From)}
            title={`${count(bin.From)} to ${count(bin.To)}: ${many(bin.Count, "event")}`}
            style={{ "--share": bin.Count / most }}
          />
        ))}
      </div>
      <p class="ends">
        <span>{count(of.Histogram[0]?.From ?? of.Min)}</span>
        <span>{count(of.Histogram.at(-1)?.To ?? of.Max)}</span>
      </p>
    </>
  );
}

function keep(of: Values): void {
  save(`values-of-${of.Property}`, [["value", "count"], ...of.Values.map((one) => [one.Value, one.Count])]);
}
