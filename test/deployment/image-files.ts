/** What the images of the two roles say about themselves, and what version of them this project makes. */
import type { Role } from '#shared/settings/schema.ts';
import { readProjectFile } from '../tidy/project-files.ts';

export type ImageRole = Extract<Role, 'proxy' | 'edge'>;

export const ownTag = (JSON.parse(readProjectFile('package.json')) as { version: string }).version;

/** `mooring-proxy:0.1.0` is the front door's; undefined for images of others. */
export function roleOf(image: string): ImageRole | undefined {
  const name = /^mooring-(proxy|edge):/.exec(image)?.[1];
  return name as ImageRole | undefined;
}

export function exposedPorts(role: ImageRole): number[] {
  const line = /^EXPOSE (.+)$/m.exec(readProjectFile(`Dockerfile.${role}`))![1]!;
  return line.split(' ').map(Number);
}

/** What the image sets by itself. */
export function imageSettings(role: ImageRole): Record<string, string> {
  const text = readProjectFile(`Dockerfile.${role}`);
  return Object.fromEntries(
    [...text.matchAll(/\b(CT_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
  );
}

/** What the image says of itself, by the names of the Open Containers Initiative. */
export function imageLabels(role: ImageRole): Record<string, string> {
  const text = readProjectFile(`Dockerfile.${role}`);
  return Object.fromEntries(
    [...text.matchAll(/\borg\.opencontainers\.image\.(\w+)="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      value!,
    ]),
  );
}
