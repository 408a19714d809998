import { clean } from "./address";
import { adopt, deliver, discard, failure, queue } from "./delivery";
import { isOn, options, site } from "./options";
import type { Event, Properties, Verdict } from "./types";
import { forget, visitor } from "./visitor";

/** When and where something happened, and what the page's title was. */
export type Moment = [number, string, string];

/** So many events may wait in a page. */
const MOST_WAITING = 1000;
const LIBRARY = "footfall-browser/0.1.0";

/** The address the visitor came from: another site's page, or the route before. */
let referrer = document.referrer;
let moment: Moment | undefined;
/** How many events have come before the gate was open. */
let held = 0;
let unlock: () => void;
/** What events wait for; undefined when it is open. */
let gate: Promise<void> | undefined = new Promise<void>((opens) => (unlock = opens)).then(() => {
  gate = undefined;
  if (!options.reason) adopt();
});

/** The page is at another route than before. */
export const cameFrom = (address: string): string => (referrer = address);

/** From now on events are of that moment; without one, of the present. */
export const at = (given?: Moment): unknown => (moment = given);

/** An event as it is at this moment, with all that is filled in; `rest` is what stands beside its properties. */
export const make = (Event: string, given?: Properties, rest?: object): Event => {
  const [Timestamp, url, title] = moment || [Date.now(), location.href, document.title];
  const Properties: Properties = {
    $page_title: title,
    $bot: navigator.webdriver || undefined,
    $referrer: referrer,
    $screen_width: screen.width,
    $screen_height: screen.height,
    $viewport_height: innerHeight,
    $viewport_width: innerWidth,
    $current_url: url,
    $language: navigator.language,
    $lib: LIBRARY,
  };
  for (const [name, value] of new URL(url).searchParams) {
    if (/^utm_/.test(name)) Properties[name] = value;
  }
  return { Event, Properties: { ...Properties, ...given }, Timestamp, ...rest };
};

/** Lets an event go on its way. What is ignored says why, to its caller and in the console. */
export const submit = async (event: Event): Promise<Verdict> => {
  let verdict: Verdict;
  try {
    if (gate && held++ < MOST_WAITING) await gate;
    if (options.reason || gate || queue[MOST_WAITING - 1]) throw options.reason || "too many events";
    for (const name of ["$current_url", "$referrer"]) event.Properties[name] = clean(event.Properties[name]);
    const changed = options.before ? options.before(event) : event;
    if (!changed) throw "before()";
    event = changed;
    if (isOn("test")) event.Properties.isTest = true;
    event.UUID = visitor();
    verdict = await new Promise(deliver(event));
  } catch (fault) {
    verdict = failure(fault);
  }
  if (isOn("test") || verdict.Errors) console.warn("footfall", event, JSON.stringify(verdict));
  return verdict;
};

/** Why nothing of this page is to be sent; empty where there is no reason. */
const refusal = (): string | undefined =>
  /^sk/.test(options.key!)
    ? "secret key: revoke it"
    : options.consent === false
      ? "consent"
      : options.gpc != "ignore" && ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || (navigator.doNotTrack as unknown) == 1)
        ? "doNotTrack"
        : isOn("ignoreLocal") && /^(localhost|127\.|\[|$)/.test(location.host)
          ? "ignoreLocal"
          : site.footfall_ignore && "footfall_ignore";

/** Opens the gate where there is a key, consent, and a page that is more than a guess of the browser's; or a reason to
 * send nothing. */
export const open = (): void => {
  options.reason = refusal();
  if (options.consent === false) {
    forget();
    discard();
  }
  // A page that was prerendered still says so when it comes into view.
  const isGuess = (): boolean | undefined => document.hidden && (document as { prerendering?: boolean }).prerendering;
  if (options.reason || (options.consent != "required" && !isGuess())) unlock();
};
