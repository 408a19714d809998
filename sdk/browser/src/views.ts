import { flush, pump } from "./delivery";
import { clean, route } from "./address";
import { options } from "./options";
import type { Event } from "./types";

/** How long a title may take to follow its address, in milliseconds. */
const SETTLING = 400;

let last: string | undefined;
let address = "";
let referrer = document.referrer;

/** The address the visitor came from: another site's page, or the route before. */
export function cameFrom(): string {
  return referrer;
}

/** Ends the wait for the title of the latest view. */
export let settle = (): void => {};

/** Counts page views, each as an event made by `make` at the navigation and given to `send` once its title has settled. */
export function watch(make: () => Event, send: (event: Event) => void): void {
  function view(): void {
    settle();
    const event = make();
    const before = document.title;
    const observer = new MutationObserver(() => document.title != before && finish());
    const finish = (): void => {
      if (settle != finish) return;
      settle = () => {};
      observer.disconnect();
      event.Properties.$page_title = document.title;
      send(event);
    };
    settle = finish;
    observer.observe(document.head || document, { childList: true, subtree: true, characterData: true });
    setTimeout(finish, SETTLING);
  }

  function check(): void {
    if (document.hidden || last == route()) return;
    last = route();
    if (address) referrer = clean(address);
    address = location.href;
    view();
  }

  if (options.spa != "off") {
    for (const name of ["pushState", "replaceState"] as const) {
      const original = history[name];
      history[name] = function (...given) {
        original.apply(this, given);
        check();
      };
    }
    addEventListener("popstate", check);
    addEventListener("hashchange", check);
  }
  addEventListener("pageshow", (shown) => {
    if (!shown.persisted) return;
    last = undefined;
    address = "";
    check();
    pump();
  });
  const leave = (): void => {
    settle();
    flush();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : check()));
  addEventListener("pagehide", leave);
  check();
}
