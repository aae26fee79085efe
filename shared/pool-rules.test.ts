/** Who may host, by what clients say of themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyHosting, endsSchema, hostingRefusal, hostingSchema } from './pool-rules.ts';

const code = 'OCT_CODE_Visual_Studio Code@';

test('a client hosts from the version on that is asked of it, or of all', () => {
  const all = hostingSchema.parse({ minimumVersion: '0.3.5' });
  const own = hostingSchema.parse({ minimumVersion: '0.3.5', clients: { 'Visual Studio Code': '0.3.8' } });
  const strict = hostingSchema.parse({ minimumVersion: '0.3.5', unidentified: 'refuse' });
  const may = (rule: typeof all, told: string): boolean => hostingRefusal(rule, told) === undefined;
  assert.equal(may(anyHosting, `${code}0.0.1`), true);
  assert.equal(may(all, `${code}0.3.4`), false);
  assert.equal(may(all, `${code}0.3.5`), true);
  assert.equal(may(all, `${code}0.3.10`), true, 'numbers are numbers');
  assert.equal(may(all, `${code}0.3.5-rc.1`), false, 'what was before a release is older');
  assert.equal(may(own, `${code}0.3.7`), false);
  assert.equal(may(own, 'OCT_CODE_VSCodium@0.3.7'), true);
  for (const told of ['', 'unknown', 'Unknown OCT JS Client', 'Theia Blueprint']) {
    assert.equal(may(all, told), true, told);
    assert.equal(may(strict, told), false, told);
    assert.equal(may(hostingSchema.parse({ unidentified: 'refuse' }), told), true, 'no version is asked for');
  }
  assert.match(
    hostingRefusal(own, `${code}0.3.7`)!,
    /Visual Studio Code host from version 0\.3\.8 on; yours is 0\.3\.7/,
  );
});

test('rules that make no sense are refused', () => {
  for (const minimumVersion of ['new', '1.', '-1', '1.2.3.4.5', '', ' 1.0'])
    assert.equal(hostingSchema.safeParse({ minimumVersion }).success, false, minimumVersion);
  for (const idleMinutes of [-1, 1.5, 10_081, '5'])
    assert.equal(endsSchema.safeParse({ idleMinutes }).success, false);
});
