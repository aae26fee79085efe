/** The HTTP/2 frame table: every case, in the order of RFC 9113. */
import type { FrameCase } from './frame-case.ts';
import { controlTable } from './frames-control.ts';
import { fieldCases } from './frames-fields.ts';
import { formatTable } from './frames-format.ts';
import { messageTable } from './frames-messages.ts';
import { streamTable } from './frames-streams.ts';

export const frameTable: readonly FrameCase[] = [
  ...formatTable,
  ...streamTable,
  ...controlTable,
  ...messageTable,
  ...fieldCases,
];
