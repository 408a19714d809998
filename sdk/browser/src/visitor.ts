/** A random uuid (version 4). `crypto.randomUUID` is missing on pages without https, so it is made by hand. */
export function randomUuid(): string {
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );
}

/** 395 days in seconds: 13 months, and less than the 400 days that browsers allow. */
const COOKIE_AGE = 34128000;

let known = "";

/**
 * The visitor: a uuid that a first-party cookie keeps for 13 months, counted from the first visit, or that lives as long
 * as the page where cookies are blocked.
 */
export function visitor(): string {
  if (known) return known;
  known = randomUuid();
  try {
    const kept = /(?:^|; )footfall_visitor=([\da-f-]{36})/.exec(document.cookie);
    if (kept) {
      known = kept[1]!;
    } else {
      const secure = location.protocol == "https:" ? ";Secure" : "";
      document.cookie = `footfall_visitor=${known};Path=/;SameSite=Lax;Max-Age=${COOKIE_AGE}${secure}`;
    }
  } catch {
    // A sandboxed frame may not touch cookies at all: the uuid in memory has to do.
  }
  return known;
}
