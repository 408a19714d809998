import { failure } from "./delivery";
import { at, make, submit } from "./events";
import type { Moment } from "./events";
import { absolute, choose, isOn, options, persist } from "./options";
import type { Options, Properties, Verdict } from "./types";
import { settle, view } from "./views";
import { forget } from "./visitor";

/** Whether this is the package for bundlers, not the script that is served. */
declare const MODULE: boolean;

/** A call that came before this script: what awaits it, its name and arguments, and when and where that was. */
type Early = [(verdict: unknown) => void, string, unknown[], ...Moment];
type Part = Record<string, (footfall: any, context: any) => void>;

const tag = (MODULE ? null : document.currentScript || document.querySelector("[data-key*=k_]")) as HTMLScriptElement | null;


/** Fetches what only some pages need: from the package, or from where the script is. */
const load = (part: string): Promise<Part> => {
  if (MODULE) return part == "auto" ? import("./auto.js") : import("./check.js");
  return import(absolute("?" + part, tag!.src) as never);
};

const init = (chosen: Options): void => {
  if (options.key) return;
  if (chosen.key) {
    // What the page has said before wins.
    choose({ ...chosen, ...options, endpoint: absolute(chosen.endpoint || "/api/v1/event", tag?.src) });
    if (options.persist != "none") persist();
    view();
  }
  // That there is no key is for the check to say.
  for (const part of ["auto", "check"] as const) {
    if (isOn(part)) load(part).then((loaded) => loaded[part]!(footfall, options)).catch(console.warn);
  }
};

const track = (name: string, properties?: Properties, rest?: object): Promise<Verdict> => {
  settle();
  return submit(make(name, properties, rest));
};

const footfall: Record<string, (...given: any[]) => unknown> = {
  init,
  track,
  page(url?: string, properties?: Properties): Promise<Verdict> {
    return track("page_view", { ...(url && { $current_url: absolute(url) }), ...properties });
  },
  identify(Email?: string | null, traits?: Properties, ID?: string | number): Promise<Verdict> {
    return track("identify", traits, { Email, ID });
  },
  conversion(id: string | number, name: string, value: number, properties?: Properties): Promise<Verdict> {
    return track("conversion", { "conversion-id": id, "conversion-name": name, "conversion-value": value, ...properties });
  },
  test(on = true): void {
    options.test = on;
  },
  consent(given: boolean): void {
    options.consent = !!given;
    view();
  },
  reset(): void {
    settle();
    forget();
  },
  before(hook: Options["before"]): void {
    options.before = hook;
  },
};

const early = self.footfall as unknown as { track?: unknown } & Early[];
// The second copy of this script finds the first one's. The stub is a list; an element of that id is neither.
if (!early?.track || early[0]) {
  for (const name in footfall) {
    const work = footfall[name]!;
    // Never throws and never rejects into the page.
    footfall[name] = (...given) => new Promise((done) => done(work(...given))).catch(failure);
  }
  self.footfall = footfall as never;
  for (const [done, name, given, ...moment] of early?.track ? early : []) {
    at(moment);
    done(footfall[name]?.(...given));
  }
  at();
  if (tag) init(tag.dataset);
}
