// Whoever is logged in, and the list that is looked at.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Choices, type View, href, useAddress } from "./address";
import type { List, Session } from "./shapes";

export interface Here {
  session: Session;
  /** The list that the address names; null: the events without a list. */
  list: List | null;
  /** What of the address every link keeps. */
  kept: Choices;
  /** Asks for the session anew, after a list has been made or changed. */
  renew: () => Promise<void>;
}

export const Within = createContext<Here>(null!);
export const useHere = (): Here => useContext(Within);

export const NO_LIST = "none";

/** The list of an address: the one that it names, else the first; undefined: it names one that is not the user's. */
export function listOf(session: Session, named: string | null): List | null | undefined {
  if (named === NO_LIST) return null;
  if (named === null) return session.Lists[0] ?? null;
  return session.Lists.find((list) => String(list.ListID) === named);
}

/** Makes addresses of views for the list that is looked at. */
export function useLinks(): (view: View, choices?: Choices) => string {
  const { kept } = useHere();
  return (view, choices = {}) => href(view, { ...kept, ...choices });
}

/** What is chosen in the address, read, and set with a step back. */
export function useChosen() {
  return useAddress().chosen;
}
