/**
 * The objects of `deploy/kubernetes`, as kubectl makes them. With the kubectl of Debian 12 (1.20, Kustomize 2.0.3), which
 * knows folders as `bases` alone, overlays are read with that word for `resources`; newer ones read them as they are.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { projectFolder } from '../tidy/project-files.ts';

export const variants = ['base', 'overlays/mysql', 'overlays/postgres'] as const;

const renderMaxMs = 30_000;
const source = join(projectFolder, 'deploy/kubernetes');

const text = z.string();
const names = z.record(text, text);
const reference = z.object({ name: text, key: text });
const httpProbe = z.object({ httpGet: z.object({ path: text, port: text }).optional() });
const container = z.object({
  name: text,
  image: text,
  envFrom: z.array(z.object({ configMapRef: z.object({ name: text }) })).default([]),
  env: z
    .array(
      z.object({
        name: text,
        value: text.optional(),
        valueFrom: z.object({ secretKeyRef: reference.optional() }).optional(),
      }),
    )
    .default([]),
  ports: z.array(z.object({ name: text, containerPort: z.number() })),
  startupProbe: httpProbe,
  livenessProbe: httpProbe,
  readinessProbe: httpProbe,
  lifecycle: z.object({ preStop: z.object({ exec: z.object({ command: z.array(text) }) }) }).optional(),
  securityContext: z.unknown(),
  resources: z.object({ requests: names, limits: names }),
});
const selector = z.object({ matchLabels: names.default({}) });
const workload = z.object({
  spec: z.object({
    selector,
    serviceName: text.optional(),
    template: z.object({
      metadata: z.object({ labels: names }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        automountServiceAccountToken: z.boolean(),
        securityContext: z.unknown(),
        topologySpreadConstraints: z.array(z.object({ labelSelector: selector })).default([]),
        containers: z.array(container).length(1),
      }),
    }),
  }),
});
const service = z.object({
  spec: z.object({ selector: names, ports: z.array(z.object({ port: z.number(), targetPort: text })) }),
});
const rule = z.object({
  ports: z.array(z.object({ port: z.number() })),
  from: z.array(z.object({ podSelector: selector.optional() })).default([]),
});
const policy = z.object({ spec: z.object({ podSelector: selector, ingress: z.array(rule).default([]) }) });

export type Container = z.infer<typeof container>;
type Labels = Readonly<Record<string, string>>;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Labels;
}

/** One variant, its objects by what they are. */
export class Manifests {
  readonly all: readonly Manifest[];

  constructor(all: readonly Manifest[]) {
    this.all = all;
  }

  get workloads(): (Manifest & z.infer<typeof workload>)[] {
    return ['Deployment', 'StatefulSet'].flatMap((kind) => this.#read(kind, workload));
  }

  get services(): (Manifest & z.infer<typeof service>)[] {
    return this.#read('Service', service);
  }

  get policies(): (Manifest & z.infer<typeof policy>)[] {
    return this.#read('NetworkPolicy', policy);
  }

  get budgets(): (Manifest & { spec: { selector: z.infer<typeof selector> } })[] {
    return this.#read('PodDisruptionBudget', z.object({ spec: z.object({ selector }) }));
  }

  configOf(name: string): Labels {
    const found = this.all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
    if (found?.data === undefined) throw new Error(`there is no ConfigMap ${name}`);
    return found.data;
  }

  /** Names of the workloads whose pods these labels select. */
  selectedBy(labels: Labels): string[] {
    const isSelected = (pod: Labels): boolean =>
      Object.entries(labels).every(([name, value]) => pod[name] === value);
    return this.workloads
      .filter(({ spec }) => isSelected(spec.template.metadata.labels))
      .map(({ metadata }) => metadata.name);
  }

  #read<T>(kind: string, schema: z.ZodType<T>): (Manifest & T)[] {
    const ofKind = this.all.filter((object) => object.kind === kind);
    return ofKind.map((object) => ({ ...object, ...schema.parse(object) }));
  }
}

/** Every variant, rendered once. */
export function renderManifests(): Map<(typeof variants)[number], Manifests> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-kubernetes-'));
  try {
    cpSync(source, folder, { recursive: true });
    if (knowsNoFolders()) useBases(folder);
    return new Map(variants.map((variant) => [variant, render(join(folder, variant))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function render(folder: string): Manifests {
  const output = kubectl('kustomize', folder);
  return new Manifests(parseAllDocuments(output).map((document) => document.toJS() as Manifest));
}

function knowsNoFolders(): boolean {
  const { clientVersion } = JSON.parse(kubectl('version', '--client', '--output=json')) as {
    clientVersion: { major: string; minor: string };
  };
  return clientVersion.major === '1' && Number.parseInt(clientVersion.minor, 10) <= 20;
}

function useBases(folder: string): void {
  for (const variant of variants.filter((name) => name.startsWith('overlays/'))) {
    const path = join(folder, variant, 'kustomization.yaml');
    const file = readFileSync(path, 'utf8');
    writeFileSync(path, file.replace('resources:\n  - ../../base\n', 'bases: [../../base]\nresources:\n'));
  }
}

function kubectl(...args: string[]): string {
  return execFileSync('kubectl', args, { encoding: 'utf8', timeout: renderMaxMs });
}
