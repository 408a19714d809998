// Conditions on properties: those that hold, and one that is added.
import { useState } from "preact/hooks";
import { BARE, KINDS, OPERATORS, type Kind, condition, filtersText, kindOf, valueInWords } from "../filters";
import { type Asked, adding } from "../question";
import type { CatalogEvent, Filter, Operator } from "../shapes";
import { Choice } from "./choice";
import { PropertyChoice, propertiesOf } from "./property";
import { Name } from "./text";

export function Chip({ filter, asked, number }: { filter: Filter; asked: Asked; number: number }) {
  const others = asked.filters.filter((_, other) => other !== number);
  const words = valueInWords(filter);
  return (
    <span class="chip">
      <span>
        <Name of={filter.Property} /> {OPERATORS[filter.Operator]} {words && <bdi class="name">{words}</bdi>}
      </span>
      <button
        type="button"
        aria-label={`Remove the filter on ${filter.Property}`}
        onClick={() => asked.choose({ filter: filtersText(others) })}
      >
        ×
      </button>
    </span>
  );
}

interface AddingGiven {
  asked: Asked;
  events: CatalogEvent[];
  leave: () => void;
}

export function Adding({ asked, events, leave }: AddingGiven) {
  const properties = propertiesOf(events, asked.event);
  const [name, choose] = useState<string | null>(null);
  const [operator, operate] = useState<Operator>("equals");
  const [kind, set] = useState<Kind>("string");
  const [wrong, say] = useState("");
  const add = (submitted: SubmitEvent) => {
    submitted.preventDefault();
    const text = String(new FormData(submitted.currentTarget as HTMLFormElement).get("value") ?? "");
    if (name === null) return say("Choose a property.");
    const filter = condition(name, operator, text, kind);
    if (!filter) return say(kind === "number" ? "That is not a number." : "Say yes or no.");
    asked.choose(adding(asked, filter));
    leave();
  };
  const found = (name: string | null) => (choose(name), set(kindOf(properties.get(name ?? ""))));
  const escape = (event: KeyboardEvent) => void (event.key === "Escape" && leave());
  return (
    <form class="adding tools" aria-label="Add a filter" onSubmit={add} onKeyDown={escape}>
      <PropertyChoice properties={properties} value={name} label="Property" change={found} />
      <Choice label="Condition" of={OPERATORS} value={operator} change={operate} />
      {!BARE.has(operator) && <Sought operator={operator} kind={kind} change={set} />}
      <button class="main">Add</button>
      <button type="button" onClick={leave}>
        Close
      </button>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </form>
  );
}

/** The value that a condition compares with, and its kind. */
function Sought({ operator, kind, change }: { operator: Operator; kind: Kind; change: (kind: Kind) => void }) {
  return (
    <>
      <label class="grows">
        <span class="unseen">Value</span>
        <input name="value" placeholder={operator === "one_of" ? "one, two, three" : "value"} autoComplete="off" />
      </label>
      <Choice label="Kind of value" of={KINDS} value={kind} change={change} />
    </>
  );
}
