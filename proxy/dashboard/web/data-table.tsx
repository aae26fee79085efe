/** A table that scrolls by itself where the screen is too narrow for it, and that the keyboard reaches for that. */
import type { ComponentChildren, JSX } from 'preact';

/** `number`: read from the right; `optional`: left out on a phone. */
type Column = string | readonly [name: string, kind: 'number' | 'optional'];

interface DataTableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  /** Its bodies. */
  readonly children: ComponentChildren;
}

export function DataTable({ label, columns, children }: DataTableProps): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => {
              const [name, kind] = typeof column === 'string' ? [column] : column;
              return (
                <th key={name} scope="col" class={kind}>
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
