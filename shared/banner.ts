/** A word of administrators to everybody who uses the pool. */
import { z } from 'zod';

const textMaxLength = 500;

export const bannerSchema = z.strictObject({
  text: z
    .string()
    .trim()
    .min(1)
    .max(textMaxLength)
    .regex(/^\P{Cc}*$/u, 'has a character that cannot be shown'),
  level: z.enum(['info', 'warning']).default('info'),
  until: z
    .int()
    .nonnegative()
    .nullable()
    .default(null)
    .describe('Shown until then, in ms since 1970; null: until it is replaced.'),
});

export type Banner = z.output<typeof bannerSchema>;
