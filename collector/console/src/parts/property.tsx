// A choice among properties.
import type { CatalogEvent, Property } from "../shapes";
import { visible } from "../words";

/** The properties of what is asked, each name once. */
export function propertiesOf(events: CatalogEvent[], event: string | null): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const one of events) {
    if (event !== null && one.Event !== event) continue;
    for (const property of one.Properties) if (!found.has(property.Property)) found.set(property.Property, property);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Given {
  properties: Map<string, Property>;
  value: string | null;
  /** What it says where none is chosen. */
  none?: string;
  label: string;
  change: (name: string | null) => void;
}

/** A choice by place, since a name may be any text, the empty one too. */
export function PropertyChoice({ properties, value, none = "Choose a property", label, change }: Given) {
  const names = [...properties.keys()];
  if (value !== null && !names.includes(value)) names.push(value);
  const pick = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement;
    change(value === "" ? null : (names[Number(value)] ?? null));
  };
  return (
    <label>
      <span class="unseen">{label}</span>
      <select value={value === null ? "" : String(names.indexOf(value))} onChange={pick}>
        <option value="">{none}</option>
        {names.map((name, number) => (
          <option key={name} value={String(number)}>
            {name === "" ? "(empty name)" : visible(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
