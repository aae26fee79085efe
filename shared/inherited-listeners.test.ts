/** Which descriptors a front door takes over, by what its environment says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInheritedListeners } from './inherited-listeners.ts';

const none = { http: undefined, https: undefined };

test('descriptors begin at 3 and have names; without a name the only one is for HTTP', () => {
  assert.deepEqual(readInheritedListeners({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'https:http' }, 7), {
    http: 4,
    https: 3,
  });
  assert.deepEqual(readInheritedListeners({ LISTEN_FDS: '1', LISTEN_PID: '7' }, 7), { ...none, http: 3 });
});

test('where nobody passes any, or they are meant for another process, there are none', () => {
  assert.deepEqual(readInheritedListeners({}, 7), none);
  assert.deepEqual(readInheritedListeners({ LISTEN_FDS: '1', LISTEN_PID: '8' }, 7), none);
});

test('names that say nothing, say it twice or are too few are refused in words', () => {
  for (const [fds, names] of [
    ['1', 'mooring.socket'],
    ['2', 'http:http'],
    ['2', 'http'],
    ['2', undefined],
    ['x', 'http'],
  ] as const) {
    const env = { LISTEN_FDS: fds, ...(names !== undefined && { LISTEN_FDNAMES: names }) };
    assert.throws(() => readInheritedListeners(env, 7), /must be http or https/, JSON.stringify(env));
  }
});
