/** Who asks on and on and reads nothing, as a test on a transport that the caller names. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ask, startFrontDoor, until } from './front-door.ts';

/** Declares the test. */
export function testUnreadAnswers(sockets: 'required' | 'off'): void {
  void test(`with CT_NATIVE_SOCKETS=${sockets} who asks on and on and reads no answer is not read from either, and cut in time`, async (t) => {
    const settings = { CT_NATIVE_SOCKETS: sockets, CT_BODY_IDLE_TIMEOUT_MS: '1500' };
    const door = await startFrontDoor(t, { settings });
    const asked = 200_000;
    const client = connect(door.port, '127.0.0.1').on('error', () => undefined);
    t.after(() => client.destroy());
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(asked));
    await until(async () => (await door.metric('ct_proxy_exchanges_total')) > 100, 'it is answered');
    await until(async () => (await door.metric('ct_proxy_connections_open')) === 0, 'it is cut');
    // What the kernel holds of our pages between two processes, and no more.
    const answered = await door.metric('ct_proxy_exchanges_total');
    assert.ok(answered < asked / 4, `${answered} answers that nobody reads`);
    assert.equal((await ask(door, '/api/meta')).status, 200);
  });
}
