/** Asks through the front door who answers for a key, as any client would: the answer is the edge's own. */

export interface OwnerView {
  readonly edge: string;
  readonly incarnation: number;
}

const answerMaxMs = 12_000;
const placementMaxMs = 30_000;
const pauseMs = 10;

export async function findOwners(url: string, keys: readonly string[]): Promise<Map<string, OwnerView>> {
  const owners = new Map<string, OwnerView>();
  for (const key of new Set(keys)) {
    const owner = await askOwner(url, key);
    if (owner !== undefined) owners.set(key, owner);
  }
  return owners;
}

export interface PlacementProbe {
  readonly key: string;
  readonly old: OwnerView;
  readonly faultAt: number;
}

/** Asks until another edge than the old one, or the old one in a new life, answers. */
export async function probePlacement(
  url: string,
  { key, old, faultAt }: PlacementProbe,
): Promise<{ key: string; edge: string; afterMs: number }> {
  const startedAt = performance.now();
  const beganAfterMs = performance.timeOrigin + startedAt - faultAt;
  for (;;) {
    const owner = await askOwner(url, key);
    const askedForMs = performance.now() - startedAt;
    const afterMs = beganAfterMs + askedForMs;
    if (owner !== undefined && (owner.edge !== old.edge || owner.incarnation !== old.incarnation)) {
      return { key, edge: owner.edge, afterMs };
    }
    if (askedForMs > placementMaxMs) return { key, edge: 'none', afterMs };
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, pauseMs);
    await promise;
  }
}

/** Undefined where nobody answers, which is for the caller to try again. */
async function askOwner(url: string, key: string): Promise<OwnerView | undefined> {
  try {
    const response = await fetch(`${url}/ct-health/`, {
      headers: { ctstickiness: key },
      signal: AbortSignal.timeout(answerMaxMs),
    });
    const view = (await response.json()) as Partial<OwnerView>;
    if (response.status !== 200 || view.edge === undefined || view.incarnation === undefined)
      return undefined;
    return { edge: view.edge, incarnation: view.incarnation };
  } catch {
    return undefined;
  }
}
