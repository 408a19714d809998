// Lines over time.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Interval, Line, Series } from "../shapes";
import { compact, count } from "../words";
import { LineName } from "./line";

const HEIGHT = 280;
const FEW = 40;
const WHOLE = [1, 2, 5].flatMap((n) => Array.from({ length: 14 }, (_, power) => n * 10 ** power)).sort((a, b) => a - b);

const seconds = (iso: string): number => Date.parse(iso) / 1_000;
const isDashed = (line: Line): boolean => !!(line.Other || line.Missing);

/** What the axis of time says at its ticks, in the zone whose days are counted. */
function ticks(zone: string): (plot: uPlot, splits: number[], axis: number, space: number, step: number) => string[] {
  const day = new Intl.DateTimeFormat(undefined, { timeZone: zone, day: "numeric", month: "short" });
  const clock = new Intl.DateTimeFormat(undefined, { timeZone: zone, timeStyle: "short" });
  return (_plot, splits, _axis, _space, step) => {
    let before = "";
    return splits.map((at) => {
      const today = day.format(at * 1_000);
      if (step >= 86_400) return today;
      const text = today === before ? clock.format(at * 1_000) : `${clock.format(at * 1_000)}\n${today}`;
      before = today;
      return text;
    });
  };
}

type Colour = (name: string) => string;

function axes(series: Series, colour: Colour): uPlot.Axis[] {
  const [stroke, grid] = [colour("--soft"), { stroke: colour("--line"), width: 1 }];
  const axis = { stroke, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const values = (_plot: uPlot, splits: number[]) => splits.map(compact);
  return [
    { ...axis, size: 36, values: ticks(series.TimeZone), space: 70 },
    { ...axis, size: 52, values, ...(series.Measure !== "sum" && { incrs: WHOLE }) },
  ];
}

/** Points are shown where a line would say nothing, or where there are few of them. */
function lines(series: Series, colour: Colour): uPlot.Series[] {
  const show = series.Times.length < 2 || (series.Times.length < FEW && series.Series.length === 1);
  return series.Series.map((line, number) => ({
    stroke: colour(`--c${number % 12}`),
    width: 2,
    ...(isDashed(line) && { dash: [6, 4] }),
    points: { show, size: 6 },
  }));
}

function options(series: Series, width: number, colour: Colour, at: (index: number | null) => void): uPlot.Options {
  return {
    width,
    height: HEIGHT,
    padding: [16, 28, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 8 } },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), series.TimeZone),
    scales: { y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.05)] } },
    axes: axes(series, colour),
    series: [{}, ...lines(series, colour)],
    hooks: { setCursor: [(plot) => at(plot.cursor.idx ?? null)] },
  };
}

/** Draws it into a box, anew when what is drawn, the box's width or the colours change. */
function usePlot(series: Series, at: (index: number | null) => void) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const inside = box.current!;
    const data = [series.Times.map(seconds), ...series.Series.map((line) => line.Counts.map(Number))] as uPlot.AlignedData;
    const colour = (name: string) => getComputedStyle(inside).getPropertyValue(name).trim();
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(series, inside.clientWidth, colour, at), data, inside);
    };
    const watch = new ResizeObserver(
      () => plot && plot.width !== inside.clientWidth && plot.setSize({ width: inside.clientWidth, height: HEIGHT }),
    );
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    draw();
    watch.observe(inside);
    scheme.addEventListener("change", draw);
    return () => (watch.disconnect(), scheme.removeEventListener("change", draw), plot?.destroy());
  }, [series]);
  return box;
}

export function Chart({ series, label }: { series: Series; label: string }) {
  const [index, at] = useState<number | null>(null);
  const box = usePlot(series, at);
  const when = index === null ? null : series.Times[index];
  return (
    <figure class="figure">
      <div class="chart" ref={box} role="img" aria-label={`${label}. The numbers stand in the table below.`} />
      <figcaption>
        <p class="at">
          {when ? timeName(when, series) : `In all, ${series.Interval}s of ${series.TimeZone}`}
          {index === series.Times.length - 1 && Date.parse(series.To) > Date.now() - 60_000 && ", so far"}
        </p>
        <ul class="legend">
          {series.Series.map((line, number) => (
            <li
              key={number}
              class={isDashed(line) ? "dashed" : ""}
              ref={(item) => item?.style.setProperty("--colour", `var(--c${number % 12})`)}
            >
              <i aria-hidden="true" />
              <LineName of={line} series={series} />
              <strong>{count(index === null ? line.Total : (line.Counts[index] ?? 0))}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

const STYLES: { [interval in Interval]: Intl.DateTimeFormatOptions } = {
  hour: { dateStyle: "medium", timeStyle: "short" },
  day: { weekday: "short", day: "numeric", month: "long", year: "numeric" },
  week: { day: "numeric", month: "long", year: "numeric" },
};

/** The hour, day or week that begins at a moment. */
export function timeName(iso: string, { Interval, TimeZone }: Series): string {
  const text = new Intl.DateTimeFormat(undefined, { ...STYLES[Interval], timeZone: TimeZone }).format(new Date(iso));
  return Interval === "week" ? `Week of ${text}` : text;
}
