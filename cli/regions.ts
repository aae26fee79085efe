/** `mooring regions`: lists regions, sets or removes the CIDRs of one. */
import { regionFaults } from '#shared/regions.ts';
import { ask } from './admin-client.ts';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface RegionsView {
  readonly version: number;
  readonly regions: readonly {
    readonly name: string;
    readonly cidrs: readonly string[];
    readonly edges: readonly { readonly id: string; readonly state: string }[];
    readonly sessions: number;
  }[];
}

export const regionsHelp = `
A new session goes to an edge in the region of the client that begins it (CT_REGION of the edge), unless no
edge there is ready. A client belongs to the region with the longest CIDR that holds its address, or else
to "default", which prefers nobody. Sessions that have an edge stay where they are.

Examples:
  mooring regions
  mooring regions set north 10.1.0.0/16 2001:db8:1::/48   all CIDRs of the region, in place of those it had
  mooring regions remove north`;

export async function regions(
  [action, name, ...cidrs]: readonly (string | undefined)[],
  options: InspectOptions,
): Promise<void> {
  const before = await ask<RegionsView>(options, '/admin/regions');
  if (action === undefined) return show(before, options);
  if (name === undefined || !['set', 'remove'].includes(action))
    throw new Error('say: mooring regions, mooring regions set NAME CIDR..., or mooring regions remove NAME');
  const table = Object.fromEntries(
    before.regions.filter((region) => region.cidrs.length > 0).map((region) => [region.name, region.cidrs]),
  );
  if (action === 'set') table[name] = cidrs.filter((cidr) => cidr !== undefined);
  else if (table[name] === undefined) throw new Error(`no region ${name} has CIDRs`);
  else delete table[name];
  if (table[name]?.length === 0) throw new Error(`name the CIDRs of ${name}, or remove it`);
  const faults = regionFaults(table);
  if (faults.length > 0) throw new Error(faults.join('\n         '));
  const body = { version: before.version, regions: table };
  show(await ask<RegionsView>(options, '/admin/regions', { body, method: 'PUT' }), options);
}

function show(view: RegionsView, options: InspectOptions): void {
  print(options, view, () => [
    row(['REGION', 'EDGES', 'READY', 'SESSIONS', 'CIDRS']),
    ...view.regions.map(({ name, cidrs, edges, sessions }) => {
      const ready = edges.filter(({ state }) => state === 'ready').length;
      return row([name, edges.length, ready, sessions, cidrs.join(' ') || '-']);
    }),
  ]);
}
