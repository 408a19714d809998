// Conditions on properties, as the address has them and in words.
import type { Filter, Json, Operator } from "./shapes";
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
    const found: unknown = JSON.parse(chosen.get("filter") ?? "[]");
    return Array.isArray(found)
      ? found.filter((one) => typeof one?.Property === "string" && one.Operator in OPERATORS)
      : [];
  } catch {
    return [];
  }
}

/** As the address has them; null: none. */
export const filtersText = (filters: Filter[]): string | null => (filters.length ? JSON.stringify(filters) : null);

export function valueInWords({ Operator, Value }: Filter): string {
  if (BARE.has(Operator)) return "";
  return Array.isArray(Value) ? Value.map(valueText).join(", ") : Value === "" ? "(empty text)" : valueText(Value);
}

/** What was typed, as a value of the kind that was chosen; undefined: it is none. */
export function typed(text: string, kind: string): Json | undefined {
  if (kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (kind === "boolean")
    return /^(true|yes|1)$/i.test(text.trim()) ? true : /^(false|no|0)$/i.test(text.trim()) ? false : undefined;
  return text;
}
