/** Logins as cookies: for how long they hold, and that none is taken which was not signed for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCookie } from '../../core/cookie.ts';
import { ViewerCookies, viewerCookie } from './viewer-cookie.ts';
import type { Claims } from './viewer-cookie.ts';

const hourMs = 3_600_000;

function open(secret = 'one'): { cookies: ViewerCookies; clock: { nowMs: number } } {
  const clock = { nowMs: 1_800_000_000_000 };
  const limits = { lifeMs: 12 * hourMs, idleMs: hourMs };
  return { cookies: new ViewerCookies({ secret, limits: () => limits, nowMs: () => clock.nowMs }), clock };
}

const ada = { name: 'ada', role: 'admin', by: 'password', mark: 'm' } as const;

function valueOf(cookies: ViewerCookies, claims: Claims): string {
  return readCookie(['cookie', `a=b; ${cookies.set(claims, true).split(';')[0]}`], viewerCookie)!;
}

test('a login holds while it is used, and for twelve hours at most', () => {
  const { cookies, clock } = open();
  let claims = cookies.begin(ada);
  for (let hours = 0; hours < 11.5; hours += 0.5) {
    clock.nowMs += hourMs / 2;
    const read = cookies.read(valueOf(cookies, claims));
    assert.equal(read?.name, 'ada', `${hours}`);
    claims = cookies.renew(read)!;
  }
  clock.nowMs += hourMs / 2;
  assert.equal(cookies.read(valueOf(cookies, claims)), undefined);
});

test('a login that is not used is over after the idle time, and what is signed for the future is none', () => {
  const { cookies, clock } = open();
  const value = valueOf(cookies, cookies.begin(ada));
  clock.nowMs += hourMs - 1_000;
  assert.ok(cookies.read(value) !== undefined);
  clock.nowMs += 1_000;
  assert.equal(cookies.read(value), undefined);
  clock.nowMs -= 2 * hourMs;
  assert.equal(cookies.read(value), undefined);
});

test('a cookie that is new enough is not set again', () => {
  const { cookies, clock } = open();
  const claims = cookies.begin(ada);
  assert.equal(cookies.renew(claims), undefined);
  clock.nowMs += hourMs / 10;
  assert.ok(cookies.renew(claims) !== undefined);
});

test('whatever is sent, only what was signed with the secret of the pool is a login', () => {
  const { cookies } = open();
  const value = valueOf(cookies, cookies.begin(ada));
  assert.equal(open('another').cookies.read(value), undefined);
  assert.equal(cookies.read(''), undefined);
  fc.assert(
    fc.property(fc.nat(value.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, text) => {
      const changed = value.slice(0, at) + text + value.slice(at + text.length);
      fc.pre(changed !== value);
      assert.equal(cookies.read(changed), undefined);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => assert.equal(cookies.read(text), undefined)));
});

test('a token of a page is of one login alone', () => {
  const { cookies } = open();
  const [one, other] = [cookies.begin(ada), cookies.begin(ada)];
  assert.notEqual(cookies.csrfOf(one), cookies.csrfOf(other));
  assert.equal(cookies.csrfOf(one), open().cookies.csrfOf(one));
});
