/** What adapters tell of their connections and ask of their keys' epochs, on the edge's registry. */
import type { KeyActivity } from './adapter.ts';
import type { KeyRegistry } from './core/key-registry.ts';

interface ActivityOptions {
  readonly registry: KeyRegistry;
  readonly nowMs: () => number;
  /** A connection has come or gone. */
  readonly onChanged: () => void;
}

export function activityOn({ registry, nowMs, onChanged }: ActivityOptions): KeyActivity {
  return {
    opened: (key, epoch) => {
      registry.opened(key, epoch, nowMs());
      onChanged();
    },
    closed: (key) => {
      registry.closed(key, nowMs());
      onChanged();
    },
    isOver: (key, epoch) => registry.isOver(key, epoch),
  };
}
