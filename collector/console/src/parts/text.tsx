// Texts that others have sent, shown as nothing but text.
import type { ComponentChildren } from "preact";
import type { Json, Trust } from "../shapes";
import { ago, alphabets, moment, valueText, visible } from "../words";

/** A name or an address: kept apart from the direction of what stands beside it. */
export function Name({ of, none = "(empty name)" }: { of: string; none?: string }) {
  if (of === "") return <span class="faint">{none}</span>;
  const pieces = alphabets(visible(of));
  return (
    <bdi class="name">
      {pieces.length < 2
        ? pieces
        : pieces.map((piece, number) => (number % 2 ? <Odd key={number} of={piece} /> : piece))}
    </bdi>
  );
}

/** Letters that look like others: two names that look the same are seen to differ. */
function Odd({ of }: { of: string }) {
  return (
    <span class="odd" title="These letters are of another alphabet than the rest">
      {of}
    </span>
  );
}

/** A value of a property, by its type. */
export function Value({ of }: { of: Json | undefined }) {
  if (of === "") return <span class="faint">(empty text)</span>;
  if (of === null || of === undefined) return <span class="faint">null</span>;
  const kind = typeof of === "string" ? "text" : "exact";
  return <bdi class={`value ${kind}`}>{valueText(of)}</bdi>;
}

/** A moment, as the viewer's clock shows it. */
export function Time({ at, short }: { at: string | null; short?: boolean }) {
  if (!at) return <span class="faint">–</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {short ? ago(at) : moment(at)}
    </time>
  );
}

export function TrustMark({ of }: { of: Trust }) {
  return of === "secret" ? (
    <span class="mark good" title="Sent by your own server with a secret key">
      known
    </span>
  ) : (
    <span class="mark doubt" title="Said by a page, whose key anyone can copy">
      claimed in a page
    </span>
  );
}

export function Mark({ kind = "", title, children }: { kind?: string; title?: string; children: ComponentChildren }) {
  return (
    <span class={`mark ${kind}`} title={title}>
      {children}
    </span>
  );
}
