/** What an edge tells a front door of its line for connections that are handed on, as a part of its `hello`. */
import { z } from 'zod';

/** As long as the kernel has it, in characters of one byte. */
const socketPath = /^\/[\x20-\x7e]{1,106}$/;

export const handoffOfferSchema = z.object({
  path: z.string().regex(socketPath),
  secret: z.string().min(16).max(64),
  /** Older edges do not say: their connections stay with the front door. */
  network: z.string().max(64).default(''),
});
