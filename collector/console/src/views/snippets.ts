// The lines to paste. They are text, and only ever shown as text.
import type { Session } from "../shapes";

const rest = (session: Session, key: string): string => {
  const endpoint = session.EventPath ? ` data-endpoint="${session.EventPath}"` : "";
  return `data-key="${key}"${endpoint}></script>`;
};

/** The line that takes fixes of the script as they come. */
export function tag(session: Session, key: string): string {
  return `<script async src="${session.Url}${session.Script}" ${rest(session, key)}`;
}

/** The line that runs this version of the script and no other, null where the collector does not name it. */
export function pinnedTag(session: Session, key: string): string | null {
  if (!session.Pinned) return null;
  const { Script, Integrity } = session.Pinned;
  return `<script async src="${session.Url}${Script}" integrity="${Integrity}" crossorigin="anonymous" ${rest(session, key)}`;
}

export function pythonLines(session: Session, key: string): string {
  return `from footfall import Client
footfall = Client("${session.Url}", "${key}")
footfall.track("page_view", {"$page_title": "Pricing"}, email="subscriber@example.com")`;
}

export function curlLine(session: Session, key: string, listId: number | null): string {
  const event = {
    Event: "page_view",
    ...(listId !== null && { ListID: listId }),
    Email: "subscriber@example.com",
    Properties: { $page_title: "Pricing" },
  };
  return (
    `curl ${session.Url}/api/v1/event -H 'Authorization: Bearer ${key}' ` +
    `-H 'Content-Type: application/json' -d '${JSON.stringify(event)}'`
  );
}
