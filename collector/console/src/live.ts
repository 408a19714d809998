// Events as they arrive, by server-sent events; it reconnects by itself, and shows none twice for it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { session, sessionEnded } from "./api";
import { parse } from "./json";
import type { LiveEvent } from "./shapes";
import { inTurn } from "./turns";

const MOST = 500;
const SHORTEST = 1_000;
const LONGEST = 15_000;

/** One line of the view; `number` tells it from all others, `fresh` whether it came after the view was opened. */
export interface Arrival extends LiveEvent {
  number: number;
  fresh: boolean;
}

/** `away`: the collector cannot be reached; `apart`: it can, and its database cannot. */
export type Connection = "connecting" | "open" | "away" | "apart";

export interface Watching {
  /** Newest first. */
  arrivals: Arrival[];
  connection: Connection;
  /** How many came while it was paused, none twice. */
  held: number;
  /** What came faster than it is shown. */
  leftOut: number;
  paused: boolean;
  pause: (on: boolean) => void;
  clear: () => void;
}

interface Stream {
  close: () => void;
}

interface Told {
  event: (event: LiveEvent) => void;
  leftOut: (events: number) => void;
  at: (now: Connection) => void;
}

/** Opens the stream of a list again and again, until it is closed. */
function open(listId: number | null, { event, leftOut, at }: Told): Stream {
  let source: EventSource | null = null;
  let timer = 0;
  let wait = SHORTEST;
  const again = async () => {
    source?.close();
    at("away");
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST);
    // A stream does not say why it was refused.
    if ((await session().catch(() => undefined)) === null) (clearTimeout(timer), sessionEnded());
  };
  const connect = () => {
    source = new EventSource(`/console/live${listId === null ? "" : `?ListID=${listId}`}`);
    source.onopen = () => ((wait = SHORTEST), at("open"));
    source.onerror = () => void again();
    source.addEventListener("event", (message) => event(parse(message.data)));
    source.addEventListener("left_out", (message) => leftOut(JSON.parse(message.data).Count));
    source.addEventListener("away", (message) => at(JSON.parse(message.data).Away ? "apart" : "open"));
    source.addEventListener("ended", sessionEnded);
  };
  const rest = () => (clearTimeout(timer), source?.close(), at("connecting"));
  const leave = inTurn(connect, rest);
  return { close: () => (leave(), clearTimeout(timer), source?.close()) };
}

/** Two messages about the same stored event have the same name here. */
const nameOf = (event: LiveEvent): string | null => (event.Key ? `${event.Outcome} ${event.Key}` : null);

/** What came and is not there already, the newest first. */
function unknown(arrivals: Arrival[], came: Arrival[]): Arrival[] {
  const known = new Set(arrivals.map(nameOf));
  const fresh: Arrival[] = [];
  for (const one of came) {
    const name = nameOf(one);
    if (name && known.has(name)) continue;
    known.add(name);
    fresh.unshift(one);
  }
  return fresh;
}

/** Puts what came before what is there, which may have been shown without the warnings that came only now. */
function joined(arrivals: Arrival[], came: Arrival[]): Arrival[] {
  const warnings = new Map(came.flatMap((one) => (one.Key && one.Warnings?.length ? [[nameOf(one), one.Warnings]] : [])));
  const warned = (one: Arrival) => ({ ...one, Warnings: warnings.get(nameOf(one)) ?? one.Warnings });
  return [...unknown(arrivals, came), ...arrivals].slice(0, MOST).map(warned);
}

/** What has come of each list: one view shows what came while another was open. */
const kept = new Map<number | null, Arrival[]>();
let numbers = 0;

/** What one user has seen is not for the next. */
export function forgetLive(): void {
  kept.clear();
}

export function useLive(listId: number | null): Watching {
  const [arrivals, set] = useState<Arrival[]>(() => kept.get(listId) ?? []);
  const [connection, at] = useState<Connection>("connecting");
  const [paused, stop] = useState(false);
  const [held, hold] = useState(0);
  const [leftOut, leave] = useState(0);
  const waiting = useRef<Arrival[]>([]);
  const resting = useRef(false);
  const there = useRef(arrivals);
  there.current = arrivals;
  const release = useCallback(() => {
    const came = waiting.current.splice(0);
    if (came.length) set((now) => joined(now, came));
    hold(0);
  }, []);
  useEffect(() => {
    let timer = 0;
    const opened = Date.now();
    const flush = () => ((timer = 0), resting.current ? hold(unknown(there.current, waiting.current).length) : release());
    const event = (event: LiveEvent) => {
      const fresh = Date.parse(event.Received ?? event.Time ?? "") > opened - 2_000;
      waiting.current.push({ ...event, number: numbers++, fresh });
      if (waiting.current.length > MOST) waiting.current.shift();
      timer ||= setTimeout(flush, 100);
    };
    const stream = open(listId, { event, at, leftOut: (events) => leave((now) => now + events) });
    return () => (clearTimeout(timer), stream.close());
  }, [listId]);
  const pause = useCallback((on: boolean) => ((resting.current = on), stop(on), on || release()), []);
  useEffect(() => void kept.set(listId, arrivals), [arrivals]);
  const clear = useCallback(() => (set([]), leave(0)), []);
  return { arrivals, connection, held, leftOut, paused, pause, clear };
}
