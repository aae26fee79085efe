/** Chunked bodies: sizes, extensions, data, trailers. What is read is a chunked body again at the edge, without the frills. */
import { ambiguous, casesOf, good, smuggled } from './request-case.ts';
import type { RequestCase, Row } from './request-case.ts';

const hello = 'POST /x hello';
const none = 'POST /x';
const end = '0\r\n\r\n';

const wellFormed: readonly Row[] = [
  ['one chunk', 'RFC 9112 7.1', `5\r\nhello\r\n${end}`, hello],
  ['no chunk', 'RFC 9112 7.1', end, none],
  ['five chunks', 'RFC 9112 7.1', `1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n${end}`, hello],
  ['a size in capitals', 'RFC 9112 7.1', `A\r\n0123456789\r\n${end}`, 'POST /x 0123456789'],
  ['a size in small letters', 'RFC 9112 7.1', `a\r\n0123456789\r\n${end}`, 'POST /x 0123456789'],
  ['a size with leading zeros', 'RFC 9112 7.1', `0005\r\nhello\r\n${end}`, hello],
  ['a last chunk of many zeros', 'RFC 9112 7.1', '5\r\nhello\r\n000\r\n\r\n', hello],
  ['data of line ends', 'RFC 9112 7.1', `4\r\n\r\n\r\n\r\n${end}`, 'POST /x \r\n\r\n'],
  ['data that looks like a last chunk', 'RFC 9112 7.1', `5\r\n0\r\n\r\n\r\n${end}`, 'POST /x 0\r\n\r\n'],
  [
    'data that looks like a request',
    'RFC 9112 7.1',
    `${smuggled.length.toString(16)}\r\n${smuggled}\r\n${end}`,
    `POST /x ${smuggled}`,
  ],
  ['an extension', 'RFC 9112 7.1.1', `5;a=b\r\nhello\r\n${end}`, hello],
  ['an extension without a value', 'RFC 9112 7.1.1', `5;a\r\nhello\r\n${end}`, hello],
  ['an extension in quotes', 'RFC 9112 7.1.1', `5;a="b;c"\r\nhello\r\n${end}`, hello],
  ['an extension of the last chunk', 'RFC 9112 7.1.1', '5\r\nhello\r\n0;a=b\r\n\r\n', hello],
  ['an empty extension', 'Funky chunks (2025)', `5;\r\nhello\r\n${end}`, hello],
  ['a trailer', 'RFC 9112 7.1.2', '5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n', hello],
  ['two trailers', 'RFC 9112 7.1.2', '5\r\nhello\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n', hello],
  ['a trailer that names a length', 'RFC 9110 6.5.1', '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n', hello],
  ['a trailer that names the key', 'RFC 9110 6.5.1', '5\r\nhello\r\n0\r\nctstickiness: other\r\n\r\n', hello],
  [
    'a trailer that names an internal header',
    'RFC 9110 6.5.1',
    '5\r\nhello\r\n0\r\nX-CT-Key: other\r\n\r\n',
    hello,
  ],
];

const badSizes: readonly Row[] = [
  ['a size with a prefix', 'CVE-2022-24801', '0x5', ambiguous],
  ['a size with a sign', 'RFC 9112 7.1', '+5', ambiguous],
  ['a negative size', 'RFC 9112 7.1', '-5', ambiguous],
  ['an empty size', 'RFC 9112 7.1', '', ambiguous],
  ['a size of no digit', 'RFC 9112 7.1', 'g', ambiguous],
  ['a size with a digit that is none', 'RFC 9112 7.1', '5g', ambiguous],
  ['a size with an underscore', 'RFC 9112 7.1', '0_5', ambiguous],
  ['a size with a dot', 'RFC 9112 7.1', '5.0', ambiguous],
  ['a size in quotes', 'RFC 9112 7.1', '"5"', ambiguous],
  ['white space before a size', 'RFC 9112 7.1', ' 5', ambiguous],
  ['white space behind a size', 'RFC 9112 7.1', '5 ', ambiguous],
  ['a tab behind a size', 'RFC 9112 7.1', '5\t', ambiguous],
  ['white space before an extension', 'RFC 9112 7.1.1', '5 ;a=b', ambiguous],
  ['a comma behind a size', 'RFC 9112 7.1', '5,5', ambiguous],
  ['a NUL behind a size', 'RFC 9112 7.1', '5\0', ambiguous],
  ['a size of 2^32 + 5', 'CVE-2013-2028', '100000005', ['body-too-large', 'closes']],
  ['a size of 2^64 + 5', 'CVE-2013-2028', '10000000000000005', ambiguous],
  ['a size that overflows', 'CVE-2013-2028', 'fffffffffffffffff', ambiguous],
  ['a size of 40 zeros and a 5', 'RFC 9112 7.1', `${'0'.repeat(40)}5`, ambiguous],
  ['a bare LF in an extension', 'CVE-2025-22871', '5;a\nb', ambiguous],
  ['a bare CR in an extension', 'RFC 9112 2.2', '5;a\rb', ambiguous],
  ['a NUL in an extension', 'RFC 9112 7.1.1', '5;a\0', ambiguous],
  ['a line end inside a quoted extension', 'Funky chunks (2025)', '5;a="\r\nb"', ambiguous],
  ['an extension that is no end', 'CVE-2024-22019', `5;${'a'.repeat(20_000)}`, ambiguous],
];

const badBodies: readonly Row[] = [
  ['a bare LF behind a size', 'CVE-2025-22871', `5\nhello\r\n${end}`, ambiguous],
  ['a bare CR behind a size', 'Funky chunks (2025)', `5\rhello\r\n${end}`, ambiguous],
  ['a bare LF behind data', 'Funky chunks (2025)', `5\r\nhello\n${end}`, ambiguous],
  ['a bare CR behind data', 'Funky chunks (2025)', `5\r\nhello\r${end}`, ambiguous],
  ['nothing behind data', 'Funky chunks (2025)', `5\r\nhello${end}`, ambiguous],
  ['two bytes behind data that are no line end', 'Funky chunks (2025)', `5\r\nhelloXX${end}`, ambiguous],
  ['an empty line too many behind data', 'Funky chunks (2025)', `5\r\nhello\r\n\r\n${end}`, ambiguous],
  ['data longer than its size', 'RFC 9112 7.1', `4\r\nhello\r\n${end}`, ambiguous],
  ['data shorter than its size', 'RFC 9112 7.1', `6\r\nhello\r\n${end}`, ambiguous],
  ['a last chunk with a bare LF', 'CVE-2025-22871', '5\r\nhello\r\n0\n\r\n', ambiguous],
  ['an end with a bare LF', 'RFC 9112 2.2', '5\r\nhello\r\n0\r\n\n', ambiguous],
  ['an end of a bare CR', 'RFC 9112 7.1', '5\r\nhello\r\n0\r\n\rx', ambiguous],
  ['a trailer without a colon', 'RFC 9112 7.1.2', '5\r\nhello\r\n0\r\nX-A\r\n\r\n', ambiguous],
  ['a trailer without a name', 'RFC 9112 7.1.2', '5\r\nhello\r\n0\r\n: 1\r\n\r\n', ambiguous],
  [
    'a trailer with white space before its colon',
    'RFC 9112 5.1',
    '5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n',
    ambiguous,
  ],
  ['a folded trailer', 'RFC 9112 5.2', '5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n', ambiguous],
  ['a trailer behind a bare LF', 'RFC 9112 2.2', '5\r\nhello\r\n0\r\nX-A: 1\n\r\n', ambiguous],
  [
    'a trailer of 20,000 bytes',
    'CVE-2023-46589',
    `5\r\nhello\r\n0\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
    ambiguous,
  ],
  ['a trailer that is a request', 'RFC 9112 7.1.2', `5\r\nhello\r\n0\r\n${smuggled}`, ambiguous],
];

const head = `POST /x HTTP/1.1\r\n${good}Transfer-Encoding: chunked\r\n\r\n`;

export const chunkCases: readonly RequestCase[] = [
  ...casesOf([...wellFormed, ...badBodies], (body) => head + body),
  ...casesOf(badSizes, (size) => `${head}${size}\r\nhello\r\n${end}`),
  {
    name: 'the coding in capitals',
    source: 'RFC 9112 7',
    bytes: `POST /x HTTP/1.1\r\n${good}TRANSFER-ENCODING: CHUNKED\r\n\r\n5\r\nhello\r\n${end}`,
    expected: [hello],
    has: ['transfer-encoding: chunked'],
  },
  {
    name: 'the announcement of trailers',
    source: 'RFC 9110 6.6.2',
    bytes: `POST /x HTTP/1.1\r\n${good}Trailer: X-A\r\nTransfer-Encoding: chunked\r\n\r\n${end}`,
    expected: [none],
    lacks: ['trailer'],
  },
];
