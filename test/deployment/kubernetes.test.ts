/** The manifests of Kubernetes: rendered by kubectl, held against the schemas of Kubernetes, and against what the program is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAdminServer } from '#shared/admin-server.ts';
import { Metrics } from '#shared/metrics.ts';
import { MetricsAccess } from '#shared/metrics-access.ts';
import { loadSettings } from '#shared/settings/load.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { readProjectFile } from '../tidy/project-files.ts';
import { exposedPorts, imageSettings, ownTag, roleOf } from './image-files.ts';
import { validateObject } from './kinds.ts';
import { findUnknownFields } from './known-fields.ts';
import { renderManifests, variants } from './manifests.ts';
import type { Container, Manifests } from './manifests.ts';

const secretText = 'a-secret-of-32-letters-or-more-123';
const rendered = renderManifests();
const all = variants.map((variant) => [variant, rendered.get(variant)!] as const);

test('kubectl makes the base and both overlays, and each overlay adds a database to the base', () => {
  const namesOf = ({ all: objects }: Manifests): string[] =>
    objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
  const base = namesOf(rendered.get('base')!);
  for (const dialect of ['mysql', 'postgres'] as const) {
    const added = namesOf(rendered.get(`overlays/${dialect}`)!).filter((name) => !base.includes(name));
    assert.deepEqual(added, [
      'NetworkPolicy/mooring-database',
      `Service/mooring-${dialect}`,
      `StatefulSet/mooring-${dialect}`,
    ]);
  }
});

test('every object is valid by the schema of Kubernetes and has no field that the schema does not have', () => {
  for (const [variant, { all: objects }] of all) {
    for (const object of objects) {
      const unknown = findUnknownFields({ ...object }, validateObject);
      assert.deepEqual(unknown, [], `${variant}: ${object.kind} ${object.metadata.name}`);
    }
  }
});

test('a misspelt field and a value of the wrong type are seen', () => {
  const deployment = rendered.get('base')!.all.find(({ kind }) => kind === 'Deployment')!;
  const misspelt = { ...deployment, spec: { template: { specs: {} }, selector: {} } };
  assert.deepEqual(findUnknownFields(misspelt, validateObject), ['/spec/template/specs']);
  assert.throws(() => findUnknownFields({ ...deployment, spec: { replicas: 'two' } }, validateObject));
});

test('all objects are in one namespace, which wants pods without rights', () => {
  for (const [, { all: objects }] of all) {
    for (const { kind, metadata } of objects)
      assert.equal(kind === 'Namespace' ? metadata.name : metadata.namespace, 'mooring', metadata.name);
  }
});

test('every setting is one that the role reads, and with them the program would start', () => {
  for (const [, manifests] of all) {
    for (const { container, role } of membersOf(manifests)) {
      const env = settingsOf(manifests, container);
      for (const name of Object.keys(env).filter((known) => known.startsWith('CT_'))) {
        assert.ok(name in settingsSchema, `${name} is a setting`);
        const { roles } = settingsSchema[name as keyof typeof settingsSchema];
        assert.ok((roles as readonly string[]).includes(role), `${name} is read by ${role}`);
      }
      const result = loadSettings({ role, env: { ...imageSettings(role), ...env } });
      assert.equal(result.kind, 'valid', JSON.stringify(result));
    }
  }
});

test('ports are those of the images, and probes ask for what the admin port answers', async (t) => {
  const admin = await openAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: { admin: secretText },
    metrics: new Metrics('ct_edge_'),
    metricsAccess: new MetricsAccess({ CT_METRICS_ALLOW: [], CT_METRICS_TOKEN: '' }),
    refreshMetrics: () => {},
    notReady: () => [],
    operations: [],
  });
  t.after(() => admin.close());
  for (const { container, role } of membersOf(rendered.get('base')!)) {
    const ports = container.ports.map(({ containerPort }) => containerPort);
    assert.deepEqual(new Set(ports), new Set(exposedPorts(role)));
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => {
      assert.equal(portOf(container, probe.httpGet!.port), 1090);
      return probe.httpGet!.path;
    });
    assert.deepEqual(paths, ['/livez', '/livez', '/readyz']);
    for (const path of paths)
      assert.equal((await fetch(`http://127.0.0.1:${admin.port}${path}`)).status, 200);
  }
});

test('services, budgets, rules of the network and spreads select the workloads that they are for', () => {
  for (const [, manifests] of all) {
    const { workloads, services, policies, budgets } = manifests;
    for (const { metadata, spec } of workloads) {
      const { containers, topologySpreadConstraints } = spec.template.spec;
      assert.deepEqual(manifests.selectedBy(spec.selector.matchLabels), [metadata.name]);
      for (const { labelSelector } of topologySpreadConstraints)
        assert.deepEqual(manifests.selectedBy(labelSelector.matchLabels), [metadata.name]);
      if (spec.serviceName !== undefined)
        assert.ok(services.some((service) => service.metadata.name === spec.serviceName));
      const rule = policies.find(({ spec: { podSelector } }) => {
        const selected = manifests.selectedBy(podSelector.matchLabels);
        return selected.length === 1 && selected[0] === metadata.name;
      });
      const open = rule!.spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port));
      const offered = containers[0]!.ports.map(({ containerPort }) => containerPort);
      assert.deepEqual(new Set(open), new Set(offered), metadata.name);
    }
    for (const { spec } of services) {
      const [name, ...more] = manifests.selectedBy(spec.selector);
      assert.deepEqual(more, []);
      const { containers } = workloads.find(({ metadata }) => metadata.name === name)!.spec.template.spec;
      for (const { targetPort } of spec.ports) portOf(containers[0]!, targetPort);
    }
    for (const { metadata, spec } of budgets)
      assert.deepEqual(manifests.selectedBy(spec.selector.matchLabels), [metadata.name]);
  }
});

test('pods have no rights and write nothing but their volumes', () => {
  for (const [, manifests] of all) {
    for (const { spec } of manifests.workloads) {
      const { securityContext, containers, automountServiceAccountToken } = spec.template.spec;
      const { runAsNonRoot, seccompProfile } = securityContext as Record<string, unknown>;
      assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: 'RuntimeDefault' }]);
      assert.equal(automountServiceAccountToken, false);
      assert.deepEqual(containers[0]!.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  }
});

test('a member has more time to stop than it takes for itself', () => {
  // After its grace a front door ends itself in 5 s, an edge in 10 s.
  const restSeconds = { proxy: 5, edge: 10 };
  const manifests = rendered.get('base')!;
  for (const { container, role, graceSeconds } of membersOf(manifests)) {
    const own = Number(settingsOf(manifests, container)['CT_STOP_GRACE_MS']) / 1_000 + restSeconds[role];
    const before = Number(container.lifecycle?.preStop.exec.command[1] ?? 0);
    assert.ok(graceSeconds > before + own, `${role}: ${graceSeconds} s for ${before} and ${own} s`);
  }
});

test('images have a tag that says what they are, and ours the version of this program', () => {
  for (const [, { workloads }] of all) {
    for (const { spec } of workloads) {
      const { image } = spec.template.spec.containers[0]!;
      const tag = /:([^:/]+)$/.exec(image)?.[1];
      assert.ok(tag !== undefined && tag !== 'latest', image);
      if (roleOf(image) !== undefined) assert.equal(tag, ownTag);
    }
  }
});

test('no manifest has a secret in it, and the guide makes every secret that they name', () => {
  const guide = readProjectFile('docs/operations/kubernetes.md');
  for (const [, { all: objects, workloads }] of all) {
    assert.ok(objects.every(({ kind }) => kind !== 'Secret'));
    for (const { spec } of workloads) {
      for (const { valueFrom } of spec.template.spec.containers[0]!.env) {
        if (valueFrom?.secretKeyRef === undefined) continue;
        const { name, key } = valueFrom.secretKeyRef;
        assert.match(guide, new RegExp(`create secret generic ${name} [^#]*--from-literal=${key}=`));
      }
    }
  }
});

interface Member {
  readonly container: Container;
  readonly role: 'proxy' | 'edge';
  readonly graceSeconds: number;
}

function membersOf({ workloads }: Manifests): Member[] {
  const members = workloads.flatMap(({ spec: { template } }): Member[] => {
    const container = template.spec.containers[0]!;
    const role = roleOf(container.image);
    const graceSeconds = template.spec.terminationGracePeriodSeconds;
    return role === undefined ? [] : [{ container, role, graceSeconds }];
  });
  assert.deepEqual(members.map(({ role }) => role).toSorted(), ['edge', 'proxy']);
  return members;
}

/** What the container has in its environment, with texts for what a secret or a field of the pod holds. */
function settingsOf(manifests: Manifests, container: Container): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom) Object.assign(env, manifests.configOf(configMapRef.name));
  for (const { name, value } of container.env) env[name] = value ?? secretText;
  const filled = Object.entries(env).map(([name, value]) => [
    name,
    value.replace(/\$\((\w+)\)/g, (_, other: string) => (other === 'POD_IP' ? '10.0.0.7' : env[other]!)),
  ]);
  return Object.fromEntries(filled) as Record<string, string>;
}

function portOf({ ports }: Container, name: string): number {
  const found = ports.find((port) => port.name === name);
  assert.ok(found !== undefined, `there is a port ${name}`);
  return found.containerPort;
}
