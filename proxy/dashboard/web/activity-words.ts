/** Entries of the audit in words for people: who did what, where the log has names of events, ids and facts. */
import type { JournalEvent } from '#shared/journal/journal-words.ts';
import type { Answer } from './operations.ts';

export type Entry = Answer<'audit'>['entries'][number];

const events: Readonly<Record<JournalEvent, string>> = {
  'session.created': 'Session began',
  'session.taken-over': 'Session taken over',
  'session.moved': 'Session moved',
  'session.terminated': 'Session ended by an administrator',
  'session.ended': 'Session ended',
  'member.joined': 'Joined a session',
  'member.left': 'Left a session',
  'member.removed': 'Removed from a session',
  'member.banned': 'Banned from a session',
  'edge.joined': 'Edge joined',
  'edge.drained': 'Edge drains',
  'edge.undrained': 'Edge undrained',
  'edge.lost': 'Edge lost',
  'edge.refused': 'Edge refused',
  'settings.changed': 'Settings changed',
  'admin.acted': 'Administrator',
  'login.completed': 'Logged in',
  'login.refused': 'Login refused',
};

const protocols: Readonly<Record<string, string>> = { oct: 'Open Collaboration', y: 'y-websocket' };

export function describeEvent({ event }: Entry): string {
  // A front door of another version may know of more.
  return Object.hasOwn(events, event) ? events[event as JournalEvent] : event;
}

/** By name, where the entry has one; the id that the log has is `user`. */
export function whoOf(entry: Entry): string {
  return isOfPerson(entry) ? entry.subject || entry.user : entry.user;
}

/** The session, by the hash of its key; of what is about no session, its subject. */
export function aboutOf(entry: Entry): string {
  const subject = isOfPerson(entry) || entry.event === 'session.moved' ? '' : entry.subject;
  return subject || entry.key;
}

export function detailOf(entry: Entry): string {
  const { event, subject, detail } = entry;
  if (event === 'member.left' || event === 'member.removed' || event === 'member.banned')
    return detail
      .split(', ')
      .map((fact) => (/^[a-z]+(-[a-z]+)+$/.test(fact) ? toWords(fact) : fact))
      .join(', ');
  if (!event.startsWith('session.') && !event.startsWith('login.')) return detail;
  const words = detail.split(', ').map(describeFact).join(', ');
  return event === 'session.moved' && subject !== '' ? `from ${subject} ${words}` : words;
}

export function whereOf({ origin }: Entry): string {
  return origin.replace(/^front:/, 'front door ');
}

/** In the words that are shown, and in those of the log. */
export function matches(entry: Entry, text: string): boolean {
  const { event, user, subject, origin, client, detail, key } = entry;
  const shown = [describeEvent(entry), detailOf(entry), whereOf(entry)];
  const all = [event, user, subject, origin, client, detail, key, ...shown].join(' ');
  return all.toLowerCase().includes(text.trim().toLowerCase());
}

/** Its subject is a person’s name. */
function isOfPerson({ event }: Entry): boolean {
  return event.startsWith('member.') || event === 'login.completed';
}

function describeFact(fact: string): string {
  const [, name, value = ''] = /^(adapter|reason|cause|code) (\S+)$/.exec(fact) ?? [];
  if (name === undefined) return fact;
  if (name === 'adapter') return protocols[value] ?? value;
  return toWords(value);
}

function toWords(code: string): string {
  return code.replaceAll('-', ' ');
}
