// A line over time: what is measured, by which interval, broken down by a property.
import { useAnswer } from "../answers";
import { save } from "../csv";
import { Choice } from "../parts/choice";
import { Chart, timeName } from "../parts/chart";
import { LineName, MEASURES, type Measure, lineText } from "../parts/line";
import { PropertyChoice, propertiesOf } from "../parts/property";
import { Cut, Empty, Fresh, Problem, Skeleton } from "../parts/states";
import { type Asked, aboutOf } from "../question";
import { intervalOf } from "../ranges";
import type { CatalogEvent, Interval, Series } from "../shapes";
import { count } from "../words";

interface Given {
  asked: Asked;
  events: CatalogEvent[];
}

interface Chosen {
  measure: Measure;
  /** Whose numbers are summed. */
  of: string | null;
  by: string | null;
}

function chosenOf({ chosen }: Asked): Chosen {
  const named = chosen.get("measure") ?? "";
  return { measure: named in MEASURES ? (named as Measure) : "events", of: chosen.get("of"), by: chosen.get("by") };
}

export function Trend({ asked, events }: Given) {
  const { measure, of, by } = chosenOf(asked);
  const interval = intervalOf(asked.chosen, asked.range);
  const lacking = measure === "sum" && of === null;
  const question = {
    ...asked.common,
    Interval: interval,
    TimeZone: asked.zone,
    ...(measure !== "events" && { Measure: measure }),
    ...(measure === "sum" && { Property: of }),
    ...(by !== null && { BreakDown: by }),
  };
  const { answer, loading, trouble, again } = useAnswer<Series>("website_events.series", lacking ? null : question);
  return (
    <section aria-label="Over time">
      <Choices asked={asked} events={events} interval={interval} />
      {lacking && <Empty title="Choose the property whose numbers are added up" />}
      {trouble && !lacking && <Problem trouble={trouble} again={again} />}
      {!answer && !trouble && !lacking && <Skeleton tall />}
      {answer && !trouble && !lacking && (
        <Fresh loading={loading}>
          <Drawn series={answer} asked={asked} about={aboutOf(asked, events)} />
        </Fresh>
      )}
    </section>
  );
}

const INTERVALS: { [interval in Interval]: string } = { hour: "by hour", day: "by day", week: "by week" };
const CHOICES = { ...MEASURES, sum: "Sum of a property" };

function Choices({ asked, events, interval }: Given & { interval: Interval }) {
  const { measure, of, by } = chosenOf(asked);
  const properties = propertiesOf(events, asked.event);
  const count = (name: Measure) => asked.choose({ measure: name === "events" ? null : name, of: null });
  const add = (name: string | null) => asked.choose({ of: name });
  const breakDown = (name: string | null) => asked.choose({ by: name });
  return (
    <div class="tools" role="group" aria-label="What is drawn">
      <Choice label="Measure" of={CHOICES} value={measure} change={count} />
      {measure === "sum" && (
        <PropertyChoice properties={properties} value={of} label="Property to add up" change={add} />
      )}
      <Choice label="Interval" of={INTERVALS} value={interval} change={(interval) => asked.choose({ interval })} />
      <PropertyChoice
        properties={properties}
        value={by}
        none="not broken down"
        label="Broken down by"
        change={breakDown}
      />
    </div>
  );
}

function Drawn({ series, asked, about }: { series: Series; asked: Asked; about: number | null }) {
  const total = series.Series.reduce((sum, line) => sum + Number(line.Total), 0);
  const name = `${MEASURES[series.Measure as Measure] ?? series.Measure} by ${series.Interval}`;
  return (
    <>
      <Cut looked={series} total={about} />
      {total === 0 && series.Complete ? (
        <Empty title="Nothing in this range">
          <p>Choose a longer one, or fewer filters.</p>
        </Empty>
      ) : (
        <div class="card">
          <Chart series={series} label={name} />
        </div>
      )}
      <details>
        <summary>As a table</summary>
        <div class="tools">
          <button type="button" onClick={() => keep(series, asked)}>
            CSV
          </button>
        </div>
        <Table series={series} />
      </details>
    </>
  );
}

function Table({ series }: { series: Series }) {
  return (
    <div class="sheet wide" tabIndex={0} role="region" aria-label="The numbers of the chart">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{series.TimeZone}</th>
            {series.Series.map((line, number) => (
              <th key={number} scope="col" class="number">
                <LineName of={line} series={series} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.Times.map((time, at) => (
            <tr key={time}>
              <th scope="row">{timeName(time, series)}</th>
              {series.Series.map((line, number) => (
                <td key={number} class="number" data-name={lineText(line, series).slice(0, 40)}>
                  {count(line.Counts[at] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function keep(series: Series, asked: Asked): void {
  const head = ["time", ...series.Series.map((line) => lineText(line, series))];
  save(`${asked.event ?? "events"}-by-${series.Interval}`, [
    head,
    ...series.Times.map((time, at) => [time, ...series.Series.map((line) => line.Counts[at])]),
  ]);
}
