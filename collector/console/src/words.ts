// Numbers, moments and values in words, in the language and zone of whoever looks.
import { stringify } from "./json";
import type { Json } from "./shapes";

const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const exact = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 17 });
const compacts = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const fullDates = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  year: "numeric",
  month: "long",
  day: "numeric",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const count = (n: number | bigint): string => numbers.format(n);
export const compact = (n: number): string => compacts.format(n);
export const share = (part: number): string =>
  part > 0 && part < 0.001 ? `<${shares.format(0.001)}` : shares.format(part);
export const moment = (iso: string): string => moments.format(new Date(iso));
export const clock = (iso: string): string => clocks.format(new Date(iso));
export const date = (iso: string): string => dates.format(new Date(iso));
export const fullDate = (iso: string): string => fullDates.format(new Date(iso));

/** "1 event", "2 events". */
export const many = (n: number, one: string, several = `${one}s`): string => `${count(n)} ${n === 1 ? one : several}`;

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const WEEK = 7 * 86_400;

/** How long ago a moment is: "3 hours ago"; beyond a week, its date. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1_000;
  if (Math.abs(seconds) > WEEK) return date(iso);
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return unit === "second" ? "just now" : relative.format(Math.trunc(seconds / size), unit);
}

export const zoneHere = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// Signs that are not seen, and that can turn around what stands after them; joiners stay, they are part of words.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// Nor are spaces at an end.
const ENDS = /^ +| +$/g;

/** A text with its invisible signs made visible, so that two names that differ look different. */
export function visible(text: string): string {
  return text
    .replace(UNSEEN, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`)
    .replace(ENDS, (spaces) => "␣".repeat(spaces.length));
}

// Letters that look like Latin ones, where they stand among Latin ones.
const LATIN = /\p{Script=Latin}/u;
const ALIKE = /([\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]+)/u;

/** A text in pieces; each second piece is of letters of another alphabet than the rest. */
export const alphabets = (text: string): string[] => (LATIN.test(text) ? text.split(ALIKE) : [text]);

/** A value on one line: text as it is, the rest as JSON. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string"
    ? visible(value)
    : typeof value === "bigint"
      ? count(value)
      : typeof value === "number"
        ? exact.format(value)
        : stringify(value);
}
