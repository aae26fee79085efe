/** Request lines: methods, targets, versions, white space, and what stands before them. */
import { METHODS } from '#shared/node-http.ts';
import { casesOf, dead, good, malformed } from './request-case.ts';
import type { RequestCase, Row } from './request-case.ts';

const grammar: readonly Row[] = [
  ['the plainest request', 'RFC 9112 3', 'GET /x HTTP/1.1', 'GET /x'],
  ['two spaces before the target', 'RFC 9112 3', 'GET  /x HTTP/1.1', malformed],
  ['two spaces before the version', 'RFC 9112 3', 'GET /x  HTTP/1.1', malformed],
  ['a tab before the target', 'RFC 9112 3', 'GET\t/x HTTP/1.1', malformed],
  ['a tab before the version', 'RFC 9112 3', 'GET /x\tHTTP/1.1', malformed],
  ['a form feed before the version', 'RFC 9112 3', 'GET /x\x0cHTTP/1.1', malformed],
  ['a vertical tab before the target', 'RFC 9112 3', 'GET\x0b/x HTTP/1.1', malformed],
  ['a space behind the version', 'RFC 9112 3', 'GET /x HTTP/1.1 ', malformed],
  ['a space before the method', 'RFC 9112 3', ' GET /x HTTP/1.1', malformed],
  ['a NUL before the method', 'RFC 9112 2.2', '\0GET /x HTTP/1.1', malformed],
  ['no target', 'RFC 9112 3', 'GET HTTP/1.1', malformed],
  ['an empty target', 'RFC 9112 3', 'GET  HTTP/1.1', malformed],
  ['no version, as HTTP/0.9 has it', 'RFC 9112 A.1', 'GET /x', malformed],
  ['a space inside the target', 'RFC 9112 3.2', 'GET /x y HTTP/1.1', malformed],
  ['a version twice', 'RFC 9112 3', 'GET /x HTTP/1.1 HTTP/1.1', malformed],
  ['a request line in quotes', 'RFC 9112 3', '"GET /x HTTP/1.1"', malformed],
  ['a bare CR behind the version', 'RFC 9112 2.2', 'GET /x HTTP/1.1\r', malformed],
  ['a bare CR inside the target', 'RFC 9112 2.2', 'GET /x\ry HTTP/1.1', malformed],
  ['a bare LF inside the target', 'RFC 9112 2.2', 'GET /x\ny HTTP/1.1', malformed],
  ['a NUL inside the target', 'RFC 9112 3.2', 'GET /x\0 HTTP/1.1', malformed],
  ['a DEL inside the target', 'RFC 3986 2', 'GET /x\x7f HTTP/1.1', malformed],
  ['a raw byte above ASCII in the target', 'RFC 3986 2', 'GET /\xe9 HTTP/1.1', malformed],
  ['an overlong UTF-8 slash in the target', 'CVE-2000-0884', 'GET /..\xc0\xaf HTTP/1.1', malformed],
  ['the bytes of a TLS handshake', 'RFC 9112 2.2', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', malformed],
  ['the preface of HTTP/2', 'RFC 9113 3.4', 'PRI * HTTP/2.0', malformed],
  ['a line of SMTP', 'NAT slipstreaming', 'EHLO door.test', malformed],
  ['a line of the PROXY protocol', 'PROXY protocol 2.1', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2', malformed],
  ['a status line', 'RFC 9112 3', 'HTTP/1.1 200 OK', malformed],
];

const versions: readonly Row[] = [
  ['HTTP/1.0 ends its connection', 'RFC 9112 9.3', 'GET /x HTTP/1.0', ['GET /x', 'closes']],
  ['HTTP/0.9', 'RFC 9112 2.3', 'GET /x HTTP/0.9', malformed],
  ['HTTP/1.2', 'RFC 9110 2.5', 'GET /x HTTP/1.2', malformed],
  ['HTTP/2.0 in the clothes of HTTP/1.1', 'RFC 9112 2.3', 'GET /x HTTP/2.0', malformed],
  ['HTTP/3.0', 'RFC 9112 2.3', 'GET /x HTTP/3.0', malformed],
  ['a version of two digits behind the dot', 'RFC 9112 2.3', 'GET /x HTTP/1.10', malformed],
  ['a version with a leading zero', 'RFC 9112 2.3', 'GET /x HTTP/01.1', malformed],
  ['a version without a dot', 'RFC 9112 2.3', 'GET /x HTTP/11', malformed],
  ['a version with a comma', 'RFC 9112 2.3', 'GET /x HTTP/1,1', malformed],
  ['a version with a sign', 'RFC 9112 2.3', 'GET /x HTTP/+1.1', malformed],
  ['a version in hexadecimal', 'RFC 9112 2.3', 'GET /x HTTP/0x1.1', malformed],
  ['a version in lower case', 'RFC 9112 2.3', 'GET /x http/1.1', malformed],
  ['a version in mixed case', 'RFC 9112 2.3', 'GET /x Http/1.1', malformed],
  ['a space inside the version', 'RFC 9112 2.3', 'GET /x HTTP/ 1.1', malformed],
  ['another protocol', 'RFC 9112 2.3', 'GET /x RTSP/1.0', malformed],
  ['ICY', 'RFC 9112 2.3', 'GET /x ICY', malformed],
  ['no slash in the version', 'RFC 9112 2.3', 'GET /x HTTP1.1', malformed],
  ['a version of a letter', 'RFC 9112 2.3', 'GET /x HTTP/1.x', malformed],
];

const methodRows: readonly Row[] = [
  ['a method in lower case', 'RFC 9110 9.1', 'get /x HTTP/1.1', malformed],
  ['a method in mixed case', 'RFC 9110 9.1', 'Get /x HTTP/1.1', malformed],
  ['a method that does not exist', 'RFC 9110 9.1', 'STEAL /x HTTP/1.1', malformed],
  ['a method with something behind it', 'RFC 9110 9.1', 'GETX /x HTTP/1.1', malformed],
  ['a method with something before it', 'RFC 9110 9.1', 'XGET /x HTTP/1.1', malformed],
  ['a method with a colon', 'RFC 9112 3.1', 'GET: /x HTTP/1.1', malformed],
  ['a method with a slash', 'RFC 9112 3.1', 'GE/T /x HTTP/1.1', malformed],
  ['a method in brackets', 'RFC 9112 3.1', '(GET) /x HTTP/1.1', malformed],
  ['a method of an underscore', 'RFC 9110 9.1', '_GET /x HTTP/1.1', malformed],
  ['a method with a NUL', 'RFC 9112 3.1', 'GE\0T /x HTTP/1.1', malformed],
  ['a very long method', 'RFC 9112 3', `${'A'.repeat(5_000)} /x HTTP/1.1`, malformed],
  ['a method of an emoji', 'RFC 9112 3.1', '\xf0\x9f\x90\xb1 /x HTTP/1.1', malformed],
  ['CONNECT to an authority', 'RFC 9110 9.3.6', 'CONNECT door.test:443 HTTP/1.1', malformed],
  ['CONNECT to a path', 'HAProxy h1_request_target_validation', 'CONNECT / HTTP/1.1', malformed],
  [
    'CONNECT to an absolute target',
    'HAProxy h1_request_target_validation',
    'CONNECT http://door.test:80 HTTP/1.1',
    malformed,
  ],
  ['CONNECT with no port', 'HAProxy h1_request_target_validation', 'CONNECT door.test HTTP/1.1', malformed],
];

const forms: readonly Row[] = [
  ['a root', 'RFC 9112 3.2.1', 'GET / HTTP/1.1', 'GET /'],
  ['a query', 'RFC 9112 3.2.1', 'GET /x?a=1&b HTTP/1.1', 'GET /x?a=1&b'],
  ['an empty query', 'RFC 3986 3.4', 'GET /x? HTTP/1.1', 'GET /x?'],
  ['a query of question marks', 'RFC 3986 3.4', 'GET /x??/?:@ HTTP/1.1', 'GET /x??/?:@'],
  ['OPTIONS of a path', 'HAProxy h1_request_target_validation', 'OPTIONS / HTTP/1.1', 'OPTIONS /'],
  ['the target * with GET', 'HAProxy h1_request_target_validation', 'GET * HTTP/1.1', 'request-malformed'],
  [
    'the target * with OPTIONS, which names no session',
    'RFC 9112 3.2.4',
    'OPTIONS * HTTP/1.1',
    'request-malformed',
  ],
  [
    'a target that begins with *',
    'HAProxy h1_request_target_validation',
    'OPTIONS */x HTTP/1.1',
    'request-malformed',
  ],
  [
    'a target of an authority',
    'HAProxy h1_request_target_validation',
    'GET door.test:80 HTTP/1.1',
    'request-malformed',
  ],
  [
    'a target without a slash',
    'HAProxy h1_request_target_validation',
    'GET admin HTTP/1.1',
    'request-malformed',
  ],
  [
    'a relative target',
    'HAProxy h1_request_target_validation',
    'GET admin/a/b HTTP/1.1',
    'request-malformed',
  ],
  ['a target of a question mark', 'RFC 9112 3.2', 'GET ?a=b HTTP/1.1', 'request-malformed'],
  ['a fragment', 'HAProxy h1_authority_fragment_char', 'GET /x#y HTTP/1.1', 'request-malformed'],
  ['a fragment in the query', 'RFC 9112 3.2.1', 'GET /x?a#y HTTP/1.1', 'request-malformed'],
  ['a backslash', 'RFC 3986 3.3', 'GET /x\\y HTTP/1.1', 'request-malformed'],
  ['a backslash for the first slash', 'RFC 3986 3.3', 'GET \\x HTTP/1.1', 'request-malformed'],
  [
    'a target as long as it may be',
    'RFC 9110 4.1',
    `GET /${'a'.repeat(7_999)} HTTP/1.1`,
    `GET /${'a'.repeat(7_999)}`,
  ],
  ['a target that is too long', 'RFC 9110 15.5.15', `GET /${'a'.repeat(9_000)} HTTP/1.1`, 'target-too-long'],
  ['a query that is too long', 'RFC 9110 15.5.15', `GET /?${'a'.repeat(9_000)} HTTP/1.1`, 'target-too-long'],
  [
    'a target that is no end',
    'RFC 9110 15.5.15',
    `GET /${'a'.repeat(60_000)} HTTP/1.1`,
    dead('head-too-large'),
  ],
];

const beforeRows: readonly Row[] = [
  ['an empty line before the request', 'RFC 9112 2.2', '\r\n', 'GET /x'],
  ['two empty lines before the request', 'RFC 9112 2.2', '\r\n\r\n', malformed],
  ['a bare LF before the request', 'RFC 9112 2.2', '\n', malformed],
  ['a bare CR before the request', 'RFC 9112 2.2', '\r', malformed],
  ['an LF before a CR before the request', 'RFC 9112 2.2', '\n\r', malformed],
  ['a byte order mark before the request', 'RFC 9112 2.2', '\xef\xbb\xbf', malformed],
];

/** Every method that an HTTP server of Node reads passes as it is, with a body where it has one. */
const knownMethods = METHODS.filter((method) => method !== 'CONNECT').map((method): RequestCase => {
  const wantsBody = ['POST', 'PUT', 'PATCH', 'QUERY'].includes(method);
  const body = wantsBody ? 'Content-Length: 5\r\n\r\nhello' : '\r\n';
  const expected = [wantsBody ? `${method} /x hello` : `${method} /x`];
  return {
    name: `the method ${method}`,
    source: 'RFC 9110 9.1',
    bytes: `${method} /x HTTP/1.1\r\n${good}${body}`,
    expected,
  };
});

export const requestLineCases: readonly RequestCase[] = [
  ...casesOf([...grammar, ...versions, ...methodRows, ...forms], (line) => `${line}\r\n${good}\r\n`),
  ...casesOf(beforeRows, (lead) => `${lead}GET /x HTTP/1.1\r\n${good}\r\n`),
  ...knownMethods,
];
