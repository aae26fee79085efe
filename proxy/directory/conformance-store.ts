/**
 * The store that a conformance test runs against: opens connections to it and closes them, and names edges
 * and keys in it. Knows nothing of the kind of store.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import type { Directory, EdgeRef, EdgeRegistration, Pin, PinResult } from './directory.ts';

/** One fresh, empty store. */
export interface DirectoryStore {
  /** Another connection to the same store; the suite closes it. */
  readonly open: () => Promise<Directory>;
  /** Returns once the lease of an edge that does not renew it has run out, on the store's clock. */
  readonly letLeaseRunOut: (directory: Directory, edge: EdgeRef) => Promise<void>;
  /** Removes what the store left behind, after every connection is closed. */
  readonly remove: () => Promise<void>;
}

export type OpenStore = () => Promise<DirectoryStore>;

/** Opens so many connections to one fresh store; all are closed when the test ends. */
export async function openConnections(
  t: TestContext,
  openStore: OpenStore,
  count: number,
): Promise<Directory[]> {
  return await openConnectionsTo(t, await openStore(), count);
}

/** As `openConnections`, to a store that the test has in hand. */
export async function openConnectionsTo(
  t: TestContext,
  store: DirectoryStore,
  count: number,
): Promise<Directory[]> {
  const opened: Directory[] = [];
  t.after(async () => {
    for (const directory of opened) await directory.close();
    await store.remove();
  });
  for (let i = 0; i < count; i++) opened.push(await store.open());
  return opened;
}

export async function openOne(t: TestContext, openStore: OpenStore): Promise<Directory> {
  return (await openConnections(t, openStore, 1))[0]!;
}

export function keyOf(text: string): AffinityKey {
  const key = parseAffinityKey(text);
  assert.ok(key !== undefined, `${text} is no key`);
  return key;
}

export function edgeIdOf(text: string): EdgeId {
  const id = parseEdgeId(text);
  assert.ok(id !== undefined, `${text} is no edge id`);
  return id;
}

export function addressOf(id: string, bootId: string): string {
  return `http://${id}.${bootId}.test:3001`;
}

export function registrationOf(id: string, bootId: string): EdgeRegistration {
  return { id: edgeIdOf(id), kind: 'edge', bootId, address: addressOf(id, bootId), weight: 100 };
}

export async function register(directory: Directory, id: string, bootId = 'boot-one'): Promise<EdgeRef> {
  const edge = registrationOf(id, bootId);
  return { id: edge.id, incarnation: await directory.registerEdge(edge) };
}

/** The pin of a result that must be `won`. */
export function won(result: PinResult): Pin {
  assert.equal(result.kind, 'won');
  return (result as PinResult & { kind: 'won' }).pin;
}
