/**
 * What `?footfall_check=1` shows the site's owner: whether script, key, origin and event are right, and if not, why and
 * what to do. Loaded on demand. It asks the collector by a test event, which leaves nothing. Its looks need no leave of
 * a content security policy: a constructed style sheet is none of the page's.
 */
import type { Verdict } from "./types";

export interface Context {
  key?: string;
  endpoint?: string;
  /** Why nothing of this page is sent; empty where it is. */
  reason?: string;
  consent?: string;
}

/** One line of the overlay. */
interface Row {
  state: "ok" | "bad" | "note" | "open";
  title: string;
  why?: string;
  do?: string;
}

const PATIENCE = 15000;
const MARKS = { ok: "✓", bad: "✗", note: "!", open: "–" };
const SAID = { ok: "in order", bad: "wrong", note: "note", open: "not known" };
const LOOKS = `
:host { all: initial; position: fixed; right: 16px; bottom: 16px; z-index: 2147483647; color-scheme: light dark; }
section { box-sizing: border-box; width: min(400px, calc(100vw - 32px)); max-height: calc(100vh - 32px); overflow: auto;
  padding: 16px 20px; border: 1px solid #0003; border-radius: 12px; background: #fff; color: #1b1f24;
  font: 14px/1.45 system-ui, sans-serif; box-shadow: 0 8px 32px #0004; }
section:focus { outline: none; }
header { display: flex; align-items: center; justify-content: space-between; margin-bottom: 4px; }
h2 { margin: 0; font-size: 16px; }
button { width: 32px; height: 32px; border: 0; border-radius: 8px; background: none; color: inherit; font: inherit; cursor: pointer; }
button:hover { background: #8883; }
button:focus-visible { outline: 2px solid #1a66d6; }
ul { margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 24px 1fr; padding: 8px 0; border-top: 1px solid #8884; }
li > span { font-weight: 700; }
b { display: block; font-weight: 600; }
p { margin: 2px 0 0; overflow-wrap: anywhere; }
.ok > span { color: #11703a; } .bad > span { color: #b3261e; } .note > span { color: #8a5300; } .open { opacity: .7; }
@media (prefers-color-scheme: dark) {
  section { background: #1b1f24; color: #e8eaed; border-color: #fff3; }
  .ok > span { color: #6bd08f; } .bad > span { color: #ff8a80; } .note > span { color: #f5c26b; }
}`;

const ok = (title: string, why?: string): Row => ({ state: "ok", title, why });
const bad = (title: string, why: string, advice: string): Row => ({ state: "bad", title, why, do: advice });
const open = (title: string): Row => ({ state: "open", title: `${title}?`, why: "Not known until the line above is in order." });

/** Makes a key for this page, and prints its tag. */
const command = (): string => `footfall snippet --list ID --url ${collector} --origin ${location.origin}`;
let collector = "https://…";
const [KEY, ORIGIN, EVENT] = ["Key accepted", "Origin allowed", "Event accepted"];

/** What an owner can do about a reason for which this browser is left out, by what the reason says. */
const ADVICE: [RegExp, string][] = [
  [
    /track/i,
    'Global Privacy Control or Do Not Track is on in this browser. Turn it off here to see your own visits, or put data-gpc="ignore" on the tag if the law lets you.',
  ],
  [/footfall_ignore/, 'This browser is left out by its owner. In the console: localStorage.removeItem("footfall_ignore").'],
  [/local/i, "data-ignore-local is on the tag: it leaves out localhost and files. Take it off to count them."],
  [/consent/, "The visitor said no. Call footfall.consent(true) when they agree."],
];

/** Why this browser is left out, and what its owner can do about it. */
function ignored({ reason, consent }: Context): Row[] {
  if (reason && !/secret key/.test(reason)) {
    const why = `Each event is answered with "${reason}".`;
    const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
    return [{ state: "note", title: "Nothing is sent from this browser", why, do: advice }];
  }
  if (consent == "required") {
    const why = 'data-consent="required" is on the tag: until there is consent events are held, and nothing is stored.';
    return [{ state: "note", title: "Consent is required", why, do: "Call footfall.consent(true) on each page of a visitor who agrees." }];
  }
  return [];
}

/** What a verdict of the collector says of key, origin and event. */
function judged(status: number, verdict: Verdict): Row[] {
  const [first] = verdict.Errors || [];
  const told = (verdict.Errors || []).map((error) => error.Message).join("; ");
  const nothing = [open(ORIGIN), open(EVENT)];
  if (verdict.status == "success") return [ok(KEY), ok(ORIGIN, location.origin), ok(EVENT, "A test event was accepted; it is not stored.")];
  if (!first || status == 404 || status == 405) {
    const why = `The endpoint answered ${status}${first ? `, ${told}` : ", in no words of a collector"}.`;
    return [bad("Collector not reached", why, "Is data-endpoint right, and does a proxy pass it on to the collector?"), open(KEY), ...nothing];
  }
  if (first.Code == 99998) {
    return [bad("Key not accepted", "The collector does not know this key, or it was revoked.", `Another, with its tag: ${command()}`), ...nothing];
  }
  if (status == 403 && /server/.test(first.Message)) return [secret(), ...nothing];
  if (status == 403) {
    const why = `${location.origin} is none of the origins that this key was made for.`;
    return [ok(KEY), bad("Origin not allowed", why, `A key for it, with its tag: ${command()}`), open(EVENT)];
  }
  if (status > 499) {
    const advice = "Look at its log and at /readyz. Visitors' events wait in their browsers meanwhile.";
    return [open(KEY), open(ORIGIN), bad("Event not accepted", `The collector cannot take events now (${status}).`, advice)];
  }
  const limited = status == 429;
  const why = limited ? "Too many events came from this address, or for this site." : `${told}.`;
  const advice = limited ? "Wait a minute, then load this page again." : "Tell those who run the collector: this event should have been right.";
  return [ok(KEY), ok(ORIGIN, location.origin), bad("Event not accepted", why, advice)];
}

function secret(): Row {
  const advice = `Revoke it at once (footfall key revoke PREFIX). A public one, with its tag: ${command()}`;
  return bad("Key not accepted", "This is a secret key (sk_…). Everybody who sees this page can read it.", advice);
}

/** Why the collector could not be asked. */
function unreachable(endpoint: string, blocked: boolean): Row[] {
  const why = blocked ? "The content security policy of this page forbids it." : `${endpoint} could not be reached.`;
  const advice = blocked
    ? `Add ${collector} to connect-src.`
    : "Is the collector running, is the address right and https where the page is? A content blocker may be in the way: try another browser, or rename script and endpoint (--script-path, --event-path).";
  return [bad("Collector not reached", why, advice), open(KEY), open(ORIGIN), open(EVENT)];
}

/** Asks the collector. A secret key is not sent. */
async function asked({ key, endpoint = "" }: Context): Promise<Row[]> {
  if (!key) {
    const advice = `Put data-key="pk_…" on the tag, or call footfall.init. A key, with its tag: ${command()}`;
    return [bad("Key not accepted", "There is no key.", advice), open(ORIGIN), open(EVENT)];
  }
  if (/^sk_/.test(key)) return [secret(), open(ORIGIN), open(EVENT)];
  let blocked = false;
  const violated = (): void => void (blocked = true);
  document.addEventListener("securitypolicyviolation", violated);
  try {
    const body = JSON.stringify({ APIKey: key, Event: "footfall_check", Properties: { isTest: true } });
    const response = await fetch(endpoint, { method: "POST", body, credentials: "omit", signal: AbortSignal.timeout?.(PATIENCE) });
    return judged(response.status, await response.json().catch(() => ({})));
  } catch {
    // The page hears of a violation after the request has failed.
    await new Promise((told) => setTimeout(told, 100));
    return unreachable(endpoint, blocked);
  } finally {
    document.removeEventListener("securitypolicyviolation", violated);
  }
}

function element(name: string, text = "", attributes: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

function line(row: Row): HTMLElement {
  const made = element("li", "", { class: row.state });
  const text = element("div");
  text.append(element("b", row.title));
  for (const part of [row.why, row.do]) if (part) text.append(element("p", part));
  made.append(element("span", MARKS[row.state], { role: "img", "aria-label": SAID[row.state] }), text);
  return made;
}

/** The overlay, empty; gives the list that lines are put into. */
function overlay(): HTMLElement {
  // One that said that there is no key yet.
  document.querySelector("footfall-check")?.remove();
  const host = element("footfall-check");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOKS);
  root.adoptedStyleSheets = [sheet];
  const panel = element("section", "", { role: "dialog", "aria-labelledby": "title", tabindex: "-1" });
  const header = element("header");
  const shut = element("button", "✕", { type: "button", "aria-label": "Close" });
  const list = element("ul", "", { "aria-live": "polite" });
  header.append(element("h2", "Footfall check", { id: "title" }), shut);
  panel.append(header, list);
  root.append(panel);
  const before = document.activeElement as HTMLElement | null;
  const escape = (event: KeyboardEvent): void => void (event.key == "Escape" && close());
  const close = (): void => {
    host.remove();
    document.removeEventListener("keydown", escape);
    before?.focus?.();
  };
  shut.addEventListener("click", close);
  document.addEventListener("keydown", escape);
  document.documentElement.append(host);
  panel.focus({ preventScroll: true });
  return list;
}

/**
 * Shows the overlay; resolves when all is known.
 *
 * @param given what the script knows, a `Context`.
 */
export async function check(_page: unknown, given: object): Promise<void> {
  const context = given as Context;
  const list = overlay();
  collector = new URL(context.endpoint || import.meta.url, location.href).origin;
  list.append(line(ok("Script loaded", import.meta.url.split("?")[0])));
  const waiting = line({ state: "open", title: "Asking the collector…" });
  list.append(waiting);
  const rows = await asked(context);
  waiting.remove();
  for (const row of [...rows, ...ignored(context)]) list.append(line(row));
}
