// A list of which the first few are shown, and the rest when they are asked for: so that it hides nothing that follows.
import type { ComponentChildren } from "preact";

interface Given {
  items: ComponentChildren[];
  /** How many are shown. */
  most: number;
  class?: string;
  label?: string;
}

export function Folded({ items, most, label, ...rest }: Given) {
  // One that is alone takes no more room than the line that would hide it.
  const shown = items.length > most + 1 ? most : items.length;
  const left = items.slice(shown);
  return (
    <>
      <ul class={rest.class} aria-label={label}>
        {items.slice(0, shown)}
      </ul>
      {left.length > 0 && (
        <details class="folded">
          <summary>{left.length} more</summary>
          <ul class={rest.class}>{left}</ul>
        </details>
      )}
    </>
  );
}
