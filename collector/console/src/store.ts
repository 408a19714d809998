// What a component needs to follow something that lives outside of it.
import { useEffect, useState } from "preact/hooks";

export type Listeners = Set<() => void>;

/** The present value of `read`, and a new picture whenever the listeners are told. */
export function useSyncExternalStore<T>(listeners: Listeners, read: () => T): T {
  const [value, set] = useState(read);
  useEffect(() => {
    const listener = () => set(read);
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return value;
}
