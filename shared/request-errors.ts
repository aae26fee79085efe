/** The part of the error table on requests that are not let in: grammar, session key, size, pace, address. */
import { badRequest } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const requestErrors = {
  'request-malformed': { ...badRequest, message: 'The request breaks the rules of HTTP/1.1.' },
  'host-invalid': { ...badRequest, message: 'The request needs exactly one valid Host.' },
  'framing-ambiguous': {
    ...badRequest,
    message: 'The request does not say unambiguously where its body ends.',
  },
  'header-refused': {
    ...badRequest,
    message: 'The request carries a header name that is not accepted here.',
  },
  'key-invalid': {
    ...badRequest,
    message: 'The session key must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ and -.',
  },
  'key-duplicated': { ...badRequest, message: 'The request carries the session key more than once.' },
  'key-conflict': { ...badRequest, message: 'The request names two different sessions.' },
  'key-missing': { ...badRequest, message: 'The request names no session.' },
  'body-invalid': { ...badRequest, message: 'The body is not the JSON that this address expects.' },
  'head-too-large': {
    ...badRequest,
    status: 431,
    closeCode: 4431,
    message: 'The head of the request is too large.',
  },
  'fields-too-many': {
    ...badRequest,
    status: 431,
    closeCode: 4431,
    message: 'The request has too many header fields.',
  },
  'target-too-long': {
    ...badRequest,
    status: 414,
    closeCode: 4414,
    message: 'The address of the request is too long.',
  },
  'body-too-large': { ...badRequest, status: 413, closeCode: 1009, message: 'The body is too large.' },
  'not-found': { ...badRequest, status: 404, closeCode: 4404, message: 'There is nothing at this address.' },
  'method-refused': {
    ...badRequest,
    status: 405,
    closeCode: 4405,
    message: 'This address does not take this method.',
  },
  'upgrade-refused': {
    ...badRequest,
    status: 426,
    closeCode: 4426,
    message: 'This address does not take this upgrade.',
  },
  'protocol-unknown': { ...badRequest, status: 501, closeCode: 1008, message: 'The protocol is unknown.' },
  'request-timeout': {
    ...badRequest,
    retry: 'now',
    status: 408,
    closeCode: 1008,
    message: 'The request did not arrive in time.',
  },
  'body-too-slow': {
    ...badRequest,
    retry: 'now',
    status: 408,
    closeCode: 1008,
    message: 'The body of the request arrives too slowly.',
  },
} as const satisfies Record<string, ErrorEntry>;
