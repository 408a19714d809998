import { clean } from "./address";
import { discard, enqueue, failure, pump, resume } from "./delivery";
import { attempt, choose, options } from "./options";
import type { Event, Footfall, Options, Properties, Verdict } from "./types";
import { cameFrom, settle, watch } from "./views";
import { forget, randomUuid, visitor } from "./visitor";

type Done = (verdict: Verdict) => void;
/** A call that came before this script: what awaits it, its name and arguments, and when and where that was. */
type Early = [Done, keyof Footfall, unknown[], number, string, string];

const LIBRARY = "footfall-browser/0.1.0";
// One page load's mark: time first, so that the collector's index grows at its end, then chance.
const start = Date.now().toString(16).padStart(12, "0") + randomUuid().slice(24);

let count = 0;
let source = "";
let held: [Event, Done][] | null = [];
let granted = true;
let testing = false;
let reason = "";
let hook: ((event: Event) => Event | null | undefined | false) | undefined;
let when: [number, string, string] | undefined;

/** The event as JSON. Half a character, as cut texts end in, becomes U+FFFD: the collector reads no lone surrogate. */
function encode(event: object): string {
  return JSON.stringify(event).replace(/\\\\|\\ud.../g, (escape) => (escape[1] == "u" ? "\ufffd" : escape));
}

function make(Event: string, given?: Properties, rest?: object): Event {
  const [Timestamp, url, title] = when || [Date.now(), location.href, document.title];
  const Properties: Properties = {
    $page_title: title,
    $current_url: url,
    $referrer: cameFrom(),
    $language: navigator.language,
    $screen_width: screen.width,
    $screen_height: screen.height,
    $viewport_width: innerWidth,
    $viewport_height: innerHeight,
    $lib: LIBRARY,
    $bot: navigator.webdriver || undefined,
  };
  new URL(url).searchParams.forEach((value, name) => {
    if (/^utm_/.test(name)) Properties[name] = value;
  });
  return { Event, Properties: { ...Properties, ...given }, Timestamp, ...rest };
}

function submit(event: Event): Promise<Verdict> {
  return new Promise((done) => {
    if (held) held.push([event, done]);
    else release(event, done);
  });
}

/** Lets an event go on its way. What is ignored says why, to its caller and in the console. */
function release(made: Event, done: Done): void {
  try {
    if (reason) throw reason;
    for (const name of ["$current_url", "$referrer"]) made.Properties[name] = clean(made.Properties[name]);
    const event = hook ? hook(made) : made;
    if (!event) throw "dropped by before()";
    if (testing) event.Properties.isTest = true;
    event.UUID = visitor();
    event.EventID = `${start}-${count + 1}`;
    enqueue(event.EventID, encode(event), (verdict) => {
      if (testing || verdict.Errors) console.log("footfall", event, verdict);
      done(verdict);
    });
    count++;
  } catch (fault) {
    console.warn(`footfall: ${made.Event} not sent: ${fault}`);
    done(failure(fault));
  }
}

/** Lets what was held go, once there is a key, consent, and a page that is more than a guess of the browser's. */
function open(): void {
  const shown = options.key && granted && !(document as { prerendering?: boolean }).prerendering;
  if (!reason && !shown) return;
  const waiting = held || [];
  held = null;
  for (const [event, done] of waiting) release(event, done);
}

/** Why nothing of this page is to be sent; empty where there is no reason. */
function refusal(): string {
  if (/^sk_/.test(options.key!)) return "a secret key (sk_…) must not stand in a page: revoke it";
  const { globalPrivacyControl: control, doNotTrack } = navigator as { globalPrivacyControl?: boolean } & Navigator;
  if (options.gpc != "ignore" && (control || doNotTrack == "1")) return "the visitor asks not to be tracked";
  if (options.ignoreLocal != null && /^(localhost|127\..*|\[::1\]|)$/.test(location.hostname)) return "a local page";
  return attempt(() => localStorage.footfall_ignore) ? "footfall_ignore is set in this browser" : "";
}

const api = {
  init(chosen: Options): void {
    if (options.key || !chosen.key) return;
    choose(chosen, source);
    testing ||= (chosen.test != null && chosen.test != "false") || /[?&]footfall_test=1/.test(location.search);
    granted = granted && chosen.consent != "required";
    reason ||= refusal();
    open();
    document.addEventListener("prerenderingchange", open);
    addEventListener("online", resume);
    watch(() => make("page_view"), submit);
    if (!reason && granted) pump();
  },
  track(name: string, properties?: Properties, rest?: object): Promise<Verdict> {
    settle();
    return submit(make(name, properties, rest));
  },
  page(url?: string, properties?: Properties): Promise<Verdict> {
    return api.track("page_view", { ...(url && { $current_url: new URL(url, location.href).href }), ...properties });
  },
  identify(Email?: string | null, traits?: Properties, ID?: string | number): Promise<Verdict> {
    return api.track("identify", traits, { Email, ID });
  },
  conversion(id: string | number, name: string, value: number, properties?: Properties): Promise<Verdict> {
    const named = { "conversion-id": id, "conversion-name": name, "conversion-value": value };
    return api.track("conversion", { ...named, ...properties });
  },
  test(on = true): void {
    testing = on;
  },
  consent(given: boolean): void {
    settle();
    granted = given;
    reason = given ? refusal() : "consent was refused";
    open();
    if (given) return;
    forget();
    discard(failure(reason));
  },
  reset(): void {
    settle();
    forget();
  },
  before(given: typeof hook): void {
    hook = given;
  },
};

/** Makes the page's `footfall`, once: the second copy of this script finds the first one's. */
export function create(tag?: HTMLScriptElement | null): Footfall {
  const page = window as unknown as { footfall?: Footfall & Early[] };
  const early = page.footfall;
  const isStub = Array.isArray(early);
  if (early?.track && !isStub) return early;
  source = tag?.src || "";
  const made = {} as Record<string, unknown>;
  for (const name of Object.keys(api) as (keyof typeof api)[]) {
    made[name] = (...given: unknown[]) =>
      // Never throws and never rejects into the page.
      new Promise((done) => done((api[name] as (...given: unknown[]) => unknown)(...given))).catch(failure);
  }
  page.footfall = made as never;
  for (const [done, name, given, ...moment] of isStub ? early : []) {
    when = moment;
    done((made[name] as (...given: unknown[]) => never)(...given));
  }
  when = undefined;
  if (tag?.dataset.key) api.init(tag.dataset as Options);
  return page.footfall!;
}
