/**
 * Proves on the running fleet that no key has two owners: every edge is asked for all that it holds live, the lists are
 * compared with each other and with the directory. Changes nothing.
 */
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { judgeClaim } from './judge-claim.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import type { EdgeLinks, HeldKey } from './edge-links.ts';
import { readLivePins } from './live-pins.ts';

export interface EdgeVerification {
  readonly edge: string;
  readonly incarnation: number;
  /** `silent`: it may serve, and did not answer here; what it holds is not known. */
  readonly state: 'answered' | 'silent';
  readonly held: number;
  readonly agreed: number;
  /** Held, and unknown to the directory or known with an older epoch. */
  readonly lost: number;
  /** Held under an epoch that is over. */
  readonly outdated: number;
}

export interface Split {
  readonly key: AffinityKey;
  readonly owners: readonly { readonly edge: string; readonly epoch: Epoch }[];
}

export interface Verification {
  readonly edges: readonly EdgeVerification[];
  readonly keys: number;
  readonly splits: readonly Split[];
}

interface Parts {
  readonly directory: Directory;
  readonly links: EdgeLinks;
}

interface Held {
  readonly edge: EdgeRef;
  readonly claims: readonly HeldKey[];
}

export async function verifyOwners(parts: Parts): Promise<Verification> {
  const rows = (await parts.directory.listEdges()).filter(
    ({ kind, state, leaseLeftMs }) => kind === 'edge' && state !== 'gone' && leaseLeftMs > 0,
  );
  const edges: EdgeVerification[] = [];
  const all: Held[] = [];
  for (const { id, incarnation } of rows) {
    const edge = { id, incarnation };
    const claims = await parts.links.listClaims(edge);
    if (claims !== undefined) all.push({ edge, claims });
    edges.push(await verifyEdge(parts.directory, edge, claims));
  }
  const keys = new Set(all.flatMap(({ claims }) => claims.map(({ key }) => key)));
  return { edges, keys: keys.size, splits: await confirmSplits(parts, findSplits(all)) };
}

async function verifyEdge(
  directory: Directory,
  edge: EdgeRef,
  claims: readonly HeldKey[] | undefined,
): Promise<EdgeVerification> {
  const counts = { agreed: 0, idle: 0, lost: 0, outdated: 0 };
  const pins = claims === undefined ? new Map() : await readLivePins(directory, edge);
  for (const { key, epoch, isOpen } of claims ?? []) {
    const isListed = pins.get(key)?.epoch === epoch;
    const verdict = isListed
      ? 'agreed'
      : judgeClaim({ key, epoch, owner: edge }, await directory.findPin(key));
    // What nobody is connected to is not served: it is on its way.
    if (isOpen || verdict === 'agreed') counts[verdict]++;
  }
  return {
    edge: edge.id,
    incarnation: edge.incarnation,
    state: claims === undefined ? 'silent' : 'answered',
    held: claims?.length ?? 0,
    agreed: counts.agreed + counts.idle,
    lost: counts.lost,
    outdated: counts.outdated,
  };
}

type Owners = Map<AffinityKey, { edge: EdgeRef; epoch: Epoch }[]>;

/** Keys that more than one edge has connections of. */
function findSplits(all: readonly Held[]): Owners {
  const owners: Owners = new Map();
  for (const { edge, claims } of all) {
    for (const { key, epoch, isOpen } of claims) {
      if (isOpen) owners.set(key, [...(owners.get(key) ?? []), { edge, epoch }]);
    }
  }
  return new Map([...owners].filter(([, list]) => list.length > 1));
}

/** The lists were made one after the other, and a session may have moved between: who has a key twice holds it all the time. */
async function confirmSplits(parts: Parts, suspected: Owners): Promise<Split[]> {
  const suspects = new Map([...suspected.values()].flat().map(({ edge }) => [edge.id, edge]));
  const again: Held[] = [];
  for (const edge of suspects.values())
    again.push({ edge, claims: (await parts.links.listClaims(edge)) ?? [] });
  const confirmed = findSplits(again);
  return [...suspected].flatMap(([key, list]) => {
    const still = confirmed.get(key) ?? [];
    const owners = list.filter(({ edge, epoch }) =>
      still.some((other) => other.edge.id === edge.id && other.epoch === epoch),
    );
    if (owners.length < 2) return [];
    return [{ key, owners: owners.map(({ edge, epoch }) => ({ edge: edge.id, epoch })) }];
  });
}
