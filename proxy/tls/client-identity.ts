/**
 * Who a client is by its certificate. Handshakes let everybody in, so that whoever is refused reads why in an answer; the
 * exchange is where it is refused.
 */
import type { TLSSocket } from 'node:tls';
import type { ErrorCode } from '#shared/errors.ts';

export type ClientIdentity =
  /** `subject` as RFC 4514 writes it, in visible ASCII. */
  | { readonly kind: 'proved'; readonly subject: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

/** What `CT_TLS_CLIENT_CERTS` says. */
export type ClientCertificates = 'off' | 'optional' | 'required';

const subjectMaxLength = 1_024;
const identities = new WeakMap<object, ClientIdentity>();

/** Undefined where nobody asks for certificates, or the client has none and needs none. */
export function identityOf(socket: object): ClientIdentity | undefined {
  return identities.get(socket);
}

/** Judges the certificate of a connection whose handshake is over, for as long as it lasts. */
export function identify(socket: TLSSocket, wanted: ClientCertificates, nowMs: number): void {
  if (wanted === 'off') return;
  const identity = judge(socket, wanted, nowMs);
  if (identity !== undefined) identities.set(socket, identity);
}

function judge(socket: TLSSocket, wanted: ClientCertificates, nowMs: number): ClientIdentity | undefined {
  // Without a certificate a resumed session is "authorized" to Node: the certificate is what counts.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return wanted === 'required' ? { kind: 'refused', code: 'client-certificate-missing' } : undefined;
  // A resumed session was judged when it began: its certificate may have expired since.
  if (!socket.authorized || certificate.validToDate.getTime() <= nowMs)
    return { kind: 'refused', code: 'client-certificate-invalid' };
  const subject = formatSubject(certificate.subject);
  return subject.length > subjectMaxLength
    ? { kind: 'refused', code: 'client-certificate-invalid' }
    : { kind: 'proved', subject };
}

/**
 * OpenSSL gives one attribute a line, in the order of the certificate, with all but letters beyond ASCII escaped; RFC 4514
 * wants the last one first.
 */
export function formatSubject(lines: string): string {
  const text = lines.split('\n').toReversed().join(',');
  return text.replace(/[^\x20-\x7e]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  );
}
