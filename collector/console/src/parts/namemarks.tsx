// What is to be said of the name of an event.
import type { Asked } from "../question";
import type { CatalogEvent } from "../shapes";
import { Mark, Name } from "./text";

/** New names, and names that are nearly the same as another. */
export function NameMarks({ of, asked }: { of: CatalogEvent; asked: Asked }) {
  return (
    <>
      {of.New && (
        <Mark kind="new" title="First seen within the last 7 days">
          new
        </Mark>
      )}{" "}
      {of.Similar.length > 0 && (
        <small>
          nearly the same as{" "}
          {of.Similar.map((name, number) => (
            <span key={name}>
              {number > 0 && ", "}
              <a href={asked.link({ event: name, property: null, show: null })}>
                <Name of={name} />
              </a>
            </span>
          ))}
        </small>
      )}
    </>
  );
}
