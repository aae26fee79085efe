/** A table that scrolls by itself where the screen is too narrow for it, and that the keyboard reaches for that. */
import type { ComponentChildren, JSX } from 'preact';

/** `number`: read from the right; `optional`: left out on a phone. */
type Column = string | readonly [name: string, kind: 'number' | 'optional' | 'number optional'];

interface DataTableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  /** On a phone each row is a block: what it is about, and below what can be done. */
  readonly kind?: 'blocks';
  /** Its bodies. */
  readonly children: ComponentChildren;
}

export function DataTable({ label, columns, kind, children }: DataTableProps): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table class={kind}>
        <thead>
          <tr>
            {columns.map((column) => {
              const [name, kindOfColumn] = typeof column === 'string' ? [column] : column;
              return (
                <th key={name} scope="col" class={kindOfColumn}>
                  {name}
                </th>
              );
            })}
          </tr>
        </thead>
        {children}
      </table>
    </div>
  );
}
