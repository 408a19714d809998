/**
 * What became of an event: the collector's own answer, `{status: "success", …}` or `{Errors: […]}`. Where the collector
 * was not asked or did not answer, code 0 says why.
 */
export interface Verdict {
  status?: string;
  uuid?: string;
  external_id?: string | null;
  identify_event_sent?: boolean;
  duplicate?: true;
  Errors?: { Code: number; Message: string }[];
}

export type Properties = Record<string, unknown>;

/** An event as `before` sees it: its properties with all that is filled in, no credentials. */
export interface Event {
  Event: string;
  Properties: Properties;
  Timestamp: number;
  Email?: string;
  ID?: string | number;
  UUID?: string;
  EventID?: string;
}

/** What `data-*` says on the tag, and what calls have set since; the README tells what each does. An attribute without a value is `""`. */
export interface Options {
  key?: string;
  endpoint?: string;
  spa?: string;
  test?: string | boolean;
  ignoreLocal?: string | boolean;
  consent?: string | boolean;
  persist?: string;
  domain?: string;
  gpc?: string;
  auto?: string;
  check?: string;
  source?: string;
  /** Why nothing of this page is sent; empty where there is no reason. */
  reason?: string;
  before?: (event: Event) => Event | null | undefined | false;
}

export interface Footfall {
  init(options: Options): Promise<Verdict | void>;
  track(name: string, properties?: Properties): Promise<Verdict>;
  page(url?: string, properties?: Properties): Promise<Verdict>;
  identify(email?: string | null, traits?: Properties, id?: string | number): Promise<Verdict>;
  conversion(id: string | number, name: string, value: number, properties?: Properties): Promise<Verdict>;
  test(on?: boolean): Promise<Verdict | void>;
  consent(granted: boolean): Promise<Verdict | void>;
  reset(): Promise<Verdict | void>;
  before(hook: (event: Event) => Event | null | undefined | false): Promise<Verdict | void>;
}

declare global {
  interface Window {
    footfall: Footfall;
  }
}
