/**
 * Login and session tokens: HS256 JWTs (RFC 7519) with issuer, audience and expiry. The front door makes
 * login tokens and only *decodes* session tokens for routing; the edge makes and verifies session tokens.
 */
import { SignJWT, decodeJwt, jwtVerify } from 'jose';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { parseAffinityKey } from './ids.ts';
import type { AffinityKey } from './ids.ts';

const issuer = 'mooring';
const loginAudience = 'login';
const sessionAudience = 'session';

const userSchema = z.object({
  id: z.string().min(1).max(128),
  name: z.string().min(1).max(256),
  email: z.string().max(320).optional(),
  authProvider: z.string().max(64).optional(),
});

const sessionClaimSchema = z.object({
  room: z.string(),
  roomClock: z.number().int().nonnegative(),
  user: userSchema,
  host: z.boolean().optional(),
});

/** A person as the login provider knows them. */
export type User = z.infer<typeof userSchema>;

/** What a session token says: the names `room` and `roomClock` are the clients' (Open Collaboration Protocol). */
export interface SessionClaim {
  readonly room: AffinityKey;
  readonly roomClock: number;
  readonly user: User;
  readonly host: boolean;
}

export class SessionTokens {
  readonly #secret: Uint8Array;
  readonly #lifetime: string;

  constructor(secret: string, lifetimeHours: number) {
    this.#secret = new TextEncoder().encode(secret);
    this.#lifetime = `${lifetimeHours}h`;
  }

  async signLogin(user: User): Promise<string> {
    return await this.#sign({ ...user }, loginAudience);
  }

  /** Throws `token-invalid`. */
  async verifyLogin(token: string): Promise<User> {
    return parseClaim(userSchema, await this.#verify(token, loginAudience));
  }

  async signSession(claim: SessionClaim): Promise<string> {
    return await this.#sign({ ...claim }, sessionAudience);
  }

  /** Throws `token-invalid`. */
  async verifySession(token: string): Promise<SessionClaim> {
    const claim = parseClaim(sessionClaimSchema, await this.#verify(token, sessionAudience));
    const room = parseAffinityKey(claim.room);
    if (room === undefined) throw new AppError('token-invalid');
    return { room, roomClock: claim.roomClock, user: claim.user, host: claim.host ?? false };
  }

  async #sign(payload: Record<string, unknown>, audience: string): Promise<string> {
    return await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(this.#lifetime)
      .sign(this.#secret);
  }

  async #verify(token: string, audience: string): Promise<unknown> {
    try {
      const options = { issuer, audience, algorithms: ['HS256'], requiredClaims: ['exp'] };
      return (await jwtVerify(token, this.#secret, options)).payload;
    } catch (cause) {
      throw new AppError('token-invalid', { cause });
    }
  }
}

/**
 * The claim `room` of a token nobody has verified, for routing alone: undefined where the text is not a
 * JWT or has no such claim. The text may still be no valid key.
 */
export function decodeSessionKey(token: string): string | undefined {
  try {
    const room = decodeJwt(token)['room'];
    return typeof room === 'string' ? room : undefined;
  } catch {
    return undefined;
  }
}

function parseClaim<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new AppError('token-invalid', { cause: parsed.error });
  return parsed.data;
}
