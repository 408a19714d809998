import { route } from "./address";
import { flush, resume } from "./delivery";
import { cameFrom, make, open, submit } from "./events";
import { options } from "./options";

/** How long a title may take to follow its address, in milliseconds. */
const SETTLING = 400;

let last: string | undefined;
let address = "";

/** Ends the wait for the title of the latest view. */
export let settle = (): void => {};

/** Counts a page view where there is one: made at the navigation, and sent once its title has settled. */
export function view(): void {
  const now = route();
  if (!options.key || document.hidden || last == now) return;
  settle();
  if (last) cameFrom(address);
  last = now;
  address = location.href;
  const event = make("page_view");
  const observer = new MutationObserver(() => document.title != event.Properties.$page_title && finish());
  const finish = (): void => {
    if (settle != finish) return;
    settle = () => {};
    observer.disconnect();
    event.Properties.$page_title = document.title;
    submit(event);
  };
  settle = finish;
  observer.observe(document, { childList: true, subtree: true, characterData: true });
  setTimeout(finish, SETTLING);
}

function leave(): void {
  settle();
  flush();
}

for (const name of ["pushState", "replaceState"] as const) {
  const original = history[name];
  history[name] = (...given) => {
    original.apply(history, given);
    view();
  };
}
// A change of the fragment is one of these, too.
addEventListener("popstate", view);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  last = undefined;
  view();
  resume();
});
addEventListener("online", resume);
addEventListener("pagehide", leave);
addEventListener("visibilitychange", () => (document.hidden ? leave() : (open(), view())));
