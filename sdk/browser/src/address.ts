import { options } from "./options";

/** A secret in a query. The build puts the names of sdk/secrets.json in the place of SECRETS. */
const secret = /([?&#](SECRETS)=)[^&#]*/gi;

/** An address as it may leave the page: no secrets in its query, and a fragment only where that is the route. */
export function clean(address: unknown): string {
  return `${address}`.replace(options.spa == "hash" ? "" : /#.*/s, "").replace(secret, "$1***");
}

/** The part of the page's address whose change is a new page view. */
export function route(): string {
  const { pathname, search, hash } = location;
  const routes: Record<string, string> = { off: "", query: pathname + search, hash: pathname + hash };
  return routes[options.spa!] ?? pathname;
}
