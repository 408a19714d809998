// Ranges of time, in days of the list's zone, as the address has them and as the collector is asked.
import { zoneHere } from "./words";
import type { Interval, List } from "./shapes";

export const PRESETS = {
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
  "12m": "Last 12 months",
};
export type Preset = keyof typeof PRESETS;
const DAYS: { [preset in Preset]: number } = { "24h": 1, "7d": 7, "30d": 30, "90d": 90, "12m": 365 };
const USUAL: Preset = "30d";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface Range {
  /** Null: the days are `first` to `last`. */
  preset: Preset | null;
  first: string;
  last: string;
  days: number;
  /** What the collector is asked: inclusive, exclusive; no end: now. */
  From: string;
  To?: string;
}

/** The zone whose days are a list's; the viewer's for events without a list. */
export const zoneOf = (list: List | null): string => list?.TimeZone ?? zoneHere;

/** The day of a moment in a zone, as 2026-11-24. */
export function dayOf(time: number, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    time,
  );
}

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function ahead(time: number, zone: string): number {
  const style = { timeZone: zone, hourCycle: "h23", dateStyle: "short", timeStyle: "medium" } as const;
  const [date, clock] = new Intl.DateTimeFormat("sv-SE", style).format(time).split(" ");
  return Date.parse(`${date}T${clock}Z`) - Math.floor(time / 1_000) * 1_000;
}

/** The moment at which a day begins in a zone. */
export function beginning(day: string, zone: string): number {
  const there = Date.parse(`${day}T00:00:00Z`);
  return there - ahead(there - ahead(there, zone), zone);
}

const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
const isDay = (text: string | null): text is string =>
  /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(Date.parse(text!));
const moment = (time: number): string => new Date(time).toISOString();

/** The range that an address names; the last 30 days where it names none, or one that is none. */
export function rangeOf(chosen: URLSearchParams, zone: string, now = Date.now()): Range {
  const [from, to] = [chosen.get("from"), chosen.get("to")];
  if (isDay(from) && isDay(to) && from <= to) {
    const days = Math.round((Date.parse(to) - Date.parse(from)) / DAY) + 1;
    return {
      preset: null,
      first: from,
      last: to,
      days,
      From: moment(beginning(from, zone)),
      To: moment(beginning(dayAfter(to, 1), zone)),
    };
  }
  const named = chosen.get("range") ?? "";
  const preset = named in PRESETS ? (named as Preset) : USUAL;
  const days = DAYS[preset];
  const last = dayOf(now, zone);
  const first = dayAfter(last, 1 - days);
  const From = moment(preset === "24h" ? Math.floor(now / HOUR) * HOUR - 23 * HOUR : beginning(first, zone));
  return { preset, first, last, days, From };
}

/** The interval that suits a range, unless the address names another. */
export function intervalOf(chosen: URLSearchParams, range: Range): Interval {
  const named = chosen.get("interval");
  if (named === "hour" || named === "day" || named === "week") return named;
  return range.days <= 2 ? "hour" : range.days <= 120 ? "day" : "week";
}
