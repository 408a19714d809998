// Conditions on properties, as the address has them and in words.
import { integer, parse, stringify } from "./json";
import type { Filter, Json, Operator, Property } from "./shapes";
import { valueText } from "./words";

export const OPERATORS: { [operator in Operator]: string } = {
  equals: "is",
  is_not: "is not",
  contains: "contains",
  greater: "is greater than",
  less: "is less than",
  one_of: "is one of",
  is_set: "is set",
  is_not_set: "is not set",
};
export const BARE: ReadonlySet<Operator> = new Set<Operator>(["is_set", "is_not_set"]);

/** Those of an address; what is none is left out. */
export function filtersOf(chosen: URLSearchParams): Filter[] {
  try {
    const found: unknown = parse(chosen.get("filter") ?? "[]");
    return Array.isArray(found)
      ? found.filter((one) => typeof one?.Property === "string" && one.Operator in OPERATORS)
      : [];
  } catch {
    return [];
  }
}

/** As the address has them; null: none. */
export const filtersText = (filters: Filter[]): string | null => (filters.length ? stringify(filters) : null);

export function valueInWords({ Operator, Value }: Filter): string {
  if (BARE.has(Operator)) return "";
  return Array.isArray(Value) ? Value.map(valueText).join(", ") : Value === "" ? "(empty text)" : valueText(Value);
}

export const KINDS = { string: "text", number: "number", boolean: "yes or no" };
export type Kind = keyof typeof KINDS;

/** The kind of value that a property has most. */
export function kindOf(property: Property | undefined): Kind {
  const types = Object.entries(property?.Types ?? {}).sort(([, a], [, b]) => b - a);
  const [most] = types[0] ?? ["string"];
  return most === "number" || most === "boolean" ? most : "string";
}

const YES = /^(true|yes|1)$/i;
const NO = /^(false|no|0)$/i;

/** What was typed, as a value of the kind that was chosen; undefined: it is none. */
function typed(text: string, kind: Kind): Json | undefined {
  const bare = text.trim();
  if (kind === "number") return integer(bare) ?? (bare !== "" && Number.isFinite(Number(bare)) ? Number(bare) : undefined);
  if (kind === "boolean") return YES.test(bare) ? true : NO.test(bare) ? false : undefined;
  return text;
}

/** A condition of what was typed; null: the value is not of its kind. */
export function condition(Property: string, Operator: Operator, text: string, kind: Kind): Filter | null {
  if (BARE.has(Operator)) return { Property, Operator };
  const parts = Operator === "one_of" ? text.split(",").map((part) => part.trim()) : [text];
  const values = parts.map((part) => typed(part, kind));
  if (values.includes(undefined)) return null;
  return { Property, Operator, Value: Operator === "one_of" ? (values as Json[]) : values[0]! };
}
