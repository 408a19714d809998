// What is asked of a list's events, as the address says it.
import { useMemo } from "preact/hooks";
import { type Choices, choosing, go, useAddress } from "./address";
import { filtersOf, filtersText } from "./filters";
import { type Range, rangeOf, zoneOf } from "./ranges";
import { useHere } from "./session";
import type { CatalogEvent, Filter } from "./shapes";

export interface Asked {
  listId: number | null;
  zone: string;
  event: string | null;
  range: Range;
  filters: Filter[];
  bots: boolean;
  chosen: URLSearchParams;
  /** The parameters that the questions have in common. */
  common: { [name: string]: unknown };
  choose: (choices: Choices, replace?: boolean) => void;
  /** The address with other choices. */
  link: (choices: Choices) => string;
}

export function useAsked(): Asked {
  const { list } = useHere();
  const address = useAddress();
  return useMemo(() => {
    const { chosen } = address;
    const zone = zoneOf(list);
    const [event, bots] = [chosen.get("event"), chosen.get("bots") === "1"];
    const [range, filters] = [rangeOf(chosen, zone), filtersOf(chosen)];
    const link = (choices: Choices) => choosing(address, choices);
    const common = {
      ListID: list?.ListID ?? null,
      ...(event !== null && { Event: event }),
      From: range.From,
      ...(range.To && { To: range.To }),
      ...(filters.length && { Filters: filters }),
      ...(bots && { Bots: true }),
    };
    const choose = (choices: Choices, replace = false) => go(link(choices), replace);
    return { listId: list?.ListID ?? null, zone, event, range, filters, bots, chosen, common, choose, link };
  }, [address, list]);
}

/** About how many events there are to look at, as far as the catalog knows; null: it does not. */
export function aboutOf({ event, range }: Asked, events: CatalogEvent[]): number | null {
  const those = events.filter((one) => event === null || one.Event === event);
  if (!those.length) return null;
  const days = range.preset && range.days <= 30 ? range.days : null;
  return those.reduce((sum, one) => sum + (days ? one.Days.slice(-days).reduce((all, n) => all + n, 0) : one.Count), 0);
}

/** The choices that add a condition. */
export const adding = (asked: Asked, filter: Filter): Choices => ({ filter: filtersText([...asked.filters, filter]) });
