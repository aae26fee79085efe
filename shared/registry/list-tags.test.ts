/** Registries that answer more than anybody reads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from '../node-http.ts';
import { Agent } from 'undici';
import { parseImageName } from './image-name.ts';
import { listTags } from './list-tags.ts';

for (const [perPage, pages] of [
  [60_000, 2],
  [300_000, 1],
] as const)
  test(`a registry with tags without end, ${perPage} on a page, is refused`, async (t) => {
    const tags = Array.from({ length: perPage }, (_, at) => `1.${at}`);
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.setHeader('link', `</v2/edge/tags/list?page=${asked}>; rel="next"`);
      response.end(JSON.stringify({ tags }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = new Agent();
    t.after(async () => {
      await agent.close();
      server.close();
    });
    const image = parseImageName(`127.0.0.1:${(server.address() as AddressInfo).port}/edge`);
    await assert.rejects(listTags(image, undefined, agent), /has more than 100000 tags/);
    assert.equal(asked, pages);
  });
