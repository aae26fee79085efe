/** What a host passes on so that others come: a link, its picture for phones, and the words for editors. */
import { renderUnicodeCompact } from 'uqr';

export interface Invitation {
  readonly key: string;
  readonly link: string;
  readonly code: string;
  readonly folder: string;
  readonly isReadOnly: boolean;
}

export function invitation({ key, link, code, folder, isReadOnly }: Invitation, hasPicture: boolean): string {
  return [
    `Sharing ${folder}${isReadOnly ? ', to read' : ''}.`,
    ...(hasPicture ? ['', renderUnicodeCompact(link)] : []),
    '',
    `  In a browser:   ${link}`,
    `  In an editor:   ${code}`,
    `  On the command line, where Mooring is:   npx mooring join ${link} FOLDER`,
    `  Session key:   ${key}`,
    '',
    'Ctrl-C ends the session, with everything written.',
  ].join('\n');
}
