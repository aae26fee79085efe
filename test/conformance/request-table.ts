/** The request table: every case, in the order of the parts of a request. */
import { chunkCases } from './request-chunks.ts';
import { fieldCases } from './request-fields.ts';
import { framingCases } from './request-framing.ts';
import { hostCases } from './request-hosts.ts';
import { requestLineCases } from './request-lines.ts';
import { pathCases } from './request-paths.ts';
import type { RequestCase } from './request-case.ts';

export const requestTable: readonly RequestCase[] = [
  ...requestLineCases,
  ...hostCases,
  ...framingCases,
  ...chunkCases,
  ...fieldCases,
  ...pathCases,
];
