import { route } from "./address";
import { flush, resume } from "./delivery";
import { cameFrom, make, open, submit } from "./events";
import { options } from "./options";
import type { Event } from "./types";

/** How long a title may take to follow its address, in milliseconds. */
const SETTLING = 400;

let last: string | boolean = "";
let address: string;

/** The page view that waits for its title. */
let unsettled: Event | undefined;

const observer = new MutationObserver(() => document.title != unsettled!.Properties.$page_title && settle());

/** Ends the wait for the title of the latest view, if it is that of this event. */
export const settle = (event = unsettled): void => {
  if (!event || event != unsettled) return;
  unsettled = undefined;
  observer.disconnect();
  event.Properties.$page_title = document.title;
  submit(event);
};

/** Counts a page view where there is one: made at the navigation, and sent once its title has settled. */
export const view = (): void => {
  if (!options.key) return;
  open();
  const now = route();
  if (document.hidden || last == now) return;
  settle();
  if (last) cameFrom(address);
  last = now;
  address = location.href;
  unsettled = make("page_view");
  observer.observe(document, { characterData: true, childList: true, subtree: true });
  setTimeout(settle, SETTLING, unsettled);
};

const leave = (): void => {
  settle();
  flush();
};

for (const name of ["pushState", "replaceState"] as const) {
  const original = history[name];
  history[name] = (...given) => {
    original.apply(history, given);
    view();
  };
}
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  last = "";
  view();
  resume();
});
addEventListener("pagehide", leave);
addEventListener("online", resume);
// A change of the fragment is one of these, too.
addEventListener("popstate", view);
addEventListener("visibilitychange", () => (document.hidden ? leave() : view()));
