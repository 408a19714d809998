import { attempt, options, prefix, storage } from "./options";
import type { Event, Verdict } from "./types";
import { randomUuid } from "./visitor";

/** An event that waits: as JSON, under the name that it is stored by, until `tell` is given its verdict. */
type Entry = { slot: string; packed: string; tell?: (verdict: Verdict) => void; out?: boolean };

/** Browsers share 64 KiB among all requests that may outlive a page; a body of this many bytes takes too much of it. */
const KEEPALIVE_BYTES = 16384;
/** What an event costs in a request beside itself, in bytes: so a request cannot have more than 100 of them. */
const OVERHEAD = 100;
const MOST_STORED = 100;
const MOST_STORED_BYTES = 65536;
/** So many tries until those who wait for a verdict are told, and so many faults without a status in a page. */
const TRIES = 3;

export let queue: Entry[] = [];
let turn: Promise<unknown> = Promise.resolve();
let timer = 0;
/** Whether nothing goes before the timer says so: the status of an answer that asked to wait, or 1 after a beacon, or -1
 * after enough faults without an answer. With 0 a page that goes, or is online again, may try at once. */
let told = 0;
let tries = 0;
let trouble: Verdict | undefined;
let count = 0;
/** One page load's mark: time first, so that the collector's index grows at its end, then chance. */
const start = "0" + Date.now().toString(16) + randomUuid().slice(24);

export function failure(fault: unknown, Code = 0): Verdict {
  return { Errors: [{ Code, Message: `${fault}` }] };
}

function bytes(text: string): number {
  return new Blob([text]).size;
}

/** How long a request may take, and how long the wait for another tab that sends, or hangs; in milliseconds. */
const REQUEST_LIMIT = 30000;
const TURN_LIMIT = 10000;

function limit(milliseconds: number): AbortSignal | undefined {
  return AbortSignal.timeout?.(milliseconds);
}

/** What is stored, in the order of its happening. */
function stored(): Entry[] {
  const slots = Object.keys(storage).filter((slot) => slot.startsWith(prefix));
  return slots.sort().map((slot) => ({ slot, packed: storage[slot]! }));
}

/** Gives an event its number, delivers it when that is possible, and tells what became of it. */
export const deliver = (event: Event) => (tell: (verdict: Verdict) => void): void => {
  event.EventID = `${start}-${count + 1}`;
  // Half a character, as cut texts end in, is left out: the collector reads no lone surrogate.
  const packed = JSON.stringify(event).replace(/(\\\\)|\\ud.../g, "$1");
  const slot = prefix + start + (1e5 + count++);
  const all = stored().map((entry) => entry.packed);
  const fits = !all[MOST_STORED - 1] && bytes(all + packed) < MOST_STORED_BYTES;
  // Where the site has filled its storage, memory has to do.
  queue.push({ slot: (fits && attempt(() => (storage[slot] = packed)) && slot) || "", packed, tell });
  pump();
};

/** Takes over what earlier pages have left behind. */
export function adopt(): void {
  queue = stored();
  pump();
}

/** Forgets all that waits, stored and not. */
export function discard(verdict: Verdict): void {
  [...stored(), ...queue].forEach((entry) => finish(entry, verdict));
}

function finish(entry: Entry, verdict: Verdict): void {
  queue = queue.filter((other) => other != entry);
  delete storage[entry.slot];
  entry.tell?.(verdict);
}

/** The next events to send together: as many as may outlive the page, or one that is larger. */
function take(): Entry[] {
  const taken: Entry[] = [];
  let size = 0;
  for (const entry of queue) {
    // Another tab has sent it, or the visitor, the site or a refusal of consent has deleted it.
    if (entry.slot && !(entry.slot in storage)) finish(entry, failure("gone from storage"));
    else if (!entry.out) {
      size += bytes(entry.packed) + OVERHEAD;
      if (taken[0] && size > KEEPALIVE_BYTES) break;
      taken.push(entry);
    }
  }
  return taken;
}

/** Sends entries, and sets a timer where some of them must be sent again. */
async function post(entries: Entry[], leaving = 0): Promise<void> {
  const events = entries[1] ? `"Events":[${entries.map((entry) => entry.packed)}]}` : entries[0]!.packed.slice(1);
  const body = `{"APIKey":"${options.key}","SentAt":${Date.now()},${events}`;
  const address = options.endpoint + (entries[1] ? "s" : "");
  const keepalive = bytes(body) < KEEPALIVE_BYTES;
  let response: Response | undefined;
  let verdict: Verdict & { results?: Verdict[] };
  let wait = 0;
  // Only what outlives the page need not be handed to a beacon when it goes.
  for (const entry of entries) entry.out = keepalive || leaving > 0;
  try {
    // A beacon tells nothing: should the page stay, it is sent once more.
    if (leaving && !keepalive) throw await navigator.sendBeacon(address, body);
    // A text is sent as text/plain, which needs no preflight.
    response = await fetch(address, { method: "POST", body, keepalive, credentials: "omit", signal: limit(REQUEST_LIMIT) });
    wait = +response.headers.get("Retry-After")!;
    verdict = await response.json();
  } catch (fault) {
    // What answered "fine" in no words of ours was not the collector.
    verdict = failure(fault, response?.ok ? 0 : response?.status);
  }
  trouble = undefined;
  entries.forEach((entry, index) => {
    const result = verdict.results?.[index] || verdict;
    const code = result.Errors?.[0]?.Code ?? response!.status;
    entry.out = false;
    if (/^(0|408|42[59]|5..)$/.test(code as never)) {
      trouble = result;
      told = code;
    } else finish(entry, result);
  });
  if (trouble) {
    tries++;
    // A beacon has just gone: not another one right behind it.
    told ||= tries < TRIES ? leaving : -1;
    // At least as long as was asked for, and up to half as much again: visitors must not come back all at once.
    // More than 24 days are none to a timer.
    timer ||= setTimeout(wake, Math.min(told < 0 ? Infinity : wait || 2 ** tries / 2, 1e6) * (1000 + 500 * Math.random()));
    pump();
  } else tries = 0;
}

async function work(): Promise<void> {
  for (let entries; !timer && (entries = take())[0]; ) await post(entries);
}

/** Sends what waits, one tab of a site at a time. */
export function pump(): void {
  if (tries >= TRIES) for (const entry of queue) entry.tell?.(trouble!);
  // Without https there are no locks, in a sandbox they throw: the collector knows what it has.
  turn = turn.then(() => navigator.locks?.request("footfall", { signal: limit(TURN_LIMIT) }, work).catch(work) || work());
}

/** The page may be going: what is not on its way leaves at once, unless the collector has asked to wait. */
export function flush(): void {
  if (!told) for (let entries; (entries = take())[0]; ) post(entries, 1);
}

function wake(): void {
  timer = told = 0;
  pump();
}

/** Tries again, unless the collector has asked to wait. */
export function resume(): void {
  if (told < 1) {
    tries = 0;
    clearTimeout(timer);
    wake();
  }
}
