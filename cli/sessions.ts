/** `mooring sessions | end | remove`: who is in which session, and the administrator's last word. */
import { ask } from './admin-client.ts';
import { print } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface SessionsView {
  readonly edges: readonly {
    readonly edge: string;
    readonly total: number;
    readonly sessions: readonly { key: string; adapter: string; members: number; outboxBytes: number }[];
  }[];
  readonly silent: readonly string[];
}

interface MembersView {
  readonly edge: string;
  readonly total: number;
  readonly members: readonly {
    id: string;
    role: string;
    transport: string;
    sinceSeconds: number;
    messagesPerSecond: number;
    bytesPerSecond: number;
    client: string;
    name?: string;
    document?: string;
  }[];
}

export async function showSessions(key: string | undefined, options: InspectOptions): Promise<void> {
  if (key !== undefined) return await showMembers(key, options);
  const view = await ask<SessionsView>(options, '/admin/sessions');
  print(options, view, () => [
    columns(['EDGE', 'KIND', 'MEMBERS', 'OUTBOX'], 'KEY'),
    ...view.edges.flatMap(({ edge, total, sessions }) => [
      ...sessions.map((s) => columns([edge, s.adapter, s.members, s.outboxBytes], s.key)),
      ...(total > sessions.length ? [`${edge}: ${total - sessions.length} more`] : []),
    ]),
    ...view.silent.map((edge) => `${edge} did not answer`),
  ]);
}

async function showMembers(key: string, options: InspectOptions): Promise<void> {
  const view = await ask<MembersView>(options, `/admin/sessions?${new URLSearchParams({ key }).toString()}`);
  print(options, view, () => [
    columns(['ROLE', 'BY', 'SINCE', 'MSG/S', 'BYTES/S'], 'MEMBER, WHO, CLIENT'),
    ...view.members.map((m) => {
      const who = [m.id, m.name ?? m.document ?? '', m.client].map(printable).join('  ');
      return columns(
        [m.role, m.transport, `${m.sinceSeconds} s`, m.messagesPerSecond, m.bytesPerSecond],
        who,
      );
    }),
    `${view.total} members on ${view.edge}`,
  ]);
}

export async function endSession(key: string, options: InspectOptions): Promise<void> {
  const { edge } = await ask<{ edge: string }>(options, '/admin/end', { body: { key } });
  print(options, { key, edge }, () => [`${key} has ended, on ${edge}`]);
}

export async function removeMember(
  key: string,
  member: string,
  options: InspectOptions & { readonly ban?: boolean },
): Promise<void> {
  const isBanned = options.ban === true;
  await ask(options, '/admin/remove', { body: { key, member, isBanned } });
  print(options, { key, member, isBanned }, () => [
    `${member} is out of ${key}${isBanned ? ' and does not come back' : ''}`,
  ]);
}

const columnWidth = 10;

function columns(cells: readonly (string | number)[], rest: string): string {
  return `${cells.map((cell) => String(cell).padEnd(columnWidth)).join(' ')} ${rest}`;
}

/** Names come from people: nothing in them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}
