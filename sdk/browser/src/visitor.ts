import { attempt, options } from "./options";

/** A random uuid. `crypto.randomUUID` is missing on pages without https; the address of a blob ends in one everywhere. */
export function randomUuid(): string {
  const address = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(address);
  return address.slice(-36);
}

/** 395 days in seconds: 13 months, and less than the 400 days that browsers allow. */
const COOKIE_AGE = 34128000;

let known = "";

function keep(age: number): void {
  const domain = options.domain ? ";Domain=" + options.domain : "";
  const secure = location.protocol == "https:" ? ";Secure" : "";
  // A sandboxed frame may not touch cookies at all: the uuid in memory has to do.
  attempt(() => (document.cookie = `footfall_visitor=${known};Path=/;SameSite=Lax;Max-Age=${age}${domain}${secure}`));
}

/**
 * The visitor: a uuid that a first-party cookie keeps for 13 months, counted from the first visit, or that lives as long
 * as the page where cookies are blocked or not wanted.
 */
export function visitor(): string {
  if (!known) {
    const kept = options.persist != "none" && attempt(() => /(?:^|; )footfall_visitor=([\da-f-]{36})/.exec(document.cookie));
    known = kept ? kept[1]! : randomUuid();
    if (!kept && options.persist != "none") keep(COOKIE_AGE);
  }
  return known;
}

/** Deletes the cookie; the next event is another visitor's. */
export function forget(): void {
  known = "";
  keep(0);
}
