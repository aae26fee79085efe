/** The session page's own files as the front door answers them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ensureBuilt } from '../dashboard/build.ts';
import type { LocalRequest } from '../local-answer.ts';
import { SessionPage } from './session-page.ts';

function requestOf(path: string, query = ''): LocalRequest {
  return {
    method: 'GET',
    path,
    query,
    host: 'localhost',
    target: path,
    headers: ['accept-encoding', 'gzip'],
    secure: false,
    client: '192.0.2.1',
    isRelayed: false,
    readBody: () => Promise.resolve(''),
    signal: new AbortController().signal,
  };
}

test('the page is less than 400 KB compressed, and what it is made of is taken for nothing else than it says', async () => {
  await ensureBuilt();
  const page = new SessionPage();
  const html = page.answer(requestOf('/session/'));
  assert.equal(typeof html.body, 'string');
  const names = [...(html.body as string).matchAll(/\/session\/assets\/[^"]+/g)].map(([name]) => name);
  const files = names.map((name) => page.answer(requestOf(name)));
  for (const { headers } of [html, ...files]) assert.equal(headers['x-content-type-options'], 'nosniff');
  const bodies = files.map(({ body }) => body as Buffer);
  for (const body of bodies) assert.ok(gunzipSync(body).length > body.length);
  const sum = bodies.reduce((all, body) => all + body.length, 0);
  assert.ok(files.length === 2 && sum < 400_000, `${sum} bytes`);
});

for (const code of [
  'AbC-123',
  'https://example.org/~AbC-123/',
  'https://example.org/#AbC-123',
  ' https://example.org/mooring/~AbC-123 ',
])
  test(`whoever was given "${code}" is led to the session`, () => {
    const answer = new SessionPage().answer(
      requestOf('/session/join', new URLSearchParams({ code }).toString()),
    );
    assert.equal(answer.status, 303);
    assert.equal(answer.headers['location'], '/~AbC-123/');
  });

test('what is no code leads nowhere', () => {
  const query = new URLSearchParams({ code: 'https://example.org/?AbC' }).toString();
  assert.throws(() => new SessionPage().answer(requestOf('/session/join', query)), { code: 'key-invalid' });
});
