/** What a path means to the front door, with and without the prefix that carries a key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPreflight, isRepeatable, routePath } from './route.ts';

const routes: readonly (readonly [path: string, name: string, needs: string])[] = [
  ['/', 'home', 'local'],
  ['/session/', 'session-page', 'local'],
  ['/session/assets/main.js', 'session-page', 'local'],
  ['/login.html', 'login-page', 'local'],
  ['/api/meta', 'meta', 'local'],
  ['/api/logout', 'login', 'local'],
  ['/api/login/initial', 'login', 'local'],
  ['/api/login/poll/abc', 'login', 'local'],
  ['/api/session/create', 'session-create', 'create'],
  ['/api/session/join/k1', 'session-join', 'keyed'],
  ['/api/session/poll/k1.x', 'session-poll', 'keyed'],
  ['/socket.io/', 'socket-io', 'keyed'],
  ['/y/k1/doc', 'y-websocket', 'keyed'],
  ['/ct-health', 'health', 'keyed'],
  ['/ct-health/', 'health', 'keyed'],
  ['/socket.io', 'unknown', 'nothing-here'],
  ['/api/session/create/x', 'unknown', 'nothing-here'],
  ['/API/meta', 'unknown', 'nothing-here'],
  ['//api/meta', 'unknown', 'nothing-here'],
  ['/constructor', 'unknown', 'nothing-here'],
  ['/__proto__', 'unknown', 'nothing-here'],
];

for (const [path, name, needs] of routes) {
  test(`${path} is ${name} and needs ${needs}`, () => assert.deepEqual(routePath(path), { name, needs }));
}

test('a key prefix changes no route but that of the home page: a session has a page of its own', () => {
  for (const [path] of routes) {
    if (path !== '/' && !path.startsWith('//'))
      assert.deepEqual(routePath(`/~k1${path}`), routePath(path), path);
  }
  for (const path of ['/~k1', '/~k1/'])
    assert.deepEqual(routePath(path), { name: 'session-page', needs: 'local' });
});

test('every path has a route', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (path) => assert.ok(routePath(path).name.length > 0)));
});

test('what changes nothing may be sent twice, and of the rest only the poll of a guest who waits', () => {
  assert.ok(isRepeatable('session-poll', 'POST'));
  for (const route of ['session-create', 'session-join', 'socket-io', 'static', 'unknown'] as const) {
    assert.ok(isRepeatable(route, 'GET'), route);
    assert.equal(isRepeatable(route, 'POST'), false, route);
    assert.equal(isRepeatable(route, 'PATCH'), false, route);
  }
});

test('a preflight is an OPTIONS that names the method of the call to come, and nothing else is', () => {
  const asks = ['Access-Control-Request-Method', 'GET'];
  assert.ok(isPreflight({ method: 'OPTIONS', headers: asks }));
  assert.equal(isPreflight({ method: 'OPTIONS', headers: [] }), false);
  assert.equal(isPreflight({ method: 'GET', headers: asks }), false);
});
