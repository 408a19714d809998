// Which tabs hold a stream. Over HTTP/1 a browser has six connections to a host, for all of its tabs together, and a stream
// holds one for as long as it is open: with six tabs of Live nothing would load any more. So a tab that is not looked at
// gives its stream up once two others were opened after it, and opens it again when it is looked at.
const MOST = 2;

/**
 * Has `take` called when this tab is to open its stream, at once and whenever it is its turn again, `give` when it is to
 * close it; the function that comes back ends this.
 */
export function inTurn(take: () => void, give: () => void): () => void {
  const others = new BroadcastChannel("footfall-streams");
  let [opened, holds] = [0, false];
  const begin = () => ((opened = 0), (holds = true), take(), others.postMessage(null));
  const look = () => {
    if (holds && document.hidden && opened >= MOST) ((holds = false), give());
    else if (!holds && !document.hidden) begin();
  };
  others.onmessage = () => (opened++, look());
  document.addEventListener("visibilitychange", look);
  begin();
  return () => (document.removeEventListener("visibilitychange", look), others.close());
}
