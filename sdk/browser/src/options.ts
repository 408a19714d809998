import type { Options } from "./types";

/** The settings in force; without a key until there are some. */
export let options: Options = {};

/** The site's storage; an object that is gone with the page where the browser forbids it. */
export let site: Record<string, string>;

/** Where events wait: the site's storage where that is wanted. */
export let storage: Record<string, string> = {};

/** What all names in the storage begin with. */
export let prefix = "";

/** What `work` gives; undefined where the browser forbids it. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {}
  return;
}

/** Whether anything may be kept for the next page. */
export function persists(): boolean {
  return options.persist != "none";
}

/** Whether a switch is on: by its attribute, or by the page's address. */
export function isOn(name: "test" | "auto" | "check" | "ignoreLocal"): boolean {
  return location.search.includes(`footfall_${name}=1`) || !/^(false|undefined)$/.test(options[name] as string);
}

/** Puts settings in force. */
export function choose(chosen: Options, source: string): void {
  options = { ...chosen, source, endpoint: new URL(chosen.endpoint || "/api/v1/event", source).href };
  prefix = `footfall:${chosen.key}:`;
  site = attempt(() => localStorage) || {};
  storage = persists() ? site : {};
}
