/** The front door's calls of a move to edges, over the network of a simulation. */
import type { SendRequest } from '../../proxy/move/handover-call.ts';
import type { Ground } from './network.ts';
import type { Door, Upstream } from './upstream.ts';

interface SendOptions {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly bytes?: Buffer };
  readonly signal: AbortSignal;
}

/** Now and then a call comes twice, the second time late, as from a sender that was not sure. */
export function sendToEdge(ground: Ground, upstream: Upstream, from: Door, twiceShare: number): SendRequest {
  const { random, time } = ground;
  const send = async (
    address: string,
    url: string,
    { method = 'GET', headers, body, signal }: SendOptions,
  ): Promise<object> => {
    signal.throwIfAborted();
    const request = { method, url, headers, body: body?.bytes };
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const call = { from, address, request, upgrade: undefined, signal: undefined };
    if (random.chance(twiceShare))
      time.after(random.delay(1, 4_000), from.process, () => void upstream.request(call));
    const end = await Promise.race([upstream.request(call), aborted.promise]);
    signal.removeEventListener('abort', onAbort);
    if (end.kind !== 'answered') throw new Error(end.kind === 'failed' ? end.code : 'no answer');
    const { status, headers: answerHeaders, body: bytes } = end.answer;
    return {
      statusCode: status,
      headers: answerHeaders,
      body: {
        bytes,
        text: () => Promise.resolve(bytes.toString()),
        dump: () => Promise.resolve(),
        destroy: () => undefined,
      },
    };
  };
  return send as unknown as SendRequest;
}
