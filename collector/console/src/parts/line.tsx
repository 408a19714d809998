// What a line of a chart is called.
import type { Line } from "../shapes";
import { valueText } from "../words";
import { Value } from "./text";

export const MEASURES = { events: "Events", visitors: "Visitors", subscribers: "Subscribers", sum: "Sum" };
export type Measure = keyof typeof MEASURES;

export const isWhole = (line: Line): boolean => line.Value === null && !line.Other && !line.Missing;
const nameOf = (measure: string): string => MEASURES[measure as Measure] ?? measure;

/** With a break-down a line is called by its value, without one by what is counted. */
export function LineName({ of, measure }: { of: Line; measure: string }) {
  if (of.Other) return <em>All others</em>;
  if (of.Missing) return <em>Without it</em>;
  return isWhole(of) ? <span>{nameOf(measure)}</span> : <Value of={of.Value} />;
}

/** The same as text, for files. */
export function lineText(line: Line, measure: string): string {
  return line.Other
    ? "All others"
    : line.Missing
      ? "Without it"
      : isWhole(line)
        ? nameOf(measure)
        : valueText(line.Value);
}
