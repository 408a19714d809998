// What a line of a chart is called.
import type { Line, Series } from "../shapes";
import { valueText } from "../words";
import { Value } from "./text";

export const MEASURES = { events: "Events", visitors: "Visitors", subscribers: "Subscribers", sum: "Sum" };
export type Measure = keyof typeof MEASURES;

/** Whether a line counts everything: of a break-down it may be the events whose value is null. */
const isWhole = (line: Line, alone: boolean): boolean => alone && line.Value === null && !line.Other && !line.Missing;
const nameOf = (measure: string): string => MEASURES[measure as Measure] ?? measure;

/** With a break-down a line is called by its value, without one, alone, by what is counted. */
export function LineName({ of, series }: { of: Line; series: Series }) {
  if (of.Other) return <em>All others</em>;
  if (of.Missing) return <em>Without it</em>;
  return isWhole(of, series.Series.length === 1) ? <span>{nameOf(series.Measure)}</span> : <Value of={of.Value} />;
}

/** The same as text, for files. */
export function lineText(line: Line, series: Series): string {
  if (line.Other) return "All others";
  if (line.Missing) return "Without it";
  if (line.Value === "") return "(empty text)";
  return isWhole(line, series.Series.length === 1) ? nameOf(series.Measure) : valueText(line.Value);
}
