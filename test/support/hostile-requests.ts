/**
 * Requests that two HTTP implementations could read differently, as bytes, with the refusal that each must
 * get. `HOST` stands for the front door's address. Used by `test/system/hostile-http.test.ts`.
 */
export interface Attack {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  readonly code: string;
}

/** A good start of a head; the key is good too. */
export const goodHead = 'Host: HOST\r\nctstickiness: k\r\n';
const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket';
const smuggled = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n';

/** Where the body ends is in doubt: the connection must not be used again. */
export const framingAttacks: readonly Attack[] = [
  framing('Content-Length beside Transfer-Encoding', 'Content-Length: 6\r\nTransfer-Encoding: chunked'),
  framing('Transfer-Encoding beside Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 6'),
  framing('two equal Content-Length', 'Content-Length: 6\r\nContent-Length: 6'),
  framing('two different Content-Length', 'Content-Length: 6\r\nContent-Length: 60'),
  framing('a list of Content-Length', 'Content-Length: 6, 6'),
  framing('a Content-Length with a sign', 'Content-Length: +6'),
  framing('a negative Content-Length', 'Content-Length: -6'),
  framing('a hexadecimal Content-Length', 'Content-Length: 0x6'),
  framing('a Content-Length beyond all numbers', `Content-Length: ${'9'.repeat(40)}`),
  framing('an unknown transfer coding', 'Transfer-Encoding: xchunked'),
  framing('two transfer codings', 'Transfer-Encoding: gzip, chunked'),
  framing('chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
  framing('chunked before identity', 'Transfer-Encoding: chunked, identity'),
  framing('a transfer coding with an empty member', 'Transfer-Encoding: chunked,'),
  framing('Transfer-Encoding in HTTP/1.0', 'Transfer-Encoding: chunked', 'POST /x HTTP/1.0'),
  framing('a body with an upgrade', `Content-Length: 6\r\n${upgrade}`),
  framing('a chunked body with an upgrade', `Transfer-Encoding: chunked\r\n${upgrade}`),
  framing('a body with TRACE', 'Content-Length: 6', 'TRACE /x HTTP/1.1'),
];

/** The head breaks the grammar. */
export const grammarAttacks: readonly Attack[] = [
  malformed('white space before a colon', 'GET /x HTTP/1.1\r\nHost : HOST\r\n\r\n'),
  malformed(
    'white space before the colon of Transfer-Encoding',
    `POST /x HTTP/1.1\r\n${goodHead}Transfer-Encoding : chunked\r\n\r\n${smuggled}`,
  ),
  malformed('a folded header line', withLine('X-A: 1\r\n 2')),
  malformed('a first header line that begins with a space', 'GET /x HTTP/1.1\r\n Host: HOST\r\n\r\n'),
  malformed('bare LF line ends', 'GET /x HTTP/1.1\nHost: HOST\n\n'),
  malformed('a bare LF inside the head', withLine('X-A: 1\nX-B: 2')),
  malformed('a bare CR inside a value', withLine('X-A: 1\rX-B: 2')),
  malformed('a NUL inside a value', withLine('X-A: 1\x002')),
  malformed('an empty header name', withLine(': 1')),
  malformed('a header line without a colon', withLine('X-A')),
  malformed('a name that is no token', withLine('X(A): 1')),
  malformed('a version that does not exist', `GET /x HTTP/1.9\r\n${goodHead}\r\n`),
  malformed('a request line of HTTP/0.9', 'GET /x\r\n\r\n'),
  malformed('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  malformed('HTTP/2.0 in the clothes of HTTP/1.1', `GET /x HTTP/2.0\r\n${goodHead}\r\n`),
  malformed('HTTP/0.9 with a head', `GET /x HTTP/0.9\r\n${goodHead}\r\n`),
  malformed('a space inside the target', `GET /x y HTTP/1.1\r\n${goodHead}\r\n`),
  malformed('a raw byte in the target', `GET /x\xe9 HTTP/1.1\r\n${goodHead}\r\n`),
  malformed('a method that does not exist', `STEAL /x HTTP/1.1\r\n${goodHead}\r\n`),
  malformed('the bytes of a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  malformed('CONNECT', `CONNECT other:443 HTTP/1.1\r\n${goodHead}\r\n`),
  { name: 'an upgrade with a bad Host', ...upgradeWith('Host: a/b', 'host-invalid') },
  {
    name: 'an upgrade with two keys',
    ...upgradeWith('Host: HOST\r\nctstickiness: k\r\nctstickiness: k', 'key-duplicated'),
  },
  { name: 'an upgrade with a bad key', ...upgradeWith('Host: HOST\r\nctstickiness: k/k', 'key-invalid') },
];

/** Whole requests without a body that must not be forwarded: the connection stays in step. */
export const refusedRequests: readonly Attack[] = [
  refused('two Host headers', 'host-invalid', 'Host: HOST\r\nHost: other\r\n'),
  refused('two equal Host headers', 'host-invalid', 'Host: HOST\r\nHost: HOST\r\n'),
  refused('no Host', 'host-invalid', 'X-A: 1\r\n'),
  refused('an empty Host', 'host-invalid', 'Host: \r\n'),
  refused('a Host with a path', 'host-invalid', 'Host: HOST/x\r\n'),
  refused('a Host with user information', 'host-invalid', 'Host: me@HOST\r\n'),
  refused('a list of hosts', 'host-invalid', 'Host: HOST, other\r\n'),
  refused('a Host with a port that is none', 'host-invalid', 'Host: other:port\r\n'),
  refusedTarget('an absolute target that names another host', 'http://other/x', 'host-invalid'),
  refusedTarget('an absolute target with user information', 'http://me@HOST/x', 'host-invalid'),
  refusedTarget('a target of another scheme', 'ftp://HOST/x'),
  refusedTarget('a fragment in the target', '/x#y'),
  refusedTarget('a backslash in the target', '/x\\y'),
  refusedTarget('dot segments', '/x/../y'),
  refusedTarget('dot segments at the end', '/x/..'),
  refusedTarget('percent-encoded dot segments', '/x/%2e%2E/y'),
  refusedTarget('half-encoded dot segments', '/.%2e/y'),
  refusedTarget('a single dot segment', '/x/./y'),
  refused('Transfer_Encoding', 'header-refused', `${goodHead}Transfer_Encoding: chunked\r\n`),
  refused('Content_Length', 'header-refused', `${goodHead}Content_Length: 5\r\n`),
  refused('an underscore alias of an internal header', 'header-refused', `${goodHead}X_CT_Key: k\r\n`),
  refused('a half-underscored internal header', 'header-refused', `${goodHead}X-CT_Epoch: 9\r\n`),
  refused('X_Forwarded_For', 'header-refused', `${goodHead}X_Forwarded_For: 203.0.113.9\r\n`),
  refused('X_Real_IP', 'header-refused', `${goodHead}X_Real_IP: 203.0.113.9\r\n`),
  refused('Sec_WebSocket_Key', 'header-refused', `${goodHead}Sec_WebSocket_Key: a\r\n`),
  refused('Connection that names Host', 'header-refused', `${goodHead}Connection: keep-alive, host\r\n`),
  refused('Connection that names Cookie', 'header-refused', `${goodHead}Connection: Cookie\r\n`),
  refused(
    'Connection that names Authorization',
    'header-refused',
    `${goodHead}Connection: authorization\r\n`,
  ),
  refused(
    'Connection that names the key on a second line',
    'header-refused',
    `${goodHead}Connection: keep-alive\r\nConnection: ctstickiness\r\n`,
  ),
  refused('the key twice', 'key-duplicated', `${goodHead}ctstickiness: k\r\n`),
  refused('two keys', 'key-duplicated', `${goodHead}CTStickiness: other\r\n`),
  refusedTarget('the key twice in the query', '/x?ctstickiness=k&ctstickiness=k', 'key-duplicated'),
  refusedTarget('header and query that disagree', '/x?ctstickiness=other', 'key-conflict'),
  refusedTarget('header and percent-encoded query that disagree', '/x?%63tstickiness=other', 'key-conflict'),
  refused('an empty key', 'key-invalid', 'Host: HOST\r\nctstickiness:\r\n'),
  refused('a list as key', 'key-invalid', 'Host: HOST\r\nctstickiness: a, b\r\n'),
  refused('a key of 129 characters', 'key-invalid', `Host: HOST\r\nctstickiness: ${'k'.repeat(129)}\r\n`),
  refused(
    'a key of 20000 characters',
    'key-invalid',
    `Host: HOST\r\nctstickiness: ${'k'.repeat(20_000)}\r\n`,
  ),
  refused('a key with a slash', 'key-invalid', 'Host: HOST\r\nctstickiness: ../k\r\n'),
  refused('a key with a raw byte', 'key-invalid', 'Host: HOST\r\nctstickiness: k\xe9\r\n'),
  refusedTarget(
    'a key with a line end in the query',
    '/x?ctstickiness=k%0d%0aX-A:1',
    'key-invalid',
    'Host: HOST\r\n',
  ),
  refused('a bad key in the cookie', 'key-invalid', 'Host: HOST\r\nCookie: ctstickiness=a b\r\n'),
];

function framing(name: string, lines: string, requestLine = 'POST /x HTTP/1.1'): Attack {
  const bytes = `${requestLine}\r\n${goodHead}${lines}\r\n\r\n${smuggled}`;
  return { name, bytes, status: 400, code: 'framing-ambiguous' };
}

function malformed(name: string, bytes: string): Attack {
  return { name, bytes, status: 400, code: 'request-malformed' };
}

function withLine(line: string): string {
  return `GET /x HTTP/1.1\r\n${goodHead}${line}\r\n\r\n`;
}

function upgradeWith(lines: string, code: string): Omit<Attack, 'name'> {
  return { bytes: `GET /x HTTP/1.1\r\n${lines}\r\n${upgrade}\r\n\r\n`, status: 400, code };
}

function refused(name: string, code: string, head: string): Attack {
  return { name, bytes: `GET /x HTTP/1.1\r\n${head}\r\n`, status: 400, code };
}

function refusedTarget(name: string, target: string, code = 'request-malformed', head = goodHead): Attack {
  return { name, bytes: `GET ${target} HTTP/1.1\r\n${head}\r\n`, status: 400, code };
}
