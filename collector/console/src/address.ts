// The view is in the address: its name in the path, all that was chosen in it in the query.
import { useSyncExternalStore } from "./store";

/** `live` is the path of the stream, so that the view Live has another name there. */
export const VIEWS = ["setup", "arrivals", "explore", "people"] as const;
export type View = (typeof VIEWS)[number];
export type Choices = { [name: string]: string | null | undefined };

const ROOT = "/console";
const listeners = new Set<() => void>();
let current = read(0);

export interface Address {
  /** Null: none was named, or one that does not exist. */
  view: View | null;
  chosen: URLSearchParams;
  /** Grows when the address that is there already is followed once more: what it shows is then asked for anew. */
  visit: number;
}

function read(visit: number): Address {
  const name = location.pathname.slice(ROOT.length + 1).replace(/\/$/, "");
  return { view: VIEWS.find((view) => view === name) ?? null, chosen: new URLSearchParams(location.search), visit };
}

function changed(visit = current.visit): void {
  current = read(visit);
  for (const listener of listeners) listener();
}

/** The path and query of a view; choices that are null, undefined or empty are left out, unless they say so by "=". */
export function href(view: View, choices: Choices): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(choices))
    if (value !== null && value !== undefined) query.append(name, value);
  return `${ROOT}/${view}${query.size ? `?${query}` : ""}`;
}

/** Goes to an address of the page; `replace` leaves no step back to the one that is left. */
export function go(to: string, replace = false): void {
  if (to === location.pathname + location.search) return changed(current.visit + 1);
  history[replace ? "replaceState" : "pushState"](null, "", to);
  changed();
  if (!replace) scrollTo(0, 0);
}

/** The address with other choices: those that are null are dropped, those not named stay. */
export function choosing(address: Address, choices: Choices): string {
  return href(address.view ?? "setup", { ...Object.fromEntries(address.chosen), ...choices });
}

export function useAddress(): Address {
  return useSyncExternalStore(listeners, () => current);
}

/** Links within the page change the view, and load nothing. */
function follow(click: MouseEvent): void {
  if (click.defaultPrevented || click.button || click.metaKey || click.ctrlKey || click.shiftKey || click.altKey)
    return;
  const link = (click.target as Element).closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.hash || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(`${ROOT}/`) || link.pathname.startsWith(`${ROOT}/api/`)) return;
  click.preventDefault();
  go(link.pathname + link.search);
}

export function listen(): void {
  addEventListener("popstate", () => changed());
  document.addEventListener("click", follow);
}
