/** What every page gets. */
import type { LiveView } from './live-link.ts';
import type { Viewer } from './operations.ts';

export interface PageProps {
  readonly live: LiveView;
  readonly viewer: Viewer;
  /** Behind the page's own name in the address. */
  readonly rest: string;
  /** What became of an act. */
  readonly tell: (text: string, isFault?: boolean) => void;
}
