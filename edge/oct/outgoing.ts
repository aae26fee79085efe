/**
 * Writes what the session sends as envelopes of the Open Collaboration Protocol. A message that is equal
 * for all its receivers is encoded once.
 */
import { Packr } from 'msgpackr';
import type { Banner } from '#shared/banner.ts';
import type { MemberId, MemberProfile, Outgoing, SealKey, Sealed } from '../core/session-state.ts';
import type { Parts } from '../frame.ts';
import { KeyEntry } from './key-entry.ts';

/** Version of the envelopes that we make ourselves; clients accept every 0.3. */
const ownVersion = '0.3.0';
const plainMetadata = { encryption: { keys: [] }, compression: { algorithm: 'none' } };
const packr = new Packr({ useRecords: false });

/** Kept until the next broadcast, so a large one is not: its content is most of its cost anyhow. */
const aroundMaxBytes = 65_536;

type Broadcast = Extract<Outgoing, { kind: 'broadcast' }>;

/** An envelope without the one entry of its list of keys. */
interface Around {
  readonly sealed: Sealed;
  readonly origin: MemberId;
  readonly before: Buffer;
  readonly after: Buffer;
}

export class OutgoingEncoder {
  /** Only what goes to many unchanged; sealed messages carry their receiver's key. */
  readonly #shared = new WeakMap<Outgoing, Parts>();
  /** Of the last broadcast: its envelopes are written one after the other. */
  #around: Around | undefined;

  encode(message: Outgoing, to: MemberId): Parts {
    if (message.kind === 'broadcast') return this.#encodeBroadcast(message, to);
    const known = this.#shared.get(message);
    if (known !== undefined) return known;
    const parts = [packr.pack(toEnvelope(message, to))];
    if (
      message.kind === 'member-joined' ||
      message.kind === 'member-left' ||
      message.kind === 'session-closed'
    ) {
      this.#shared.set(message, parts);
    }
    return parts;
  }

  /** Envelopes of one broadcast differ in one entry, the receiver's key: what is around it is written once. */
  #encodeBroadcast(message: Broadcast, to: MemberId): Parts {
    const { sealed, origin, key } = message;
    const around = this.#around;
    if (around?.sealed === sealed && around.origin === origin) {
      return [around.before, packKey(to, key), around.after];
    }
    const whole = packr.pack(toEnvelope(message, to));
    if (whole.length > aroundMaxBytes) return [whole];
    // Nothing before the keys can hold the same bytes: that is the version alone.
    const entry = packr.pack(toKeyEntry(to, key));
    const at = whole.indexOf(entry);
    const [before, after] = [whole.subarray(0, at), whole.subarray(at + entry.length)];
    this.#around = { sealed, origin, before, after };
    return [whole];
  }
}

/** A member as the protocol describes it (`Peer`). */
export function toPeer({ id, user, isHost, publicKey, compressions }: MemberProfile): object {
  return {
    id,
    host: isHost,
    name: user.name,
    ...(user.email === undefined ? {} : { email: user.email }),
    metadata: { compression: { supported: compressions }, encryption: { publicKey } },
  };
}

function toEnvelope(message: Outgoing, to: MemberId): object {
  switch (message.kind) {
    case 'request': {
      const { id, origin, key, sealed } = message;
      return { ...seal(to, key, sealed), kind: 'request', id, origin, target: to };
    }
    case 'notification':
      return {
        ...seal(to, message.key, message.sealed),
        kind: 'notification',
        origin: message.origin,
        target: to,
      };
    case 'broadcast':
      return { ...seal(to, message.key, message.sealed), kind: 'broadcast', origin: message.origin };
    case 'answer': {
      const { id, isError, key, sealed } = message;
      return { ...seal(to, key, sealed), kind: isError ? 'response-error' : 'response', id };
    }
    case 'failure': {
      const content = { message: 'The request was not answered.' };
      return { ...plain(content), kind: 'response-error', id: message.id };
    }
    case 'join-question':
      return { ...call('peer/join', message.user), kind: 'request', id: message.id, origin: '', target: to };
    case 'identity':
      return { ...call('peer/info', toPeer(message.member)), kind: 'notification', origin: '', target: to };
    case 'member-joined':
      return { ...call('room/joined', toPeer(message.member)), kind: 'broadcast', origin: message.member.id };
    case 'member-left':
      return { ...call('room/left', toPeer(message.member)), kind: 'broadcast', origin: message.member.id };
    case 'session-closed':
      return {
        ...call('room/closed', farewells[message.reason]),
        kind: 'broadcast',
        origin: message.host ?? '',
      };
  }
}

/** Clients of the protocol's own kind ignore the parameter; others can show it (`Info` of the protocol). */
const farewells = {
  'host-left': info('HostLeft', 'The host has ended the session.'),
  'host-away-too-long': info('HostAway', 'The host did not come back.'),
  'no-guests': info('NoGuests', 'Nobody joined the session.'),
  'guests-left': info('GuestsLeft', 'All guests have left the session.'),
  idle: info('SessionIdle', 'Nothing was said for a long time.'),
  'ended-by-administrator': info('EndedByAdministrator', 'An administrator has ended the session.'),
  'client-refused': info('ClientRefused', 'This server lets only newer versions of this client host.'),
  removed: info('RemovedByAdministrator', 'An administrator has removed you from the session.'),
} as const satisfies Record<(Outgoing & { kind: 'session-closed' })['reason'], object>;

/** A message of ours that is no part of any stream (`ErrorMessage` of the protocol): clients show it to their user. */
export function encodeError(message: string): Buffer {
  return packr.pack({ ...plain({ message }), kind: 'error' });
}

/** A message of ours in the chat, to one member: their editor shows it as of somebody whom it does not know. */
export function encodeNotice({ text, level }: Pick<Banner, 'text' | 'level'>, target: MemberId): Buffer {
  const said = `${level === 'warning' ? 'Warning' : 'Message'} of the server: ${text}`;
  return packr.pack({ ...call('chat/directMessage', said), kind: 'notification', origin: '', target });
}

function info(code: string, message: string): object {
  return { code, message, params: [] };
}

function seal(target: MemberId, key: SealKey, { version, compression, content }: Sealed): object {
  const metadata = {
    encryption: { keys: [toKeyEntry(target, key)] },
    compression: { algorithm: compression },
  };
  return { version, metadata, content };
}

/** Of its receiver's own: the target in it is that. */
function packKey(target: MemberId, key: SealKey): Uint8Array {
  return key instanceof KeyEntry ? key.bytes : packr.pack(toKeyEntry(target, key));
}

function toKeyEntry(target: MemberId, { key, iv }: SealKey): object {
  return { target, key, iv };
}

function call(method: string, ...params: readonly (object | string)[]): object {
  return plain({ method, params });
}

function plain(content: object): object {
  return { version: ownVersion, metadata: plainMetadata, content };
}
