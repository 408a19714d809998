import { clean } from "./address";
import { adopt, deliver, discard, failure, queue } from "./delivery";
import { isOn, options, site } from "./options";
import type { Event, Properties, Verdict } from "./types";
import { forget, visitor } from "./visitor";

export type Hook = (event: Event) => Event | null | undefined | false;
/** When and where something happened, and what the page's title was. */
export type Moment = [number, string, string];

/** So many events may wait in a page. */
const MOST_WAITING = 1000;
const LIBRARY = "footfall-browser/0.1.0";

/** Why nothing of this page is to be sent; empty where there is no reason. */
export let reason = "";

/** The address the visitor came from: another site's page, or the route before. */
let referrer = document.referrer;
let moment: Moment | undefined;
let granted: boolean | undefined;
let testing = false;
let hook: Hook | undefined;
/** One more than the events that wait for the gate; 0 when it is open. */
let held = 1;
let unlock: () => void;
const gate = new Promise<void>((opens) => (unlock = opens)).then(() => {
  held = 0;
  if (!reason) adopt();
});

/** The page is at another route than before. */
export function cameFrom(address: string): void {
  referrer = address;
}

/** From now on events are of that moment; without one, of the present. */
export function at(given?: Moment): void {
  moment = given;
}

/** From now on events are test events, or no longer. */
export function test(on = true): void {
  testing = on;
}

/** Has a function of the page's see every event. */
export function before(given: Hook): void {
  hook = given;
}

/** Says whether the visitor agrees. */
export function grant(given: boolean): void {
  granted = given;
  open();
}

/** An event as it is at this moment, with all that is filled in; `rest` is what stands beside its properties. */
export function make(Event: string, given?: Properties, rest?: object): Event {
  const [Timestamp, url, title] = moment || [Date.now(), location.href, document.title];
  const Properties: Properties = {
    $page_title: title,
    $current_url: url,
    $referrer: referrer,
    $language: navigator.language,
    $screen_width: screen.width,
    $screen_height: screen.height,
    $viewport_width: innerWidth,
    $viewport_height: innerHeight,
    $lib: LIBRARY,
    $bot: navigator.webdriver || undefined,
  };
  for (const [name, value] of new URL(url).searchParams) {
    if (/^utm_/.test(name)) Properties[name] = value;
  }
  return { Event, Properties: { ...Properties, ...given }, Timestamp, ...rest };
}

/** Lets an event go on its way. What is ignored says why, to its caller and in the console. */
export async function submit(event: Event): Promise<Verdict> {
  let verdict: Verdict;
  try {
    if (held && held++ < MOST_WAITING) await gate;
    if (reason || held || queue[MOST_WAITING - 1]) throw reason || "too many events";
    for (const name of ["$current_url", "$referrer"]) event.Properties[name] = clean(event.Properties[name]);
    const changed = hook ? hook(event) : event;
    if (!changed) throw "before()";
    event = changed;
    if (testing) event.Properties.isTest = !!testing;
    event.UUID = visitor();
    verdict = await new Promise(deliver(event));
  } catch (fault) {
    verdict = failure(fault);
  }
  if (testing || verdict.Errors) console.warn("footfall", event, JSON.stringify(verdict));
  return verdict;
}

function refusal(): string {
  return /^sk_/.test(options.key!)
    ? "secret key: revoke it"
    : granted == false
      ? "no consent"
      : options.gpc != "ignore" && ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || navigator.doNotTrack == "1")
        ? "Do Not Track"
        : isOn("ignoreLocal") && /^(localhost$|127\.|\[|$)/.test(location.hostname)
          ? "local"
          : site.footfall_ignore
            ? "footfall_ignore"
            : "";
}

/** Opens the gate where there is a key, consent, and a page that is more than a guess of the browser's; or a reason to
 * send nothing. */
export function open(): void {
  if (!options.key) return;
  testing ||= isOn("test");
  if (options.consent != "required") granted ??= true;
  reason = refusal();
  if (granted == false) {
    forget();
    discard(failure(reason));
  }
  // A page that was prerendered still says so when it comes into view.
  const isGuess = document.hidden && (document as { prerendering?: boolean }).prerendering;
  if (reason || (granted && !isGuess)) unlock();
}
