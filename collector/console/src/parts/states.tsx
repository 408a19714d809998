// The states of what is asked: under way, nothing there, not to be had, cut short.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Trouble } from "../api";
import { count, moment } from "../words";

/** Takes the room that rows will take, so that nothing jumps when they come. */
export function Skeleton({ rows = 6, tall }: { rows?: number; tall?: boolean }) {
  return (
    <div class={tall ? "skeleton tall" : "skeleton"} role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: tall ? 1 : rows }, (_, number) => (
        <i key={number} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      {children}
    </div>
  );
}

/** Why there is no answer, and a way to ask again; where the collector said when, it is asked again by itself. */
export function Problem({ trouble, again }: { trouble: Trouble; again?: () => void }) {
  const [left, set] = useState(trouble.wait);
  useEffect(() => set(trouble.wait), [trouble]); // which stays in its place where a try ends in the next one
  useEffect(() => {
    if (!trouble.wait || !again) return;
    if (left <= 0) return again();
    const timer = setTimeout(() => set(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <div class="problem" role="alert">
      <p>{trouble.message}</p>
      {again && (
        <button type="button" onClick={again}>
          {left > 0 ? `Try again (by itself in ${left} s)` : "Try again"}
        </button>
      )}
    </div>
  );
}

/** Says how far an answer reaches that the time limit cut. */
export function Cut({
  looked,
  total,
}: {
  looked: { From?: string; Scanned: number; Complete: boolean };
  total?: number | null;
}) {
  if (looked.Complete) return null;
  const of = total && total > looked.Scanned ? ` of about ${count(total)}` : "";
  const reach = looked.From ? `back to ${moment(looked.From)}, ` : "";
  return (
    <p class="cut" role="status">
      <strong>Cut short.</strong> Counted {reach}
      {count(looked.Scanned)}
      {of} events looked at. A shorter range, or fewer filters, gives the whole answer.
    </p>
  );
}

/** What is there is dimmed while something newer is under way. */
export function Fresh({ loading, children }: { loading: boolean; children: ComponentChildren }) {
  return (
    <div class={loading ? "fresh waiting" : "fresh"} aria-busy={loading}>
      {children}
    </div>
  );
}
