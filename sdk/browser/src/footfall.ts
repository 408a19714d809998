/**
 * The script tag's side of Footfall: reads the tag, sends the page view, and gives the page `footfall.track`.
 */
import { deliver, failure, type Verdict } from "./delivery";
import { randomUuid, visitor } from "./visitor";

const tag = (document.currentScript || document.querySelector("script[data-key]")) as HTMLScriptElement;
const { key, test, endpoint } = tag.dataset;
const address = new URL(endpoint || "/api/v1/event", tag.src || location.href).href;
const isTest = test != null && test != "false";

// One page load's mark: time first, so that the collector's index grows at its end, then chance.
const start = Date.now().toString(16).padStart(12, "0") + randomUuid().slice(24);
let count = 0;

/** The event as JSON. Half a character, as cut texts end in, becomes U+FFFD: the collector reads no lone surrogate. */
function encode(event: object): string {
  return JSON.stringify(event).replace(/\\\\|\\ud.../g, (escape) => (escape[1] == "u" ? "\ufffd" : escape));
}

/**
 * Sends one event of this page. What `properties` names wins over what is filled in. Never throws and never rejects:
 * the promise tells what the collector said.
 */
async function track(name: string, properties?: Record<string, unknown>): Promise<Verdict> {
  try {
    const event = encode({
      APIKey: key,
      Event: name,
      Properties: {
        $page_title: document.title,
        $current_url: location.href,
        ...(isTest && { isTest }),
        ...properties,
      },
      EventID: `${start}-${++count}`,
      Timestamp: Date.now(),
      UUID: visitor(),
    });
    return await deliver(address, event);
  } catch (fault) {
    return failure(fault);
  }
}

function pageView(): void {
  track("page_view");
}

Object.assign(window, { footfall: { track } });

// The title stands in the document for certain once it has been parsed.
if (document.readyState == "loading") {
  document.addEventListener("DOMContentLoaded", pageView);
} else {
  pageView();
}
