// What is answered page by page: the first by itself, the others when asked for.
import { useEffect, useState } from "preact/hooks";
import { type Answered, useAnswer } from "./answers";
import { Trouble, ask } from "./api";
import { stringify } from "./json";

interface Paged {
  Cursor: string | null;
}

export interface Pages<A> extends Answered<A> {
  /** All pages so far, the first of them first. */
  pages: A[];
  /** Null: there are no more. */
  more: (() => Promise<void>) | null;
  asking: boolean;
}

export function usePages<A extends Paged>(command: string, question: object | null): Pages<A> {
  const first = useAnswer<A>(command, question);
  const [later, set] = useState<A[]>([]);
  const [asking, ask_] = useState(false);
  const [trouble, fail] = useState<Trouble | null>(null);
  const key = stringify(question);
  useEffect(() => (set([]), fail(null)), [key, first.answer]);
  const pages = first.answer ? [first.answer, ...later] : [];
  const cursor = pages.at(-1)?.Cursor;
  const more = async () => {
    ask_(true);
    fail(null);
    try {
      const page = await ask<A>(command, { ...question, Cursor: cursor });
      set((now) => [...now, page]);
    } catch (fault) {
      fail(fault as Trouble);
    } finally {
      ask_(false);
    }
  };
  return { ...first, trouble: first.trouble ?? trouble, pages, more: cursor ? more : null, asking };
}
