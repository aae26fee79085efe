/** Static backends: how they are written, and how single checks become a verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseOrigin } from '../wire/origin.ts';
import { CheckStreak, parseBackends } from './static-backends.ts';

test('a backend is a name and an origin, with a weight of 100 unless it says another', () => {
  assert.deepEqual(parseBackends(['a=http://127.0.0.1:3000', 'b=https://b.test;weight=250']), [
    { id: 'a', address: 'http://127.0.0.1:3000', weight: 100 },
    { id: 'b', address: 'https://b.test', weight: 250 },
  ]);
});

test('a path or a slash after the origin does not make it another backend', () => {
  const addresses = parseBackends(['a=http://a.test/', 'b=http://a.test/x?y=z', 'c=HTTP://A.test:80']);
  assert.deepEqual(new Set(addresses.map((backend) => backend.address)), new Set(['http://a.test']));
});

test('a backend may be the path of a Unix-domain socket, with a weight like any other', () => {
  assert.deepEqual(parseBackends(['a=unix:/run/a.sock', 'b=unix:/run/b=1.sock;weight=7']), [
    { id: 'a', address: 'unix:/run/a.sock', weight: 100 },
    { id: 'b', address: 'unix:/run/b=1.sock', weight: 7 },
  ]);
});

test('a weight is held between 1 and 1000', () => {
  assert.deepEqual(
    parseBackends(['a=http://a.test;weight=0', 'b=http://b.test;weight=9999']).map(({ weight }) => weight),
    [1, 1_000],
  );
});

/** The verdicts after each check, as `+` and `-`. */
function verdicts(rise: number, fall: number, checks: string): string {
  const streak = new CheckStreak(rise, fall);
  return Array.from(checks, (check) => (streak.note(check === '+') ? '+' : '-')).join('');
}

test('the first check decides alone', () => {
  assert.equal(verdicts(2, 3, '+'), '+');
  assert.equal(verdicts(2, 3, '-'), '-');
});

test('a backend falls with so many failures in a row, and rises with so many passes', () => {
  assert.equal(verdicts(2, 3, '+---'), '+++-');
  assert.equal(verdicts(2, 3, '-++'), '--+');
  assert.equal(verdicts(1, 1, '+-+-'), '+-+-');
});

test('one check that agrees starts the count anew', () => {
  assert.equal(verdicts(2, 3, '+--+--+'), '+++++++');
  assert.equal(verdicts(2, 3, '-+-+-++'), '------+');
});

test('a verdict never changes on fewer checks in a row than it needs, and always on so many', () => {
  const bound = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(
      bound,
      bound,
      fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
      (rise, fall, checks) => {
        const streak = new CheckStreak(rise, fall);
        const history: boolean[] = [];
        let verdict = checks[0]!;
        for (const passed of checks) {
          history.push(passed);
          const next = streak.note(passed);
          const needed = verdict ? fall : rise;
          const last = history.slice(-needed);
          const isRun = last.length === needed && last.every((check) => check !== verdict);
          assert.equal(next !== verdict, isRun);
          verdict = next;
        }
      },
    ),
  );
});

test('a backend that wants a header of the PROXY protocol has that in its address', () => {
  const [plain, path] = parseBackends([
    'a=http://127.0.0.1:3000;proxy=v1',
    'b=unix:/run/b.sock;weight=7;proxy=v2',
  ]);
  assert.equal(plain!.address, 'http://127.0.0.1:3000#proxy=v1');
  assert.deepEqual([path!.address, path!.weight], ['unix:/run/b.sock#proxy=v2', 7]);
  assert.deepEqual(parseOrigin(plain!.address), {
    ...parseOrigin('http://127.0.0.1:3000'),
    proxyVersion: 'v1',
  });
  assert.deepEqual(parseOrigin(path!.address), { ...parseOrigin('unix:/run/b.sock'), proxyVersion: 'v2' });
});
