/**
 * What became of an event: the collector's own answer, `{status: "success", …}` or `{Errors: […]}`. Where the collector
 * could not be asked, code 0 says why.
 */
export type Verdict =
  | {
      status: "success";
      uuid: string;
      external_id: string | null;
      identify_event_sent: boolean;
      duplicate?: true;
    }
  | { Errors: { Code: number; Message: string }[] };

/** Browsers share 64 KiB among all requests that may outlive a page; a body of this many bytes takes too much of it. */
const KEEPALIVE_LIMIT = 16384;
const TRIES = 3;

export function failure(fault: unknown): Verdict {
  return { Errors: [{ Code: 0, Message: String(fault) }] };
}

/** At least `seconds`, and up to half as much again, so that the visitors of a site do not come back all at once. */
function pause(seconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, seconds * (1000 + 500 * Math.random())));
}

/**
 * Sends one event, given as JSON, until the collector has judged it or three tries have failed. Its `EventID` makes a
 * try that did arrive harmless. Where the page may go before the answer comes, the event is handed to a beacon as well.
 */
export async function deliver(endpoint: string, event: string): Promise<Verdict> {
  // A text/plain blob is sent across origins without asking first, by fetch and by a beacon.
  const body = () => new Blob([event.slice(0, -1), ',"SentAt":', `${Date.now()}}`], { type: "text/plain" });
  const beacon = () => navigator.sendBeacon(endpoint, body());

  for (let tries = 1; ; tries++) {
    const payload = body();
    const keepalive = payload.size < KEEPALIVE_LIMIT;
    let verdict: Verdict;
    let wait = 0;
    if (!keepalive) addEventListener("pagehide", beacon);
    try {
      const response = await fetch(endpoint, { method: "POST", body: payload, keepalive, credentials: "omit" });
      removeEventListener("pagehide", beacon);
      verdict = await response.json().catch(failure);
      if (response.status != 429 && response.status < 500) return verdict;
      wait = Number(response.headers.get("Retry-After"));
    } catch (fault) {
      verdict = failure(fault);
      if (document.hidden) beacon();
      addEventListener("pagehide", beacon);
    }
    if (tries < TRIES) await pause(wait || 2 ** tries / 2);
    removeEventListener("pagehide", beacon);
    if (tries == TRIES) return verdict;
  }
}
