/** Members of a session on a test edge: a host, guests whom it lets in, and what they hear of each other. */
import type { TestContext } from 'node:test';
import { hostSession, joinSession, signLogin } from './oct-client.ts';
import type { HostOptions, OctClientOptions, OctMember } from './oct-client.ts';
import type { OctEdge } from './oct-edge.ts';

type Extras = Partial<HostOptions>;

export async function clientOptions(
  edge: OctEdge,
  name: string,
  extras: Extras = {},
): Promise<OctClientOptions> {
  return { url: edge.url, loginToken: await signLogin(edge.tokens, name), ...extras };
}

/** Ann creates a session. */
export async function enterHost(t: TestContext, edge: OctEdge, extras: Extras = {}): Promise<OctMember> {
  const member = await hostSession(await clientOptions(edge, 'ann', extras));
  t.after(() => member.dispose());
  return member;
}

/** Bob, or somebody else, joins it and has been greeted by the host, so can talk. */
export async function enterGuest(
  t: TestContext,
  edge: OctEdge,
  key: string,
  extras: Extras & { name?: string } = {},
): Promise<OctMember> {
  const { name = 'bob', ...rest } = extras;
  const member = await joinSession(await clientOptions(edge, name, rest), key);
  t.after(() => member.dispose());
  await member.events.next((event) => event.kind === 'init', 'the host’s greeting');
  return member;
}

export async function hears(member: OctMember, from: OctMember, text: string): Promise<void> {
  await member.events.next(
    (event) => event.kind === 'chat' && event.from === from.self.id && event.text === text,
    `“${text}” from ${from.self.name}`,
  );
}

/** Chat texts that a member has heard, in the order in which it could read them. */
export function heardBy(member: OctMember): string[] {
  return member.events.items.filter((event) => event.kind === 'chat').map((event) => event.text);
}

export function countEvents(member: OctMember, kind: string): number {
  return member.events.items.filter((event) => event.kind === kind).length;
}
