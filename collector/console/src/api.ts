// Asking the collector: one function for commands, one for the session.
import { parse, stringify } from "./json";
import type { Session } from "./shapes";

const MARK = { "X-Footfall-Console": "1", "Content-Type": "application/json" };

/** Why a question has no answer, in words for whoever asked. */
export class Trouble extends Error {
  /**
   * @param status of HTTP; 0: there was no answer at all
   * @param wait seconds after which the collector would take it again, 0 where it did not say
   */
  constructor(
    message: string,
    readonly status: number,
    readonly wait = 0,
  ) {
    super(message);
  }
}

let ended = (): void => {};

/** Has `then` called when the collector no longer knows the session. */
export function whenEnded(then: () => void): void {
  ended = then;
}

/** Says that it no longer knows it. */
export function sessionEnded(): void {
  ended();
}

function inWords(status: number, body: any): string {
  const told = Array.isArray(body?.Errors)
    ? body.Errors.map((error: { Message: string }) => error.Message).join(", ")
    : "";
  if (status === 429) return "Too many questions in a short time.";
  if (status === 503) return "The database cannot be reached at the moment. Nothing that was acknowledged is lost.";
  if (status >= 500) return "The collector could not answer. Its log says why.";
  return told || `The collector answered with status ${status}.`;
}

/** A body that is no JSON is a proxy's, and says nothing. */
function read(text: string): any {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

async function sent(path: string, options: RequestInit): Promise<any> {
  let response: Response;
  let body: any;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
    body = read(await response.text());
  } catch (fault) {
    if ((fault as Error).name === "AbortError") throw fault;
    throw new Trouble("The collector does not answer. Is it running, and are you online?", 0);
  }
  if (response.ok) return body;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw new Trouble(inWords(response.status, body), response.status, wait);
}

/** The answer of a command. An ended session leads to the login. */
export async function ask<T>(command: string, body: object, signal?: AbortSignal): Promise<T> {
  try {
    const options = { method: "POST", headers: MARK, body: stringify(body) };
    return await sent(`/console/api/${command}`, signal ? { ...options, signal } : options);
  } catch (fault) {
    if (fault instanceof Trouble && fault.status === 401) sessionEnded();
    throw fault;
  }
}

/** The session of the cookie, null where there is none or it has ended. */
export async function session(): Promise<Session | null> {
  const found: Session | { User: null } = await sent("/console/session", {});
  return found.User === null ? null : found;
}

export async function logIn(user: string, password: string): Promise<void> {
  await sent("/console/login", {
    method: "POST",
    headers: MARK,
    body: JSON.stringify({ Username: user, Password: password }),
  });
}

export async function logOut(): Promise<void> {
  await sent("/console/logout", { method: "POST", headers: MARK, body: "{}" });
}

/** The address at which events are downloaded as a file of any length. */
export function download(question: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(question)) {
    if (value === null || value === undefined) continue;
    query.append(name, typeof value === "object" ? stringify(value) : String(value));
  }
  return `/console/api/website_events.list?${query}`;
}
