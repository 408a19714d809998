// Answers as components have them: loading, there, or not to be had; shown from memory at once when one comes back.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useAddress } from "./address";
import { type Trouble, ask } from "./api";
import { stringify } from "./json";

const KEPT = 40;
const remembered = new Map<string, unknown>();

function remember(key: string, answer: unknown): void {
  remembered.delete(key);
  remembered.set(key, answer);
  if (remembered.size > KEPT) remembered.delete(remembered.keys().next().value!);
}

/** What one user was answered is not for the next. */
export function forget(): void {
  remembered.clear();
}

export interface Answered<T> {
  /** The answer to what is asked now, or, while that is under way, to what was asked before; null before the first. */
  answer: T | null;
  /** Whether `answer` is not yet that of what is asked now. */
  loading: boolean;
  trouble: Trouble | null;
  again: () => void;
}

interface Held<T> {
  key: string;
  answer: T | null;
  trouble: Trouble | null;
}

/**
 * The answer of a command to a question, asked anew when the question changes.
 *
 * @param question null: nothing is asked yet
 */
export function useAnswer<T>(command: string, question: object | null): Answered<T> {
  const key = question && `${command} ${stringify(question)}`;
  const [held, hold] = useState<Held<T>>({ key: "", answer: null, trouble: null });
  const [round, next] = useState(0);
  const { visit } = useAddress();
  const last = useRef<T | null>(null);
  useEffect(() => {
    if (!key) return;
    const left = new AbortController();
    const stillAsked = (then: () => void) => left.signal.aborted || then();
    ask<T>(command, question!, left.signal).then(
      (answer) => stillAsked(() => (remember(key, answer), hold({ key, answer, trouble: null }))),
      (trouble) => stillAsked(() => hold({ key, answer: null, trouble })),
    );
    return () => left.abort();
  }, [key, round, visit]);
  const again = useCallback(() => (hold((now) => ({ ...now, key: "" })), next((n) => n + 1)), []);
  const settled = held.key === key;
  const known = settled ? held.answer : ((key ? remembered.get(key) : null) as T | undefined);
  if (known) last.current = known;
  return { answer: known ?? last.current, loading: !settled && !!key, trouble: settled ? held.trouble : null, again };
}
