/** The kinds of objects that the manifests have, each with the check by the schema that Kubernetes publishes for it. */
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';

const kinds = [
  Deployment,
  StatefulSet,
  HorizontalPodAutoscaler,
  NetworkPolicy,
  PodDisruptionBudget,
  ConfigMap,
  Namespace,
  Service,
] as const;

/** Throws what the schema of its kind has against it, and for a kind that is not in the list. */
export function validateObject(object: Record<string, unknown>): void {
  const { apiVersion, kind } = object;
  const Kind = kinds.find((known) => known.apiVersion === apiVersion && known.kind === kind);
  if (Kind === undefined) throw new Error(`no schema for ${apiVersion as string} ${kind as string}`);
  (Kind.prototype as { validate: () => void }).validate.call(object);
}
