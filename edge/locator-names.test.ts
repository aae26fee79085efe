/** Which front doors an edge seeks: all addresses of a name, as they are now, and what was known where nobody answers. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { silentLog } from '#shared/log.ts';
import { LocatorNames } from './locator-names.ts';
import type { ControlTarget } from './locator-names.ts';

test('names stand for all of their addresses and are looked up again; literal addresses and localhost stand for themselves', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const asked: string[] = [];
  const told: string[][] = [];
  let answer: string[] | Error = ['10.0.0.2', '10.0.0.1', '10.0.0.1'];
  const show = ({ locator, address }: ControlTarget): string => `${locator} ${address ?? 'itself'}`;
  const names = new LocatorNames({
    locators: ['ws://doors.test:1091', 'ws://10.1.1.1:1091', 'ws://[::1]:1091', 'ws://localhost:1091'],
    resolve: (host) => {
      asked.push(host);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    onTargets: (targets) => told.push(targets.map(show)),
    log: silentLog(),
  });
  const looked = async (): Promise<void> => {
    mock.timers.tick(3_000);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  names.start();
  t.after(() => names.stop());
  await looked();
  const literal = ['ws://10.1.1.1:1091 itself', 'ws://[::1]:1091 itself', 'ws://localhost:1091 itself'];
  const both = ['ws://doors.test:1091 10.0.0.1', 'ws://doors.test:1091 10.0.0.2'];
  assert.deepEqual(told, [literal, [...literal, ...both]]);
  answer = new Error('no name server answers');
  await looked();
  answer = ['10.0.0.2', '10.0.0.1'];
  await looked();
  assert.equal(told.length, 2, 'nothing has changed');
  answer = ['10.0.0.2', 'fd00::3'];
  await looked();
  assert.deepEqual(told[2]?.slice(3), ['ws://doors.test:1091 10.0.0.2', 'ws://doors.test:1091 fd00::3']);
  names.stop();
  answer = [];
  await looked();
  assert.equal(told.length, 3);
  assert.deepEqual([...new Set(asked)], ['doors.test']);
});
