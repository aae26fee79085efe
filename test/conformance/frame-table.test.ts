/** The HTTP/2 frame table over TLS sockets, through one front door: what the client is told, and what the edge sees of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startSecureDoor } from '../support/http2-client.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { RecordedRequest, StaticBackend } from '../support/static-backend.ts';
import { frameTable } from './frame-table.ts';
import type { FrameCase } from './frame-case.ts';
import { playFrames } from './play-frames.ts';

async function startEdge(t: TestContext): Promise<StaticBackend> {
  const edge = await startStaticBackend(t, 'only');
  edge.handlers.set('/unread', (request) => void request.pause());
  edge.upgradeHandlers.set('/refused', (_request, socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
  });
  return edge;
}

function valueOf(request: RecordedRequest, name: string): string | undefined {
  const own: Record<string, string> = {
    ':method': request.method,
    ':path': request.target,
    ':body': request.body,
  };
  if (name in own) return own[name];
  const at = request.headers.findIndex((field, i) => i % 2 === 0 && field === name);
  return at === -1 ? undefined : request.headers[at + 1];
}

function assertSeen(
  { expected, instead, seen, unseen, mayReach }: FrameCase,
  requests: readonly RecordedRequest[],
): void {
  if (mayReach) return;
  const isForwarded = ['answer 200', 'answer 403'].includes(instead ?? expected);
  assert.equal(requests.length, isForwarded ? 1 : 0, 'what the edge got');
  for (const [name, value] of Object.entries(seen ?? {}))
    assert.equal(valueOf(requests[0]!, name), value, name);
  for (const request of requests)
    for (const name of [...(unseen ?? []), 'x-ct-epoch', 'x_ct_epoch', 'te', 'keep-alive', 'http2-settings'])
      assert.equal(valueOf(request, name), undefined, name);
}

test('each case of the frame table is answered and forwarded as the table says', async (t) => {
  const edge = await startEdge(t);
  const settings = { CT_TARGET_MAX_BYTES: '8192', CT_BODY_MAX_BYTES: '1000000' };
  const { door } = await startSecureDoor(t, { backends: [edge], settings });
  // What is at the edge late belongs to one of the last: the others know how many requests are theirs.
  const inOrder = [
    ...frameTable.filter(({ mayReach }) => !mayReach),
    ...frameTable.filter(({ mayReach }) => mayReach),
  ];
  for (const item of inOrder) {
    await t.test(`${item.name} (${item.section})`, async (t) => {
      const before = edge.requests.length;
      assert.equal(await playFrames(t, door.httpsPort, item), item.instead ?? item.expected);
      assertSeen(item, edge.requests.slice(before));
    });
  }
});

test('the frame table has 150 cases or more, none of them twice', () => {
  assert.ok(frameTable.length >= 150, `${frameTable.length} cases`);
  assert.equal(new Set(frameTable.map(({ name }) => name)).size, frameTable.length);
});
