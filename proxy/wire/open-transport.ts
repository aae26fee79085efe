/** Which transport the front door uses: the native add-on where there is one for the platform, unless it is switched off. */
import { loadNativeSockets } from '#native/binding.ts';
import type { Metrics } from '#shared/metrics.ts';
import { NativeTransport } from './native-transport.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import { NetTransport } from './transport.ts';
import type { Transport } from './transport.ts';

/** Throws where the add-on is required and missing. */
export function openTransport(choice: string, trust: UpstreamTrust, metrics: Metrics): Transport {
  const native = choice === 'off' ? undefined : loadNativeSockets();
  if (native !== undefined) {
    return new NativeTransport(native, trust, () => metrics.count('ct_proxy_accept_failures_total'));
  }
  if (choice === 'required') {
    throw new Error(
      `CT_NATIVE_SOCKETS=required: no add-on for ${process.platform}-${process.arch}; build it with "npm run build:native"`,
    );
  }
  return new NetTransport(trust);
}
