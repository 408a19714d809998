import { attempt, options, persists } from "./options";

/** A random uuid. `crypto.randomUUID` is missing on pages without https; the address of a blob ends in one everywhere. */
export function randomUuid(): string {
  return URL.createObjectURL(new Blob()).slice(-36);
}

/** 395 days in seconds: 13 months, and less than the 400 days that browsers allow. */
const COOKIE_AGE = 34128000;

let known: string | false | undefined;

function keep(age: number): void {
  const rest = `Path=/;SameSite=Lax;Max-Age=${age};Domain=${options.domain || ""}${isSecureContext ? ";Secure" : ""}`;
  // A sandboxed frame may not touch cookies at all: the uuid in memory has to do.
  attempt(() => (document.cookie = `footfall_visitor=${known};${rest}`));
}

/**
 * The visitor: a uuid that a first-party cookie keeps for 13 months, counted from the first visit, or that lives as long
 * as the page where cookies are blocked or not wanted.
 */
export function visitor(): string {
  known ||= persists() && attempt(() => /footfall_visitor=(.{36})/.exec(document.cookie)?.[1]);
  if (!known) {
    known = randomUuid();
    if (persists()) keep(COOKIE_AGE);
  }
  return known;
}

/** Deletes the cookie; the next event is another visitor's. */
export function forget(): void {
  known = "";
  keep(0);
}
