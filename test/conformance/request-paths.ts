/** Paths that two servers could resolve differently, and several requests on one connection, each of which stays what it is. */
import { casesOf, closes, good, smuggled } from './request-case.ts';
import type { RequestCase, Row } from './request-case.ts';

const bad = 'request-malformed';

function same(name: string, source: string, target: string): Row {
  return [name, source, target, `GET ${target}`];
}

const paths: readonly Row[] = [
  ['dot segments', 'RFC 3986 5.2.4', '/x/../y', bad],
  ['dot segments at the end', 'RFC 3986 5.2.4', '/x/..', bad],
  ['dot segments at the beginning', 'RFC 3986 5.2.4', '/../x', bad],
  ['a single dot', 'RFC 3986 5.2.4', '/x/./y', bad],
  ['a single dot at the end', 'RFC 3986 5.2.4', '/x/.', bad],
  ['encoded dot segments', 'RFC 3986 6.2.2.2', '/x/%2e%2E/y', bad],
  ['half-encoded dot segments', 'CVE-2021-41773', '/x/.%2e/y', bad],
  ['dot segments before an encoded slash', 'CWE-22', '/x/..%2fy', bad],
  ['dot segments behind an encoded slash', 'CWE-22', '/x%2f../y', bad],
  ['dot segments between encoded slashes', 'CWE-22', '/x%2F%2e%2e%2Fy', bad],
  ['dot segments between encoded backslashes', 'CWE-22', '/x%5c..%5Cy', bad],
  ['dot segments before a parameter', 'Tomcat ..;/ (2018)', '/x/..;/y', bad],
  ['dot segments before a parameter with a value', 'Tomcat ..;/ (2018)', '/x/..;a=b/y', bad],
  ['dot segments before an encoded parameter', 'Tomcat ..;/ (2018)', '/x/..%3b/y', bad],
  ['dot segments in front of the query', 'RFC 3986 5.2.4', '/x/..?y', bad],
  ['an encoded NUL', 'CWE-158', '/x%00.png', bad],
  ['a percent sign alone', 'RFC 3986 2.1', '/x%', bad],
  ['a percent sign with one digit', 'RFC 3986 2.1', '/x%2', bad],
  ['a percent sign with what is no digit', 'RFC 3986 2.1', '/x%zz', bad],
  ['an escape of IIS', 'RFC 3986 2.1', '/x%u002e', bad],
  same('dots that are no segment', 'RFC 3986 5.2.4', '/..x/x../.x/x./...'),
  same('dots in the query', 'RFC 3986 3.4', '/x?/../y'),
  same('a bad escape in the query', 'WHATWG URL 5.1', '/x?a=%zz%'),
  same('an encoded NUL in the query', 'RFC 3986 3.4', '/x?a=%00'),
  same('two slashes', 'RFC 3986 6.2.2.3', '/x//y'),
  same('two slashes at the beginning', 'RFC 3986 3.3', '//x/y'),
  same('an encoded slash', 'RFC 3986 2.2', '/x%2fy'),
  same('an encoded space', 'RFC 3986 2.1', '/x%20y'),
  same('escapes in small and capital letters', 'RFC 3986 6.2.2.1', '/%c3%A4'),
  same('an escape of an escape', 'RFC 3986 2.4', '/x%252e%252e/y'),
  same('an escape of a letter', 'RFC 3986 6.2.2.2', '/%78'),
  same('capital letters', 'RFC 3986 6.2.2.1', '/X/y'),
  same('parameters', 'RFC 3986 3.3', '/x;a=b/y;c'),
  same('all that a path may have', 'RFC 3986 3.3', "/-._~!$&'()*+,;=:@"),
  same('brackets and bars, as browsers send them', 'WHATWG URL 4.3', '/x?[a]|{b}^`'),
  same('an angle bracket', 'WHATWG URL 4.3', '/x<y>'),
];

const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${good}\r\n`;
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\n${good}Content-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\n${good}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const ofKey = (target: string, key: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: door.test\r\nctstickiness: ${key}\r\n\r\n`;

const several: readonly Row[] = [
  ['two requests at once', 'RFC 9112 9.3.2', get('/1') + get('/2'), ['GET /1', 'GET /2']],
  [
    'two requests of different keys',
    'RFC 9112 9.3.2',
    ofKey('/1', 'a') + ofKey('/2', 'b'),
    ['GET /1', 'GET /2'],
  ],
  [
    'ten requests at once',
    'RFC 9112 9.3.2',
    Array.from({ length: 10 }, (_, i) => get(`/${i}`)).join(''),
    Array.from({ length: 10 }, (_, i) => `GET /${i}`),
  ],
  ['a body, then a request', 'RFC 9112 9.3.2', post('/1', 'hello') + get('/2'), ['POST /1 hello', 'GET /2']],
  [
    'chunks, then a request',
    'RFC 9112 9.3.2',
    chunked('/1', 'hello') + get('/2'),
    ['POST /1 hello', 'GET /2'],
  ],
  [
    'two bodies',
    'RFC 9112 9.3.2',
    post('/1', smuggled) + chunked('/2', smuggled),
    [`POST /1 ${smuggled}`, `POST /2 ${smuggled}`],
  ],
  [
    'an empty line behind a body',
    'RFC 9112 2.2',
    `${post('/1', 'hello')}\r\n${get('/2')}`,
    ['POST /1 hello', 'GET /2'],
  ],
  ['a refusal, then a request', 'RFC 9112 9.3', get('/a/../b') + get('/2'), [bad, 'GET /2']],
  ['a request, then nonsense', 'RFC 9112 2.2', `${get('/1')}nonsense\r\n\r\n`, ['GET /1', bad, closes]],
  [
    'a body longer than its length',
    'RFC 9112 6.3',
    `${post('/1', 'hello')}x${get('/2')}`,
    ['POST /1 hello', bad, closes],
  ],
  [
    'an answer in place of a request',
    'response splitting',
    `${get('/1')}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
    ['GET /1', bad, closes],
  ],
  [
    'something behind the last request',
    'HAProxy h1_to_h1',
    `GET /1 HTTP/1.1\r\n${good}Connection: close\r\n\r\nthis is not sent\r\n\r\n`,
    ['GET /1', closes],
  ],
  [
    'a request behind the last one',
    'RFC 9112 9.6',
    `GET /1 HTTP/1.1\r\n${good}Connection: close\r\n\r\n${get('/2')}`,
    ['GET /1', closes],
  ],
  [
    'a request behind one of HTTP/1.0',
    'RFC 9112 9.3',
    `GET /1 HTTP/1.0\r\n${good}\r\n${get('/2')}`,
    ['GET /1', closes],
  ],
  [
    'HEAD, then a request',
    'RFC 9110 9.3.2',
    `HEAD /1 HTTP/1.1\r\n${good}\r\n${get('/2')}`,
    ['HEAD /1', 'GET /2'],
  ],
  ['a length of nothing, then a request', 'CL.0 (2022)', post('/1', '') + get('/2'), ['POST /1', 'GET /2']],
  [
    'a GET with a body that is a request',
    'CL.0 (2022)',
    `GET /1 HTTP/1.1\r\n${good}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}${get('/2')}`,
    [`GET /1 ${smuggled}`, 'GET /2'],
  ],
  [
    'a request line in the value of a field',
    'H2.TE downgrades (2021)',
    `GET /1 HTTP/1.1\r\n${good}X-A: GET /smuggled HTTP/1.1\r\n\r\n`,
    ['GET /1'],
  ],
  [
    'a request between chunks',
    'TE.CL (2019)',
    `POST /1 HTTP/1.1\r\n${good}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${smuggled}`,
    ['framing-ambiguous', closes],
  ],
  [
    'a second last chunk',
    'TE.CL (2019)',
    `${chunked('/1', 'hello')}0\r\n\r\n`,
    ['POST /1 hello', bad, closes],
  ],
];

export const pathCases: readonly RequestCase[] = [
  ...casesOf(paths, get),
  ...casesOf(several, (bytes) => bytes),
];
