// The controls over all questions: range, conditions, bots.
import { useRef, useState } from "preact/hooks";
import { BARE, OPERATORS, filtersText, typed, valueInWords } from "../filters";
import { type Asked, adding } from "../question";
import { PRESETS } from "../ranges";
import type { CatalogEvent, Filter, Operator, Property } from "../shapes";
import { visible } from "../words";
import { Name } from "./text";

export function Controls({ asked, events }: { asked: Asked; events: CatalogEvent[] }) {
  const [open, set] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const leave = () => (set(false), opener.current?.focus());
  return (
    <>
      <div class="tools" role="group" aria-label="What is counted">
        <Ranges asked={asked} />
        <button type="button" ref={opener} aria-expanded={open} onClick={() => set(!open)}>
          Filter
        </button>
        <label class="switch">
          <input
            type="checkbox"
            checked={asked.bots}
            onChange={() => asked.choose({ bots: asked.bots ? null : "1" })}
          />
          Count bots
        </label>
      </div>
      {(open || asked.filters.length > 0) && (
        <div class="filters">
          {asked.filters.map((filter, number) => (
            <Chip key={number} filter={filter} asked={asked} number={number} />
          ))}
          {open && <Adding asked={asked} events={events} leave={leave} />}
        </div>
      )}
    </>
  );
}

function Ranges({ asked }: { asked: Asked }) {
  const { range, choose } = asked;
  const [own, set] = useState(!range.preset);
  const pick = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement;
    set(value === "own");
    choose(
      value === "own" ? { range: null, from: range.first, to: range.last } : { range: value, from: null, to: null },
    );
  };
  const day = (name: "from" | "to") => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    const [from, to] = name === "from" ? [value, range.last] : [range.first, value];
    if (from && to) choose(from <= to ? { range: null, from, to } : { range: null, from: value, to: value });
  };
  return (
    <>
      <label>
        <span class="unseen">Range</span>
        <select value={own || !range.preset ? "own" : range.preset} onChange={pick}>
          {Object.entries(PRESETS).map(([name, preset]) => (
            <option key={name} value={name}>
              {preset.name}
            </option>
          ))}
          <option value="own">Days of your choice</option>
        </select>
      </label>
      {!range.preset && (
        <>
          <label>
            <span class="unseen">First day</span>
            <input type="date" value={range.first} onChange={day("from")} />
          </label>
          <label>
            <span class="unseen">Last day</span>
            <input type="date" value={range.last} onChange={day("to")} />
          </label>
        </>
      )}
    </>
  );
}

function Chip({ filter, asked, number }: { filter: Filter; asked: Asked; number: number }) {
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

/** The properties of what is asked, each name once. */
export function propertiesOf(events: CatalogEvent[], event: string | null): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const one of events) {
    if (event !== null && one.Event !== event) continue;
    for (const property of one.Properties) if (!found.has(property.Property)) found.set(property.Property, property);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface ChoiceGiven {
  properties: Map<string, Property>;
  value: string | null;
  none?: string;
  label: string;
  seen?: boolean;
  change: (name: string | null) => void;
}

/** A choice among properties by their place, since a name may be any text, the empty one too. */
export function PropertyChoice({ properties, value, none, label, seen, change }: ChoiceGiven) {
  const names = [...properties.keys()];
  if (value !== null && !names.includes(value)) names.push(value);
  const at = value === null ? "" : String(names.indexOf(value));
  const pick = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement;
    change(value === "" ? null : (names[Number(value)] ?? null));
  };
  return (
    <label class="choice">
      <span class={seen ? "" : "unseen"}>{label}</span>{" "}
      <select value={at} onChange={pick}>
        <option value="">{none ?? "Choose a property"}</option>
        {names.map((name, number) => (
          <option key={name} value={String(number)}>
            {name === "" ? "(empty name)" : visible(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The kind of value that a property has most. */
function kindOf(property: Property | undefined): string {
  const [kind] = Object.entries(property?.Types ?? {}).sort(([, a], [, b]) => b - a)[0] ?? ["string"];
  return kind === "integer" || kind === "double" || kind === "number"
    ? "number"
    : kind === "boolean"
      ? "boolean"
      : "string";
}

function Adding({ asked, events, leave }: { asked: Asked; events: CatalogEvent[]; leave: () => void }) {
  const properties = propertiesOf(events, asked.event);
  const [name, choose] = useState<string | null>(null);
  const [operator, operate] = useState<Operator>("equals");
  const [kind, set] = useState("string");
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
  return (
    <form
      class="adding tools"
      aria-label="Add a filter"
      onSubmit={add}
      onKeyDown={(event) => void (event.key === "Escape" && leave())}
    >
      <PropertyChoice
        properties={properties}
        value={name}
        label="Property"
        change={(found) => (choose(found), set(kindOf(properties.get(found ?? ""))))}
      />
      <label>
        <span class="unseen">Condition</span>
        <select
          value={operator}
          onChange={(event) => operate((event.currentTarget as HTMLSelectElement).value as Operator)}
        >
          {Object.entries(OPERATORS).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {!BARE.has(operator) && (
        <>
          <label class="grows">
            <span class="unseen">Value</span>
            <input name="value" placeholder={operator === "one_of" ? "one, two, three" : "value"} autoComplete="off" />
          </label>
          <label>
            <span class="unseen">Kind of value</span>
            <select value={kind} onChange={(event) => set((event.currentTarget as HTMLSelectElement).value)}>
              <option value="string">text</option>
              <option value="number">number</option>
              <option value="boolean">yes or no</option>
            </select>
          </label>
        </>
      )}
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

/** A condition of what was typed; null: the value is not of its kind. */
function condition(Property: string, Operator: Operator, text: string, kind: string): Filter | null {
  if (BARE.has(Operator)) return { Property, Operator };
  if (Operator !== "one_of") {
    const Value = typed(text, Operator === "contains" && kind === "string" ? "string" : kind);
    return Value === undefined ? null : { Property, Operator, Value };
  }
  const values = text.split(",").map((part) => typed(part.trim(), kind));
  return values.includes(undefined) ? null : { Property, Operator, Value: values as string[] };
}
