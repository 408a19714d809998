import { options } from "./options";

/** The alternatives of sdk/secrets.json, put in by the build. */
declare const SECRETS: string;

const secret = new RegExp(`([?&#](?:${SECRETS})=)[^&#]*`, "gi");

/** An address as it may leave the page: no secrets in its query, and a fragment only where that is the route. */
export function clean(address: unknown): string {
  const shown = String(address);
  return (options.spa == "hash" ? shown : shown.replace(/#.*/s, "")).replace(secret, "$1***");
}

/** The part of the page's address whose change is a new page view. */
export function route(): string {
  const { pathname, search, hash } = location;
  return pathname + (options.spa == "query" ? search : options.spa == "hash" ? hash : "");
}
