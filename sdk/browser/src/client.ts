import { failure } from "./delivery";
import { at, before, grant, make, open, reason, submit, test } from "./events";
import type { Moment } from "./events";
import { choose, isOn, options } from "./options";
import type { Options, Properties, Verdict } from "./types";
import { settle, view } from "./views";
import { forget } from "./visitor";

/** Whether this is the package for bundlers, not the script that is served. */
declare const MODULE: boolean;

/** A call that came before this script: what awaits it, its name and arguments, and when and where that was. */
type Early = [(verdict: unknown) => void, string, unknown[], ...Moment];
type Part = Record<string, (footfall: any, context: any) => void>;

const tag = (MODULE ? null : document.currentScript || document.querySelector("[data-key*=k_]")) as HTMLScriptElement | null;
const footfall: Record<string, (...given: any[]) => Promise<unknown>> = {};

/** Fetches what only some pages need: from the package, or from where the script is. */
async function load(part: string): Promise<Part> {
  if (MODULE) return part == "auto" ? import("./auto.js") : import("./check.js");
  return import(new URL("?" + part, tag!.src) as never);
}

function init(chosen: Options): void {
  if (options.key || !chosen.key) return;
  choose(chosen, tag?.src || location.href);
  open();
  view();
  for (const part of ["auto", "check"] as const) {
    if (isOn(part)) load(part).then((loaded) => loaded[part]!(footfall, { ...options, reason })).catch(console.warn);
  }
}

function track(name: string, properties?: Properties, rest?: object): Promise<Verdict> {
  settle();
  return submit(make(name, properties, rest));
}

const api = {
  init,
  track,
  page(url?: string, properties?: Properties): Promise<Verdict> {
    return track("page_view", { ...(url && { $current_url: new URL(url, location.href).href }), ...properties });
  },
  identify(Email?: string | null, traits?: Properties, ID?: string | number): Promise<Verdict> {
    return track("identify", traits, { Email, ID });
  },
  conversion(id: string | number, name: string, value: number, properties?: Properties): Promise<Verdict> {
    return track("conversion", { "conversion-id": id, "conversion-name": name, "conversion-value": value, ...properties });
  },
  test,
  consent(given: boolean): void {
    grant(given);
    settle();
  },
  reset(): void {
    settle();
    forget();
  },
  before,
};

const early = self.footfall as unknown as { track?: unknown } & Early[];
// The second copy of this script finds the first one's. The stub is a list; an element of that id is neither.
if (!early?.track || early.length) {
  for (const [name, work] of Object.entries<(...given: any[]) => unknown>(api)) {
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
