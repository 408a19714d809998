import type { Options } from "./types";

/** The settings in force; empty until there is a key. */
export let options: Options = {};

/** Where events go; more than one at once go to the same address with an `s` behind it. */
export let endpoint = "";

/** Where events wait: the site's storage, or this object, which is gone with the page. */
export let storage: Record<string, string> = {};

/** What all names in the storage begin with. */
export let prefix = "";

/** What `work` gives; undefined where the browser forbids it. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return;
  }
}

export function choose(chosen: Options, source: string): void {
  options = chosen;
  endpoint = new URL(chosen.endpoint || "/api/v1/event", source || location.href).href;
  prefix = `footfall:${chosen.key}:`;
  storage = (chosen.persist != "none" && attempt(() => localStorage)) || {};
}
