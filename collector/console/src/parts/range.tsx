// The controls over all questions: range, conditions, bots.
import { useRef, useState } from "preact/hooks";
import type { Asked } from "../question";
import { PRESETS, type Preset } from "../ranges";
import type { CatalogEvent } from "../shapes";
import { Choice } from "./choice";
import { Adding, Chip } from "./filter";

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

const OWN = "own";
const CHOICES = { ...PRESETS, [OWN]: "Days of your choice" };

function Ranges({ asked: { range, choose } }: { asked: Asked }) {
  const pick = (name: Preset | typeof OWN) =>
    choose(name === OWN ? { range: null, from: range.first, to: range.last } : { range: name, from: null, to: null });
  // A day beyond the other end takes that along.
  const begin = (from: string) => choose({ range: null, from, to: from > range.last ? from : range.last });
  const end = (to: string) => choose({ range: null, from: to < range.first ? to : range.first, to });
  return (
    <>
      <Choice label="Range" of={CHOICES} value={range.preset ?? OWN} change={pick} />
      {!range.preset && <Day label="First day" value={range.first} change={begin} />}
      {!range.preset && <Day label="Last day" value={range.last} change={end} />}
    </>
  );
}

function Day({ label, value, change }: { label: string; value: string; change: (day: string) => void }) {
  const changed = (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    if (value) change(value);
  };
  return (
    <label>
      <span class="unseen">{label}</span>
      <input type="date" value={value} onChange={changed} />
    </label>
  );
}
