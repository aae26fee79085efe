/** What happened, in a line for people. What others have written is stripped of what would move a terminal's cursor. */
import type { Applicant, FetchNews, News, Standing } from './news.ts';
import { plainWords } from './plain-words.ts';

/** Undefined for what people need not be told line by line. */
export function wordsFor(news: News): string | undefined {
  switch (news.event) {
    case 'session.opened':
    case 'guest.asked':
    case 'file.opened':
    case 'file.saved':
      return undefined;
    case 'session.joined':
      return `Joined the session of ${plainWords(news.host)}; its files are in ${news.folder}`;
    case 'session.ended':
      return endWords(news);
    case 'guest.admitted':
      return `${nameOf(news)} is let in`;
    case 'guest.refused':
      return `${nameOf(news)} was not let in`;
    case 'member.joined':
      return `${nameOf(news)} joined`;
    case 'member.left':
      return `${nameOf(news)} left`;
    case 'file.merged':
      return `${plainWords(news.path)} was changed on the disk: merged`;
    case 'file.gone':
      return `${plainWords(news.path)} is gone from the disk; whoever types in it makes it anew`;
    case 'file.refused':
      return `${plainWords(news.path)} cannot be edited together: ${news.reason}`;
    case 'file.unsaved':
      return `${plainWords(news.path)} CANNOT BE WRITTEN (${news.reason}); tried again until it can`;
    case 'join.asked':
      return 'The host is asked to let you in …';
    case 'file.sent':
      return `${plainWords(news.path)} is in the session`;
    case 'file.kept':
      return `${plainWords(news.path)} was changed on both sides: yours is in ${plainWords(news.copy)}`;
    case 'change.made':
      return changeWords(news);
    case 'chat.said':
      return `${plainWords(news.from)}${news.isDirect ? ' (to you)' : ''}: ${plainWords(news.text)}`;
    case 'line.lost':
      return 'The connection is away; nothing is lost, it comes back by itself';
    case 'line.back':
      return 'Connected again';
    case 'login.needed':
      return `Log in here, in a browser: ${news.url}`;
    case 'folder.fetched':
      return news.isDone ? fetchWords(news) : undefined;
    case 'file.skipped':
      return `${plainWords(news.path)} is left out: ${news.reason}`;
    case 'trouble.met':
      return plainWords(news.reason);
  }
}

/** How far the first fetch is; at its end, what came of it. */
export function fetchWords({ folders, found, isListed, files, bytes, skipped, isDone }: FetchNews): string {
  const size = megabytes(bytes);
  const left = skipped > 0 ? `, ${counted(skipped, 'file')} left out` : '';
  if (isDone) return `${counted(files, 'file')} in ${counted(folders, 'folder')}, ${size}${left}`;
  if (!isListed) return `Looking what is there: ${counted(found, 'file')} in ${counted(folders, 'folder')}`;
  return `Fetching: ${files.toLocaleString('en')} of ${counted(found, 'file')}, ${size}${left}`;
}

/** One line of what is true now. */
export function standingWords({ members, isConnected, openFiles, unsaved }: Standing): string {
  const names = members.map(({ name, isHost }) => plainWords(name) + (isHost ? ' (host)' : ''));
  return [
    isConnected ? 'connected' : 'RECONNECTING',
    names.length === 0 ? 'nobody else is here' : `with ${names.join(', ')}`,
    ...(openFiles > 0 ? [`${openFiles} open`] : []),
    ...(unsaved > 0 ? [`${unsaved} being written`] : []),
  ].join(' · ');
}

export function nameOf({ name, email, login }: Applicant): string {
  const details = [email, login]
    .filter((word) => word !== undefined && word !== '')
    .map((word) => plainWords(word!));
  return plainWords(name) + (details.length > 0 ? ` (${details.join(', ')})` : '');
}

function endWords({ reason, message = '', unsaved }: News & { event: 'session.ended' }): string {
  const said = plainWords(message).replace(/\.$/, '');
  const why = {
    left: 'The session is over',
    closed: said === '' ? 'The session was closed' : said,
    lost: 'The connection was lost for too long: the session is over',
    refused: `The server does not let us come back (${said}): the session is over`,
  }[reason];
  if (unsaved.length === 0) return `${why}. Everything is written.`;
  return `${why}. NOT WRITTEN: ${unsaved.map(plainWords).join(', ')}`;
}

function changeWords({ what, by, path, to = '' }: News & { event: 'change.made' }): string {
  const who = plainWords(by);
  const where = plainWords(path);
  switch (what) {
    case 'written':
      return `${who} wrote ${where}`;
    case 'folder':
      return `${who} made the folder ${where}`;
    case 'deleted':
      return `${who} deleted ${where}`;
    case 'renamed':
      return `${who} renamed ${where} to ${plainWords(to)}`;
  }
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
