/**
 * The admin API against its own description: every operation is called on a pool that runs, every answer judged by the schema
 * that stands in the OpenAPI document, by a validator that no one here wrote.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { askAtSocket, askWith } from '../support/admin-api.ts';
import type { AskAdmin } from '../support/admin-api.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';

interface Operation {
  readonly operationId: string;
  readonly 'x-role': 'reader' | 'admin';
  readonly parameters?: readonly { readonly name: string; readonly required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: object }> }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const { pool, close } = openPool({ env: { CT_EDGES: '2' } });
let admin: AskAdmin;
let reader: AskAdmin;
let nobody: AskAdmin;
let document: Document;

before(async () => {
  await pool.waitUntilReady();
  const port = pool.ports['admin']!;
  admin = askWith({ port, token: pool.secret('admin') });
  reader = askWith({ port, token: pool.secret('admin-reader') });
  nobody = askWith({ port });
  document = (await reader({ path: '/admin/openapi.json' })).body as unknown as Document;
});
after(close);

/** Of the admin API proper: what is open has no role. */
function operations(): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/admin/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        method: method.toUpperCase(),
        operation,
      })),
    );
}

function assertValid(operation: Operation, status: number, body: unknown): void {
  const response = operation.responses[String(status)];
  assert.ok(
    response !== undefined,
    `${operation.operationId} answers with ${status}, which is not described`,
  );
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  ajv.addSchema(document.components.schemas['Refusal']!, '#/components/schemas/Refusal');
  const validate = ajv.compile(response.content['application/json']!.schema);
  assert.ok(
    validate(body),
    `${operation.operationId} ${status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`,
  );
}

interface Sample {
  readonly query?: string;
  readonly body?: object;
  readonly status?: number;
}

/** One call of each operation that has something to show. */
async function samplesFor(t: TestContext): Promise<Readonly<Record<string, Sample>>> {
  await openDocument(t, pool.url, { key: 'busy', name: 'notes' });
  await openDocument(t, pool.url, { key: 'spare', name: 'notes' });
  const from = (await pool.where('busy')).edge;
  const to = from === 'edge-1' ? 'edge-2' : 'edge-1';
  return {
    document: {},
    status: {},
    edges: {},
    pins: { query: `limit=5&edge=${from}` },
    where: { query: 'key=busy' },
    verify: {},
    sessions: { query: 'key=busy' },
    drains: {},
    audit: { query: 'limit=3' },
    usage: { query: 'limit=3&edge=edge-1' },
    history: {},
    historyDays: { query: 'days=3' },
    historyClients: {},
    historyDownloads: {},
    licence: {},
    versions: {},
    activity: { query: 'limit=3' },
    regions: {},
    settings: {},
    metrics: {},
    scrapeTargets: {},
    setMetrics: { body: { statsd: null, prometheus: true } },
    setRegions: { body: { regions: { north: ['10.0.0.0/8'] } } },
    hosting: {},
    setHosting: { body: { clients: { Theia: '1.70' } } },
    sessionEnds: {},
    setSessionEnds: { body: { idleMinutes: 90 } },
    banner: {},
    setBanner: { body: { banner: { text: 'Hello', until: null } } },
    weight: { body: { edge: from, weight: 70 } },
    maintenance: { body: { edge: 'edge-1', on: false } },
    move: { body: { key: 'busy', edge: to } },
    reload: { body: { dryRun: true } },
    remove: { body: { key: 'spare', member: 'nobody', isBanned: false }, status: 404 },
    end: { body: { key: 'spare' } },
    evict: { body: { key: 'busy', endSession: true } },
    undrain: { body: { edge: 'edge-2' }, status: 409 },
    drain: { body: { edge: 'edge-2', deadlineSeconds: 60 } },
    stop: { body: { edge: 'edge-2' } },
    replace: { body: {} },
  };
}

test('the document is the one in docs/, and each of its schemas is one that a validator takes', () => {
  assert.equal(document.openapi, '3.1.0');
  const page = readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8');
  assert.deepEqual(JSON.parse(page), JSON.parse(JSON.stringify(document)));
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test('what needs a role is refused without it, and what only looks is open to readers', async () => {
  for (const { path, method, operation } of operations()) {
    const body = method === 'GET' ? undefined : {};
    const unknown = await nobody({ method, path, body });
    assert.equal(unknown.status, 401, path);
    assertValid(operation, 401, unknown.body);
    if (operation['x-role'] === 'reader') continue;
    const refused = await reader({ method, path, body });
    assert.equal(refused.status, 403, path);
    assert.equal(refused.body['code'], 'role-missing');
    assertValid(operation, 403, refused.body);
  }
});

test('another method than those of a path is refused with the ones that it takes', async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      if (methods[method.toLowerCase()] !== undefined) continue;
      const { status, allow, body } = await admin({ method, path, body: {} });
      assert.deepEqual([status, body['code']], [405, 'method-refused'], `${method} ${path}`);
      const expected = Object.keys(methods).flatMap((name) =>
        name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()],
      );
      assert.equal(allow, expected.join(', '));
    }
  }
});

test('what an operation does not name is refused, and what is not what it should be', async () => {
  for (const { path, method, operation } of operations()) {
    const body = method === 'GET' ? undefined : { unknown: 1 };
    const extra = await admin({ method, path: `${path}?unknown=1`, ...(body === undefined ? {} : { body }) });
    assert.equal(extra.status, 400, path);
    assert.match(String(extra.body['code']), /^(query|body)-invalid$/);
    assert.match(JSON.stringify(extra.body['params']), /unknown/);
    assertValid(
      { ...operation, responses: { ...document.paths['/admin/pins']!['get']!.responses } },
      400,
      extra.body,
    );
    if (method === 'GET') continue;
    for (const wrong of [[], 'text', 7, null])
      assert.equal((await admin({ method, path, body: wrong })).body['code'], 'body-invalid', path);
  }
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'limit=-1', 'limit=1e2'])
    assert.equal((await reader({ path: `/admin/pins?${query}` })).body['code'], 'query-invalid', query);
});

test('every operation answers as the document says', async (t) => {
  const samples = await samplesFor(t);
  const replaced = (await admin({ path: '/admin/status' })).body['pid'];
  const all = new Map(operations().map((entry) => [entry.operation.operationId, entry]));
  assert.deepEqual(Object.keys(samples).toSorted(), [...all.keys()].toSorted());
  for (const [name, { query, body, status = 200 }] of Object.entries(samples)) {
    const { path, method, operation } = all.get(name)!;
    const target = query === undefined ? path : `${path}?${query}`;
    const answer = await admin({ method, path: target, ...(body === undefined ? {} : { body }) });
    assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
    assertValid(operation, status, answer.body);
  }
  for (const path of ['/livez', '/readyz'])
    assertValid(document.paths[path]!['get']!, 200, (await nobody({ path })).body);
  const isBack = async (): Promise<boolean> => {
    // Between the two processes nobody listens on the port.
    const now = await admin({ path: '/admin/status' }).catch(() => undefined);
    return now?.body['ready'] === 2 && now.body['pid'] !== replaced;
  };
  await eventually(isBack, 'both edges are ready again', 60_000);
});

test('the socket in the data folder is its user’s alone, and needs no token', async () => {
  const path = join(pool.dataDir, 'admin.sock');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const atSocket = askAtSocket(path, 'ann@desk');
  assert.equal((await atSocket({ path: '/admin/status' })).status, 200);
  const act = { method: 'POST', path: '/admin/weight', body: { edge: 'edge-1', weight: 40 } };
  assert.deepEqual((await atSocket(act)).body, { edge: 'edge-1', weight: 40 });
  await atSocket({ ...act, body: { edge: 'edge-1', weight: 41 } });
  await atSocket({ ...act, body: { edge: 'edge-7', weight: 40 } });
  const isTold = async (detail: string): Promise<boolean> => {
    const { body } = await reader({ path: '/admin/audit?limit=20' });
    return (body['entries'] as Record<string, string>[]).some(
      (entry) =>
        entry['event'] === 'admin.acted' &&
        entry['user'] === 'ann@desk' &&
        entry['client'] === 'socket' &&
        `${entry['subject']}: ${entry['detail']}` === detail,
    );
  };
  await eventually(async () => await isTold('edge-1: weight, 40 -> 41'), 'the change is audited');
  await eventually(
    async () => await isTold('edge-7: weight, 40, refused: edge-unknown'),
    'so is the refusal',
  );
});
