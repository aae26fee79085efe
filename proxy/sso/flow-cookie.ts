/**
 * A login that is under way, kept by the browser that began it and not by a front door, so that the way back may lead to
 * another one. Encrypted, because the browser has no business with what is in it.
 */
import { createHmac } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';

const purposeSchema = z.discriminatedUnion('for', [
  z.strictObject({ for: z.literal('dashboard'), next: z.string() }),
  z.strictObject({ for: z.literal('session'), pollToken: z.string() }),
]);

const flowSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** The callback as it was told to the provider. */
  callback: z.string(),
  purpose: purposeSchema,
});

const confirmationSchema = z.object({
  pollToken: z.string(),
  id: z.string(),
  name: z.string(),
  email: z.string().exactOptional(),
});

export type Purpose = z.output<typeof purposeSchema>;
export type Flow = z.output<typeof flowSchema>;
export type Confirmation = z.output<typeof confirmationSchema>;

/** A person may have to look for a second factor. */
export const flowMaxSeconds = 600;

/** Seals what a browser is to keep. `secret` is equal on all front doors of the pool. */
export class FlowSeal {
  readonly #key: Uint8Array;

  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('single sign-on').digest();
  }

  async sealFlow(flow: Flow): Promise<string> {
    return await this.#seal('flow', flow);
  }

  /** Undefined for what was not sealed here, or too long ago. */
  async openFlow(sealed: string): Promise<Flow | undefined> {
    return await this.#open('flow', sealed, flowSchema);
  }

  async sealConfirmation(confirmation: Confirmation): Promise<string> {
    return await this.#seal('confirmation', confirmation);
  }

  async openConfirmation(sealed: string): Promise<Confirmation | undefined> {
    return await this.#open('confirmation', sealed, confirmationSchema);
  }

  async #seal(audience: string, content: Record<string, unknown>): Promise<string> {
    return await new EncryptJWT(content)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${flowMaxSeconds}s`)
      .encrypt(this.#key);
  }

  async #open<T>(audience: string, sealed: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const options = { audience, requiredClaims: ['exp'], clockTolerance: 60 };
    const opened = await jwtDecrypt(sealed, this.#key, options).catch(() => undefined);
    return opened === undefined ? undefined : schema.safeParse(opened.payload).data;
  }
}
