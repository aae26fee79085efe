/** How much the pool was used over days. */
import type { JSX } from 'preact';
import type { PageProps } from '../app.tsx';

export function UsagePage(_: PageProps): JSX.Element {
  return <p>Nothing is kept over days yet.</p>;
}
