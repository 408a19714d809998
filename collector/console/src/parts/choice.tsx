// A choice among words.

interface Given<Name extends string> {
  /** What is chosen, for those who cannot see where it stands. */
  label: string;
  /** What may be chosen, each with its words. */
  of: Readonly<Record<Name, string>>;
  value: Name;
  change: (name: Name) => void;
}

export function Choice<Name extends string>({ label, of, value, change }: Given<Name>) {
  const names = Object.entries<string>(of);
  return (
    <label>
      <span class="unseen">{label}</span>
      <select value={value} onChange={(event) => change((event.currentTarget as HTMLSelectElement).value as Name)}>
        {names.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
