import { options } from "./options";

/** A secret in a query. The build puts the names of sdk/secrets.json in the place of SECRETS. */
const secret = /((\b|_)(SECRETS)=)[^&#]*/gi;

/** An address as it may leave the page: no secrets in its query, and a fragment only where that is the route. */
export const clean = (address: unknown): string =>
  `${address}`.replace(options.spa == "hash" ? "" : /#.*/, "").replace(secret, "$1***");

/** The part of the page's address whose change is a new page view. */
export const route = (): string | boolean =>
  options.spa == "off" || location.pathname + location[(options.spa == "query" ? "search" : options.spa) as "hash"];
