import { attempt, options, storage } from "./options";
import type { Event, Verdict } from "./types";
import { randomUuid } from "./visitor";

/** An event that waits: the name that it is stored by, empty where it is not; itself as JSON; whoever waits for its
 * verdict; and whether it is on its way, and outlives the page there. */
type Entry = [slot: string, packed: string, tell?: (verdict: Verdict) => void, out?: boolean | number];

/** Browsers share 64 KiB among all requests that may outlive a page; a body of this many bytes takes too much of it. */
const KEEPALIVE_BYTES = 16384;
/** What an event costs in a request beside itself, in bytes: so a request cannot have more than 100 of them. */
const OVERHEAD = 100;
const MOST_STORED = 100;
const MOST_STORED_BYTES = 65536;
/** So many tries until those who wait for a verdict are told, and so many faults without a status in a page. */
const TRIES = 3;
/** How long a request may take, and how long the wait for another tab that sends, or hangs; in milliseconds. */
const LIMIT = 20000;

export let queue: Entry[] = [];
let turn: Promise<unknown> = Promise.resolve();
let timer = 0;
/** Whether nothing goes before the timer says so: the status of an answer that asked to wait, or 1 after a beacon. With 0 a
 * page that goes, or is online again, may try at once. */
let told = 0;
let tries = 0;
let trouble: Verdict | undefined;
/** The number of the next event. */
let count = 1;
/** One page load's mark: time first, so that the collector's index grows at its end, then chance. */
const start = "0" + Date.now().toString(16) + randomUuid().slice(24);

export const failure = (fault: unknown, Code = 0): Verdict => ({ Errors: [{ Code, Message: `${fault}` }] });

const bytes = (text: string): number => new Blob([text]).size;

const limit = (): AbortSignal | undefined => AbortSignal.timeout?.(LIMIT);

/** What all names in the storage begin with. */
const prefix = (): string => `footfall:${options.key}:`;

/** What is stored, in the order of its happening. */
const stored = (): Entry[] => Object.entries(storage).sort().filter(([slot]) => slot.startsWith(prefix()));

/** Gives an event its number, delivers it when that is possible, and tells what became of it. */
export const deliver = (event: Event) => (tell: (verdict: Verdict) => void): void => {
  event.EventID = start + "-" + count;
  // Half a character, as cut texts end in, is left out: the collector reads no lone surrogate.
  const packed = JSON.stringify(event).replace(/(\\\\)|\\ud.../g, "$1");
  const slot = prefix() + start + (1e5 + count++);
  const all = stored();
  const fits = !all[MOST_STORED - 1] && bytes(all + packed) < MOST_STORED_BYTES;
  // Where the site has filled its storage, memory has to do.
  queue.push([(fits && attempt(() => (storage[slot] = packed)) && slot) || "", packed, tell]);
  pump();
};

/** Takes over what earlier pages have left behind. */
export const adopt = (): void => {
  queue = stored();
  pump();
};

/** Forgets all that waits, stored and not. */
export const discard = (): void => [...stored(), ...queue].forEach((entry) => finish(entry, failure(options.reason)));

const finish = (entry: Entry, verdict: Verdict): void => {
  const [slot, , tell] = entry;
  queue = queue.filter((other) => other != entry);
  delete storage[slot];
  tell?.(verdict);
};

/** The next events to send together: as many as may outlive the page, or one that is larger. */
const take = (): Entry[] => {
  // Another tab has sent it, or the visitor, the site or a refusal of consent has deleted it.
  for (const entry of queue) if (entry[0] && !(entry[0] in storage)) finish(entry, failure("deleted"));
  let size = 0;
  return queue.filter(([, packed, , out]) => {
    if (out) return false;
    const isFirst = !size;
    size += bytes(packed) + OVERHEAD;
    return isFirst || size < KEEPALIVE_BYTES;
  });
};

/** Sends entries, and sets a timer where some of them must be sent again. */
const post = async (entries: Entry[], leaving = 0): Promise<void> => {
  const texts = entries.map(([, packed]) => packed);
  const events = texts[1] ? `"Events":[${texts}]}` : texts[0]!.slice(1);
  const body = `{"APIKey":"${options.key}","SentAt":${Date.now()},${events}`;
  const address = options.endpoint + (texts[1] ? "s" : "");
  const keepalive = bytes(body) < KEEPALIVE_BYTES;
  let response: Response | undefined;
  let verdict: Verdict & { results?: Verdict[] };
  let wait = 0;
  // Only what outlives the page need not be handed to a beacon when it goes.
  for (const entry of entries) entry[3] = keepalive || leaving;
  try {
    // A beacon tells nothing: should the page stay, it is sent once more.
    if (leaving && !keepalive) throw await navigator.sendBeacon(address, body);
    // A text is sent as text/plain, which needs no preflight.
    response = await fetch(address, { body, credentials: "omit", keepalive, method: "POST", signal: limit() });
    wait = +response.headers.get("Retry-After")!;
    verdict = { ...(await response.json()) };
  } catch (fault) {
    // What answered "fine" in no words of ours was not the collector.
    verdict = failure(fault, response?.ok ? 0 : response?.status);
  }
  trouble = undefined;
  entries.forEach((entry, index) => {
    const result = verdict.results?.[index] || verdict;
    const code = result.Errors?.[0]?.Code ?? response!.status;
    entry[3] = false;
    if (/^(0|408|42[59]|5..)$/.test(code as never)) {
      trouble = result;
      told = code;
    } else finish(entry, result);
  });
  if (trouble) {
    // A beacon has just gone: not another one right behind it.
    told ||= leaving;
    // At least as long as was asked for, and up to half as much again: visitors must not come back all at once.
    // More than 24 days are none to a timer. From seconds to milliseconds, a half to three quarters at a time.
    wait ||= told || tries < TRIES - 1 ? 2 ** tries : 1e6;
    timer ||= setTimeout(wake, Math.min(wait, 1e6) * (2 + Math.random()) * 500);
    tries++;
  } else tries = 0;
};

const work = async (): Promise<void> => {
  for (let entries; !timer && (entries = take())[0]; ) await post(entries);
  if (tries >= TRIES) queue.forEach(([, , tell]) => tell?.(trouble!));
};

/** Sends what waits, one tab of a site at a time. */
export const pump = (): void => {
  // Without https there are no locks, in a sandbox they throw: the collector knows what it has.
  turn = turn.then(() => navigator.locks.request("footfall", { signal: limit() }, work)).catch(work);
};

/** The page may be going: what is not on its way leaves at once, unless the collector has asked to wait. */
export const flush = (): void => {
  if (!told && tries < TRIES) for (let entries; (entries = take())[0]; ) post(entries, 1);
};

const wake = (): void => {
  timer = told = 0;
  pump();
};

/** Tries again, unless the collector has asked to wait. */
export const resume = (): void => {
  if (!told) {
    tries = 0;
    clearTimeout(timer);
    wake();
  }
};
