import { attempt, endpoint, options, prefix, storage } from "./options";
import type { Verdict } from "./types";

type Entry = { id: string; json: string; done: (verdict: Verdict) => void; out?: boolean };

/** Browsers share 64 KiB among all requests that may outlive a page; a body of this many bytes takes too much of it. */
const KEEPALIVE_BYTES = 16384;
const MOST_WAITING = 1000; // in a page
const MOST_STORED = 100;
const MOST_STORED_BYTES = 65536;
/** So many tries, and so many faults without a status in one page load. */
const TRIES = 3;

const queue: Entry[] = [];
let busy = false;
let resuming = true;
let timer = 0;
let told = false; // whether the collector itself asked to wait
let tries = 0;
let faults = 0;

export function failure(fault: unknown): Verdict {
  return { Errors: [{ Code: 0, Message: String(fault) }] };
}

function bytes(text: string): number {
  return new Blob([text]).size;
}

/** The names under which events are stored. */
function stored(): string[] {
  return Object.keys(storage).filter((name) => name.startsWith(prefix));
}

/** Takes an event, already JSON, and delivers it when that is possible. */
export function enqueue(id: string, json: string, done: (verdict: Verdict) => void): void {
  if (queue.length >= MOST_WAITING) throw "too many events are waiting";
  queue.push({ id, json, done });
  const names = stored();
  if (names.length < MOST_STORED && bytes(names.map((name) => name + storage[name]) + json) < MOST_STORED_BYTES) {
    // Where the site has filled its storage, memory has to do.
    attempt(() => (storage[prefix + id] = json));
  }
  pump();
}

/** Forgets all that waits, stored and not. */
export function discard(verdict: Verdict): void {
  adopt();
  for (const entry of [...queue]) finish(entry, verdict);
}

function finish(entry: Entry, verdict: Verdict): void {
  const index = queue.indexOf(entry);
  if (index >= 0) queue.splice(index, 1);
  delete storage[prefix + entry.id];
  entry.done(verdict);
}

/** Takes over what earlier pages have left behind. */
function adopt(): void {
  resuming = false;
  for (const name of stored().sort()) {
    const id = name.slice(prefix.length);
    if (!queue.some((entry) => entry.id == id)) queue.push({ id, json: storage[name]!, done() {} });
  }
}

/** The next events to send together: as many as may outlive the page, or one that is larger. */
function take(): Entry[] {
  const taken: Entry[] = [];
  let size = 200;
  for (const entry of queue) {
    if (entry.out) continue;
    size += bytes(entry.json) + 1;
    if (taken[0] && (size > KEEPALIVE_BYTES || taken.length == MOST_STORED)) break;
    taken.push(entry);
  }
  return taken;
}

function body(entries: Entry[]): string {
  const events = entries[1] ? `"Events":[${entries.map((entry) => entry.json)}]}` : entries[0]!.json.slice(1);
  return `{"APIKey":${JSON.stringify(options.key)},"SentAt":${Date.now()},${events}`;
}

function address(entries: Entry[]): string {
  return endpoint + (entries[1] ? "s" : "");
}

/** Sends entries; true where they are done with, false where it is time to wait. */
async function post(entries: Entry[]): Promise<boolean> {
  const payload = body(entries);
  const keepalive = bytes(payload) < KEEPALIVE_BYTES;
  let verdict: Verdict & { results?: Verdict[] };
  let status = 0;
  let wait = 0;
  // Only what outlives the page need not be handed to a beacon when it goes.
  for (const entry of entries) entry.out = keepalive;
  try {
    // A text is sent as text/plain, which needs no preflight.
    const response = await fetch(address(entries), {
      method: "POST",
      body: payload,
      keepalive,
      credentials: "omit",
      signal: AbortSignal.timeout?.(30000),
    });
    status = response.status;
    wait = +response.headers.get("Retry-After")!;
    verdict = await response.json();
  } catch (fault) {
    verdict = failure(fault);
    // What answered "fine" in no words of ours was not the collector.
    if (status < 300) status = 0;
  }
  for (const entry of entries) entry.out = false;
  if (!status || status == 408 || status == 429 || status > 499) return postpone(entries, verdict, status, wait);
  tries = 0;
  entries.forEach((entry, index) => {
    const result = verdict.results?.[index] || verdict;
    if (result.Errors?.[0]?.Code != 503) finish(entry, result);
  });
  return queue.every((entry) => !entries.includes(entry)) || postpone(entries, verdict, status, wait);
}

function postpone(entries: Entry[], verdict: Verdict, status: number, wait: number): false {
  if (!status) faults++;
  told = status > 0;
  if (++tries >= TRIES) for (const entry of entries) entry.done(verdict);
  // At least as long as was asked for, and up to half as much again: visitors must not come back all at once.
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      timer = 0;
      pump();
    },
    (wait || 2 ** Math.min(tries, 9) / 2) * (1000 + 500 * Math.random()),
  );
  return false;
}

async function work(): Promise<void> {
  if (resuming) adopt();
  for (let entries; (entries = take())[0] && (await post(entries)); );
}

/** Sends what waits, one tab of a site at a time. */
export async function pump(): Promise<void> {
  if (faults >= TRIES) for (const entry of queue) entry.done(failure("The collector cannot be reached"));
  else if (!busy && !timer && navigator.onLine) {
    busy = true;
    // Without https there are no locks, in a sandbox they throw: the collector knows what it has.
    await (navigator.locks ? navigator.locks.request("footfall", work).catch(work) : work());
    busy = false;
    if (take()[0]) pump();
  }
}

/** The page may be going: what is not on its way leaves at once, unless the collector has asked to wait. */
export function flush(): void {
  if ((timer && told) || faults >= TRIES) return;
  const beaconed: Entry[] = [];
  for (let entries; (entries = take())[0]; ) {
    if (bytes(body(entries)) < KEEPALIVE_BYTES) post(entries);
    else {
      navigator.sendBeacon(address(entries), body(entries));
      entries[0].out = true;
      beaconed.push(entries[0]);
    }
  }
  // A beacon tells nothing: should the page stay, they are sent once more.
  for (const entry of beaconed) entry.out = false;
}

/** Tries again, with what other pages have left. */
export function resume(): void {
  faults = 0;
  resuming = true;
  clearTimeout(timer);
  timer = 0;
  for (const entry of queue) entry.out = false;
  pump();
}
