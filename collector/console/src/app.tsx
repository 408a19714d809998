// The page around the views: who is logged in, which list, which view.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Address, type Choices, type View, go, href, useAddress } from "./address";
import { forget } from "./answers";
import { forgetLive } from "./live";
import { Trouble, ask, logOut, session as asked, whenEnded } from "./api";
import { Boundary } from "./parts/boundary";
import { Name } from "./parts/text";
import { Empty, Problem, Skeleton } from "./parts/states";
import { type Here, NO_LIST, Within, listOf } from "./session";
import type { List, Listing, Session } from "./shapes";
import { Explore } from "./views/explore";
import { Live } from "./views/live";
import { Login } from "./views/login";
import { People } from "./views/people";
import { SetUp } from "./views/setup";

const TITLES: { [view in View]: string } = { setup: "Set up", arrivals: "Live", explore: "Explore", people: "People" };
const SHOWN = { setup: SetUp, arrivals: Live, explore: Explore, people: People };

type State = "asking" | "out" | "ended" | Session | Trouble;

export function App() {
  const [state, set] = useState<State>("asking");
  const renew = useCallback(async () => {
    try {
      const found = await asked();
      if (!found) forgetAll();
      set((before) => found ?? (isSession(before) ? "ended" : "out"));
    } catch (trouble) {
      set(trouble as Trouble);
    }
  }, []);
  useEffect(() => {
    whenEnded(() => (forgetAll(), set("ended")));
    void renew();
  }, []);
  if (state === "asking")
    return (
      <main class="view">
        <Skeleton />
      </main>
    );
  if (state === "out" || state === "ended") return <Login ended={state === "ended"} then={renew} />;
  const leave = async () => {
    await logOut().catch(() => {});
    forgetAll();
    go("/console");
    set("out");
  };
  if (state instanceof Trouble) return <Apart trouble={state} again={() => void renew()} leave={leave} />;
  return <Page session={state} renew={renew} leave={leave} />;
}

/** There is no session to be had: the collector is away, or this user may not look. */
function Apart({ trouble, again, leave }: { trouble: Trouble; again: () => void; leave: () => void }) {
  return (
    <main class="view">
      <h1>Footfall</h1>
      <Problem trouble={trouble} again={again} />
      {trouble.status === 403 && (
        <button type="button" onClick={leave}>
          Log out
        </button>
      )}
    </main>
  );
}

function forgetAll(): void {
  forget();
  forgetLive();
}

function isSession(state: State): state is Session {
  return typeof state === "object" && !(state instanceof Trouble);
}

interface Given {
  session: Session;
  renew: () => Promise<void>;
  leave: () => void;
}

function Page({ session, renew, leave }: Given) {
  const address = useAddress();
  const list = listOf(session, address.chosen.get("list"));
  const kept = { list: list ? String(list.ListID) : NO_LIST };
  useFirstView(address, list, kept);
  const here: Here = useMemo(() => ({ session, list: list ?? null, kept, renew }), [session, list, renew]);
  useTitle(address, list);
  useFocus(address);
  const View = address.view ? SHOWN[address.view] : Skeleton;
  return (
    <Within.Provider value={here}>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <Top address={address} session={session} list={list} leave={leave} />
      <main class="view" id="view" tabIndex={-1} key={`${address.view} ${kept.list}`}>
        <Boundary>{list === undefined ? <Unknown /> : <View />}</Boundary>
      </main>
    </Within.Provider>
  );
}

function Unknown() {
  return (
    <Empty title="There is no such list">
      <p>It may have been another user's address that you followed. Choose a list above.</p>
    </Empty>
  );
}

const PATIENCE = 1_500;

/** An address without a view leads to what is most wanted: to Set up where nothing has come yet, else to Explore. */
function useFirstView(address: Address, list: List | null | undefined, kept: Choices) {
  useEffect(() => {
    if (address.view) return;
    const left = new AbortController();
    const lead = (view: View) =>
      left.signal.aborted || go(href(view, { ...kept, ...Object.fromEntries(address.chosen) }), true);
    const question = { ListID: list?.ListID ?? null, Limit: 1 };
    const timer = setTimeout(() => lead("explore"), PATIENCE);
    ask<Listing>("website_events.list", question, left.signal).then(
      ({ Events }) => lead(Events.length ? "explore" : "setup"),
      () => lead("setup"),
    );
    return () => (left.abort(), clearTimeout(timer));
  }, [address.view]);
}

function useTitle(address: Address, list: List | null | undefined) {
  useEffect(() => {
    const { view, chosen } = address;
    const what = chosen.get("event") ?? chosen.get("person");
    document.title = [what, view && TITLES[view], list?.Name, "Footfall"].filter(Boolean).join(" · ");
  }, [address, list]);
}

/** Where the link that was followed is gone with its view, the focus goes to the new one. */
function useFocus(address: Address) {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else if (document.activeElement === document.body) document.getElementById("view")?.focus({ preventScroll: true });
  }, [address.view, address.chosen.get("event"), address.chosen.get("person"), address.chosen.get("list")]);
}

function Top({
  address,
  session,
  list,
  leave,
}: { address: Address; list: List | null | undefined } & Omit<Given, "renew">) {
  return (
    <header class="top">
      <a class="brand" aria-label="Footfall" href={href("explore", { list: list ? String(list.ListID) : NO_LIST })}>
        <img src="/static/favicon.svg" alt="" width="24" height="24" />
        <span>Footfall</span>
      </a>
      <ListChoice address={address} session={session} list={list} />
      <nav aria-label="Views">
        {(Object.keys(TITLES) as View[]).map((view) => (
          <a
            key={view}
            href={href(view, { list: address.chosen.get("list") })}
            aria-current={address.view === view ? "page" : undefined}
          >
            {TITLES[view]}
          </a>
        ))}
      </nav>
      <span class="who">
        <Name of={session.User} />{" "}
        <button type="button" class="quiet" onClick={leave}>
          Log out
        </button>
      </span>
    </header>
  );
}

function ListChoice({ address, session, list }: { address: Address; session: Session; list: List | null | undefined }) {
  const unlisted = session.NoList || list === null;
  if (!session.Lists.length && !unlisted) return <span />;
  const view = address.view ?? "explore";
  const choose = (changed: Event) => go(href(view, { list: (changed.currentTarget as HTMLSelectElement).value }));
  return (
    <label class="lists">
      <span class="unseen">List</span>
      <select value={list ? String(list.ListID) : list === null ? NO_LIST : ""} onChange={choose}>
        {list === undefined && <option value="">Choose a list</option>}
        {session.Lists.map((one) => (
          <option key={one.ListID} value={String(one.ListID)}>
            {one.Name}
          </option>
        ))}
        {unlisted && <option value={NO_LIST}>No list</option>}
      </select>
    </label>
  );
}
