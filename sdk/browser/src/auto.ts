/**
 * What `data-auto` counts by itself: outbound links, downloads, forms, and elements with `data-footfall-event`. Loaded
 * on demand. It listens on the document before the page does, and prevents, stops and delays nothing.
 */
import type { Footfall, Properties } from "./types";

/** The alternatives of sdk/secrets.json, put in by the build. */
declare const SECRETS: string;

const secret = new RegExp(`((?:\\b|_)(?:${SECRETS})=)[^&]*`, "gi");
const FILES =
  /\.(7z|aac|apk|avi|bz2|csv|dmg|docx?|epub|exe|gz|ics|iso|key|m4a|m4v|midi?|mobi|mov|mp3|mp4|mpe?g|msi|odp|ods|odt|ogg|pages|pdf|pkg|ppsx?|pptx?|psd|rar|rtf|tar|tgz|txt|wav|webm|wma|wmv|xlsx?|xml|zip)$/i;
const EVENT = "data-footfall-event";
const PROPERTY = "data-footfall-property-";

/** An address without fragment and secrets; undefined where it is none. */
function address(text: string | null): URL | undefined {
  try {
    const found = new URL(text || "", document.baseURI);
    found.hash = "";
    return found;
  } catch {
    return;
  }
}

const shown = (found: URL | undefined): string | undefined => found?.href.replace(secret, "$1***");

/** The elements from the one that was meant to the document, out of open shadow trees as well. */
function path(event: Event): Element[] {
  return event.composedPath().filter((node) => node instanceof Element) as Element[];
}

/** The address of a link, which in an SVG has another kind of `href`. */
function href(element: Element): string | null {
  if (!/^(a|area)$/i.test(element.localName)) return null;
  return element.getAttribute("href") ?? element.getAttributeNS("http://www.w3.org/1999/xlink", "href");
}

/** What `data-footfall-property-…` says on an element. */
function properties(element: Element): Properties {
  const found = [...element.attributes].filter(({ name }) => name.startsWith(PROPERTY));
  return Object.fromEntries(found.map(({ name, value }) => [name.slice(PROPERTY.length), value]));
}

/** Whether a click on a label is followed by another, of its control, which comes by the same element. */
function comesAgain(element: Element, passed: Element[]): boolean {
  const label = passed.find((node) => node instanceof HTMLLabelElement) as HTMLLabelElement | undefined;
  return !!label?.control && element.contains(label.control) && !passed.includes(label.control);
}

/**
 * Begins to count.
 *
 * @param page the page's `footfall`.
 * @param options the settings; `auto` says which of `links`, `downloads`, `forms`, `events`, with commas between, empty for all.
 */
export function auto(page: unknown, options: object): void {
  const footfall = page as Pick<Footfall, "track">;
  const chosen = ((options as { auto?: string }).auto || "").split(/[\s,]+/).filter((name) => name && name != "true");
  const counts = (kind: string): boolean => !chosen.length || chosen.includes(kind);

  function tagged(element: Element): void {
    const name = element.getAttribute(EVENT);
    if (name) footfall.track(name, properties(element));
  }

  function followed(link: Element): void {
    const found = address(href(link));
    if (!found || !/^(https?|blob|data):$/.test(found.protocol)) return;
    const isFile = link.hasAttribute("download") || (/^http/.test(found.protocol) && FILES.test(found.pathname));
    // What a page has made itself has no address that means anything.
    const url = /^http/.test(found.protocol) ? shown(found) : found.protocol;
    if (isFile && counts("downloads")) footfall.track("file_download", { url });
    else if (/^http/.test(found.protocol) && found.host != location.host && counts("links")) footfall.track("outbound_click", { url });
  }

  function clicked(event: MouseEvent): void {
    // The right button opens a menu, and says nothing yet.
    if (event.button > 1) return;
    const passed = path(event);
    const link = passed.find((element) => href(element) != null);
    const named = passed.find((element) => element.hasAttribute(EVENT) && !(element instanceof HTMLFormElement));
    // Only a link does something when the middle button presses it.
    if (event.button && !link) return;
    if (named && counts("events") && !comesAgain(named, passed)) tagged(named);
    if (link) followed(link);
  }

  function submitted(event: Event): void {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    // By attributes: a field may be called "id" or "action", and hide the form's own.
    const action = (event as SubmitEvent).submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    const [id, name] = [form.getAttribute("id") || undefined, form.getAttribute("name") || undefined];
    if (counts("events")) tagged(form);
    if (counts("forms")) footfall.track("form_submit", { id, name, action: shown(address(action || location.href)) });
  }

  const listening = new WeakSet<EventTarget>();
  /** A form's event does not leave its shadow tree: whoever comes near one is followed into it. */
  function approached(event: Event): void {
    for (const node of event.composedPath()) {
      if (!(node instanceof ShadowRoot) || listening.has(node)) continue;
      listening.add(node);
      node.addEventListener("submit", submitted, { capture: true, passive: true });
    }
  }

  function listen(name: string, handle: (event: never) => void): void {
    document.addEventListener(name, handle as EventListener, { capture: true, passive: true });
  }
  for (const name of ["focusin", "pointerdown", "click"]) listen(name, approached);
  listen("click", clicked);
  listen("auxclick", clicked);
  listen("submit", submitted);
}
