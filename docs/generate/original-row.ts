/** The form of a row of what administrators of the original product know. */

export interface OriginalRow {
  readonly section: keyof typeof originalSections;
  /** In the words of the original product. */
  readonly original: string;
  readonly here: string;
  /** Why it does not work in a mode; both do unless it is said. */
  readonly single?: string;
  readonly several?: string;
  readonly trial?: true;
  /** `path: name of the test`, or a part of it. */
  readonly tests?: readonly string[];
}

export const originalSections = {
  stickiness: 'Sticky sessions',
  variables: 'Environment variables',
  files: 'Files',
  paths: 'Paths',
  metrics: 'Metrics',
  service: 'Ports, processes, log files',
  dashboard: 'Dashboard',
  sizing: 'Sizing',
} as const;
