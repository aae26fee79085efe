/** Tests of the wire run on each transport that the platform has: what one promises, the other must keep. */
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Metrics } from '#shared/metrics.ts';
import { openTransport } from '../../proxy/wire/open-transport.ts';
import { openTrust } from '../../proxy/upstream-trust.ts';
import { NetTransport } from '../../proxy/wire/transport.ts';
import type { Transport } from '../../proxy/wire/transport.ts';

const ofTest = new WeakMap<TestContext, Transport>();
const trust = openTrust({ CT_UPSTREAM_CA: '', CT_TRUST_ALL_CERTS: 'false' });
const netTransport = new NetTransport(trust);
const native = openTransport('auto', trust, new Metrics('ct_proxy_'));
const transports = new Map<string, Transport>([
  ['net', netTransport],
  ...(native instanceof NetTransport ? [] : [['native', native] as const]),
]);

export function testOnEach(name: string, promise: (t: TestContext) => Promise<void> | void): void {
  for (const [label, transport] of transports) {
    test(`${name} (${label})`, async (t) => {
      ofTest.set(t, transport);
      await promise(t);
    });
  }
}

/** The transport that a test runs on. */
export function transportOf(t: TestContext): Transport {
  return ofTest.get(t) ?? netTransport;
}
