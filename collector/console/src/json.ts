// JSON whose integers keep all their digits: those beyond 2^53 are a bigint, where the browser gives the text of a number
// (Chromium from 114, Firefox from 135, Safari from 18.4). In others they are what JSON.parse makes of them.
interface Raw extends JSON {
  rawJSON?: (text: string) => unknown;
}

const { rawJSON } = JSON as Raw;
const INTEGER = /^-?\d+$/;

/** The integer that a text is, exact if it can be; undefined: it is none. */
export function integer(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const near = Number(text);
  return Number.isSafeInteger(near) || !rawJSON ? near : BigInt(text);
}

const exact = (_name: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) ? (integer(context?.source ?? "") ?? value) : value;

// It is several times as slow, and few answers need it.
const LONG = /\d{16}/;

export const parse = (text: string): any => JSON.parse(text, LONG.test(text) ? exact : undefined);

export const stringify = (value: unknown): string =>
  JSON.stringify(value, (_name, one: unknown) => (typeof one === "bigint" ? rawJSON!(String(one)) : one));
