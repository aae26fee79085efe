/** What an edge tells a front door when it joins: where its line for connections that are handed on is, and what proves that it is that edge's. */
import { z } from 'zod';

/** As long as the kernel has it, in characters of one byte. */
const socketPath = /^\/[\x20-\x7e]{1,106}$/;

export const handoffOfferSchema = z.object({
  path: z.string().regex(socketPath),
  secret: z.string().min(16).max(64),
  /** Of the edge: a connection that it took from another network would hang when that one goes. Older edges do not say. */
  network: z.string().max(64).default(''),
});

export type HandoffOffer = z.output<typeof handoffOfferSchema>;
