/**
 * `CT_*` names that administrators of the original product may have set and that do nothing here, and the
 * variables that Kubernetes injects for a service whose name starts with `ct-`. Everything else that
 * starts with `CT_` is a typo and stops the start.
 */
const noMeaningHere = [
  'CT_AV_ENABLED',
  'CT_AV_LAN_IP',
  'CT_AV_LOCAL_IP',
  'CT_AV_PRIVATE_INTERFACE',
  'CT_AV_PRIVATE_IP',
  'CT_AV_COTURN_SERVER',
  'CT_AV_COTURN_SECRET',
  'CT_JITSI_URL',
  'CT_INTEL_URL',
  'CT_INTEL_SECRET',
  'CT_LICENSE_URL',
  'CT_LICENSE_TOKEN',
  'CT_CUSTOM_CLIENTS_ORIGIN',
  'CT_LOCATOR_INTERNAL',
];

/** Kubernetes: {SVCNAME}_SERVICE_HOST, _SERVICE_PORT[_NAME], _PORT, _PORT_{N}_{PROTO}[_PROTO|_PORT|_ADDR]. */
const serviceLink =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;

export type ForeignName = 'no-meaning' | 'service-link' | 'unknown';

/** Says what a `CT_*` name is that the schema does not have; the value tells a service link's `_PORT` form. */
export function classifyForeignName(name: string, value: string): ForeignName {
  if (noMeaningHere.includes(name)) return 'no-meaning';
  if (serviceLink.test(name)) return 'service-link';
  if (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)) return 'service-link';
  return 'unknown';
}

/** The known name with the fewest edits, where that is at most a third of the name; for typos. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution));
    }
    row = next;
  }
  return row[b.length]!;
}
