// The shapes of what the collector answers.

/** An integer beyond 2^53 is a bigint (`json.ts`). */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

/** How far something can be relied on: sent by the owner's server, or claimed in a page. */
export type Trust = "secret" | "public";

export interface List {
  ListID: number;
  Name: string;
  TimeZone: string;
}

export interface Session {
  User: string;
  Lists: List[];
  NoList: boolean;
  Url: string;
  Script: string;
  EventPath: string | null;
  Pinned: { Script: string; Integrity: string } | null;
}

export interface Key {
  Prefix: string;
  Kind: Trust;
  Origins: string[];
  Permissions: string[];
  RateLimit: number | null;
  Created?: string | null;
  LastUsed: string | null;
  ListID: number | null;
}

export interface Happening {
  Key: string;
  Event: string;
  Time: string;
  Received: string;
  EventID: string | null;
  UUID: string;
  Email: string | null;
  ID: string | null;
  Subscriber: string | null;
  Trust: Trust;
  KeyPrefix: string | null;
  Bot: boolean;
  OriginUnknown: boolean;
  Automatic: boolean;
  Agent: { [name: string]: string } | null;
  Properties: { [name: string]: Json };
}

export type Outcome = "stored" | "duplicate" | "test" | "refused";

export interface LiveEvent extends Partial<Happening> {
  Outcome: Outcome;
  Errors?: { Code: number; Message: string }[];
  Warnings?: string[];
  /** Of the page that sent it, where it was refused. */
  Origin?: string | null;
  /** Whether some of its properties were too long to be shown. */
  Cut?: boolean;
}

/** An answer that had to look at events: at how many, and whether at all there are. */
export interface Looked {
  From: string;
  To: string;
  Scanned: number;
  Complete: boolean;
}

export interface Property {
  Property: string;
  Count: number;
  Share: number;
  Types: { [type: string]: number };
  AtLeast: boolean;
  FirstSeen: string | null;
  LastSeen: string | null;
  New: boolean;
  Similar: string[];
  Examples?: Json[];
}

export interface CatalogEvent {
  Event: string;
  Count: number;
  Bots: number;
  AtLeast: boolean;
  FirstSeen: string | null;
  LastSeen: string | null;
  New: boolean;
  Days: number[];
  Similar: string[];
  Properties: Property[];
}

export interface Catalog {
  ListID: number | null;
  TimeZone: string;
  Truncated: boolean;
  Pending: number;
  Lag: number;
  /** False while the days lack what was stored before an upgrade. */
  Complete?: boolean;
  Days: string[];
  Events: CatalogEvent[];
}

export interface Numbers {
  Count: number;
  Min: number | bigint;
  Median: number | bigint;
  Mean: number | bigint;
  Max: number | bigint;
  Histogram: { From: number | bigint; To: number | bigint; Count: number }[];
}

export interface Values extends Looked {
  Property: string;
  Events: number;
  Missing: number;
  Distinct: number;
  Values: { Value: Json; Count: number }[];
  Numbers: Numbers | null;
}

export interface Line {
  Value: Json;
  Other?: boolean;
  Missing?: boolean;
  /** A bigint where numbers are summed that are so large. */
  Total: number | bigint;
  Counts: (number | bigint)[];
}

export interface Series extends Looked {
  Measure: string;
  Interval: Interval;
  TimeZone: string;
  Times: string[];
  Series: Line[];
}

export type Interval = "hour" | "day" | "week";

export interface Listing {
  Events: Happening[];
  Cursor: string | null;
  Scanned: number;
  Complete: boolean;
}

export type Operator = "equals" | "is_not" | "contains" | "greater" | "less" | "is_set" | "is_not_set" | "one_of";

export interface Filter {
  Property: string;
  Operator: Operator;
  Value?: Json;
}

export interface Trait {
  Trait: string;
  Value: Json;
  Trust: Trust;
  Time: string | null;
}

export interface Person {
  UUID: string;
  Emails: { Email: string; Trust: Trust }[];
  IDs: { ID: string; Trust: Trust }[];
  Verified: boolean;
  Created: string | null;
  LastSeen: string | null;
  Traits: Trait[];
  Visitors: { UUID: string; From: string | null; Until: string | null; Trust: Trust }[];
  Conflicts: Conflict[];
  /** There are more visitors than are looked at. */
  Truncated?: boolean;
}

/** Events whose address named one subscriber and whose ID another; `Names` says which of the two named this one. */
export interface Conflict {
  Names: "Email" | "ID";
  Subscriber: string;
  ID: string | null;
  Events: number;
  First: string;
  Last: string;
}

export interface PersonAnswer {
  Subscriber: Person | null;
  /** What was asked for, where it is a visitor of nobody; its traits. */
  Visitor?: string;
  Traits?: Trait[];
  Events: Happening[];
  Cursor: string | null;
}

export interface Row {
  UUID: string;
  Email: string | null;
  ID: string | null;
  Verified: boolean;
  Created: string | null;
  LastSeen: string | null;
}

export interface People {
  Subscribers: Row[];
  Cursor: string | null;
}
