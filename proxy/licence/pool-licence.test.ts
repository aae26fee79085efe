/** Whom a front door tells of the licence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrontDoorMessage } from '#shared/control-protocol.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { Incarnation } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { defaultSettings } from '../../test/support/default-settings.ts';
import { LicenceMaker, dayFromNow } from '../../test/support/licences.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import { EdgeLinks } from '../membership/edge-links.ts';
import { EdgePool } from '../membership/pool.ts';
import type { Reloads } from '../reload/reloads.ts';
import { PoolLicence } from './pool-licence.ts';

class ToldEdge {
  readonly ref: EdgeRef;
  readonly heard: FrontDoorMessage[] = [];
  readonly tell = (message: FrontDoorMessage): void => void this.heard.push(message);

  constructor(name: string) {
    this.ref = { id: parseEdgeId(name)!, incarnation: 1 as Incarnation };
  }
}

test('edges that are here are told of a new licence, and those that are gone are forgotten', () => {
  const settings = defaultSettings();
  const links = new EdgeLinks();
  const metrics = new Metrics('ct_proxy_');
  const directory = {} as Directory;
  const rest = { directory, pool: new EdgePool(), metrics, log: silentLog(), wallMs: Date.now };
  const licence = new PoolLicence({ settings, links, ...rest });
  let prepare: Parameters<Reloads['onReload']>[1] | undefined;
  licence.follow({ onReload: (_, given) => void (prepare = given) } as Reloads);
  const [here, gone] = [new ToldEdge('edge-1'), new ToldEdge('edge-2')];
  for (const edge of [here, gone]) {
    links.add(edge.ref, edge.tell);
    licence.greet(edge.ref, edge.tell);
  }
  links.remove(gone.ref, gone.tell);
  const given = new LicenceMaker().issue({ connections: 5, expiration: dayFromNow(9) });
  const apply = prepare!({ next: { ...settings, ...given }, changed: new Set() });
  assert.ok(typeof apply === 'function');
  apply();
  assert.deepEqual(here.heard, [{ type: 'licence', isLimited: true }]);
  assert.deepEqual(gone.heard, []);
});
