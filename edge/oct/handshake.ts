/**
 * Who connects: reads the headers of a handshake and verifies its token, before a single message is read.
 * One unusable public key breaks every broadcast of the session at its sender, so keys are checked here.
 */
import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#shared/errors.ts';
import { hyphenless } from '#shared/hyphenless.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { MemberId, MemberProfile } from '../core/session-state.ts';

export interface Admission {
  readonly profile: MemberProfile;
  /** Clock of the token; says which session of this key it belongs to. */
  readonly clock: number;
}

const tokenMaxLength = 8_192;
/** Base64 of an RSA key of 16,384 bits is 2,784 characters. */
const publicKeyMaxLength = 4_096;
const modulusMinBits = 2_048;
const modulusMaxBits = 16_384;
const compressionsMax = 8;
const compressionPattern = /^[A-Za-z0-9-]{1,32}$/;
/** 144 bits of the token's hash: an id that cannot be guessed and does not give the token away. */
const memberIdBytes = 18;

/** Throws `token-missing`, `token-invalid` or `public-key-invalid`. */
export async function admitMember(
  headers: IncomingHttpHeaders,
  key: AffinityKey,
  tokens: SessionTokens,
): Promise<Admission> {
  const token = singleHeader(headers, 'x-oct-jwt');
  if (token === undefined || token === '') throw new AppError('token-missing');
  if (token.length > tokenMaxLength) throw new AppError('token-invalid');
  const claim = await tokens.verifySession(token);
  if (claim.room !== key)
    throw new AppError('token-invalid', { facts: { reason: 'token of another session' } });
  const publicKey = singleHeader(headers, 'x-oct-public-key') ?? '';
  if (!isUsablePublicKey(publicKey)) throw new AppError('public-key-invalid');
  const profile = {
    id: toMemberId(token),
    user: claim.user,
    isHost: claim.host,
    publicKey,
    compressions: readCompressions(singleHeader(headers, 'x-oct-compression')),
  };
  return { profile, clock: claim.roomClock };
}

/** The same token is the same member, on whichever edge it comes back. */
export function toMemberId(token: string): MemberId {
  const hash = createHash('sha256').update('oct member\0').update(token).digest();
  // Not a part of a longer text: those compare slowly, and a broadcast compares one for each receiver.
  return hyphenless(hash.toString('base64url', 0, memberIdBytes)) as MemberId;
}

function isUsablePublicKey(text: string): boolean {
  if (text.length > publicKeyMaxLength || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return false;
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return key.asymmetricKeyType === 'rsa' && bits >= modulusMinBits && bits <= modulusMaxBits;
}

function readCompressions(text: string | undefined): readonly string[] {
  const names = (text ?? '').split(',').map((name) => name.trim());
  const usable = names.filter((name) => compressionPattern.test(name)).slice(0, compressionsMax);
  return usable.length > 0 ? usable : ['none'];
}

/** Node joins repeated headers of these names with a comma, which no token or key contains. */
function singleHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
