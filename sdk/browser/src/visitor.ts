import { attempt, jar, options } from "./options";

/** A random uuid. `crypto.randomUUID` is missing on pages without https; the address of a blob ends in one everywhere. */
export const randomUuid = (): string => URL.createObjectURL(new Blob()).slice(-36);

/** 395 days in seconds: 13 months, and less than the 400 days that browsers allow. */
const COOKIE_AGE = 34128000;

let known: string | undefined;

/** Keeps a visitor's uuid in the cookie, or deletes it where there is none. */
const keep = (uuid: string): string => {
  // A sandboxed frame may not touch cookies at all: the uuid in memory has to do.
  attempt(
    () =>
      (jar.cookie = `footfall_visitor=${uuid};Path=/;SameSite=Lax;Max-Age=${uuid ? COOKIE_AGE : 0};Domain=${options.domain || ""}${isSecureContext ? ";Secure" : ""}`),
  );
  return (known = uuid);
};

/**
 * The visitor: a uuid that a first-party cookie keeps for 13 months, counted from the first visit, or that lives as long
 * as the page where cookies are blocked or not wanted.
 */
export const visitor = (): string =>
  (known ||= attempt(() => /footfall_visitor=(.{36})/.exec(jar.cookie!)![1]) || keep(randomUuid()));

/** Deletes the cookie; the next event is another visitor's. */
export const forget = (): string => keep("");
