import type { Options } from "./types";

/** The settings in force, and what calls have set since; without a key until there are some. */
export let options: Options = {};

/** Puts settings in force. */
export const choose = (chosen: Options): Options => (options = chosen);

/** What `work` gives; undefined where the browser forbids it. */
export const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {}
  return;
};

/** The site's storage; an object that is gone with the page where the browser forbids it. */
export const site: Record<string, string> = attempt(() => localStorage) || {};

/** Where events wait, and where the visitor's cookie is: the page's memory until the site's own are to be used. */
export let storage: Record<string, string> = {};
export let jar: { cookie?: string } = {};

/** Has events and the visitor outlive the page. */
export const persist = (): void => {
  storage = site;
  jar = document;
};

/** Whether a switch is on: by its attribute, or by the page's address. */
export const isOn = (name: "test" | "auto" | "check" | "ignoreLocal"): boolean =>
  location.search.includes(`footfall_${name}=1`) || `${options[name] ?? false}` != "false";

/** An address in full. */
export const absolute = (address: string, base: string | Location = location): string => new URL(address, base as string).href;
