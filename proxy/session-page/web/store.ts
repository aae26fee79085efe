/** A value that the page shows: whoever shows it is told when it becomes another. */
import { useEffect, useState } from 'preact/hooks';

export class Store<Value extends object> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(more: Partial<Value>): void {
    this.#value = { ...this.#value, ...more };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export function useStore<Value extends object>(store: Store<Value>): Value {
  const [value, setValue] = useState(store.value);
  useEffect(() => {
    const take = (): void => setValue(store.value);
    take();
    return store.subscribe(take);
  }, [store]);
  return value;
}
