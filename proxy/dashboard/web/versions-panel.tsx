/** Versions: what runs where, beside what the registry of images has. */
import type { JSX } from 'preact';
import { useAgainWith, useAsked } from './asked.ts';
import { DataTable } from './data-table.tsx';
import { look } from './operations.ts';
import type { Answer } from './operations.ts';

interface VersionRow {
  readonly name: string;
  readonly runsOn: readonly string[];
  readonly note: string;
}

const tagsShown = 8;
const membersShown = 4;

/** `running` tells when to ask anew. */
export function VersionsPanel({ running }: { running: string }): JSX.Element {
  const { answer, fault, again } = useAsked('versions', async () => await look<'versions'>('versions'));
  useAgainWith(running, again);
  return (
    <section class="panel" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer === undefined ? null : <VersionTable answer={answer} />}
    </section>
  );
}

function VersionTable({ answer }: { answer: Answer<'versions'> }): JSX.Element {
  const { repository, fault, total } = answer;
  return (
    <>
      {fault === '' ? null : <p class="notice warn">The registry cannot be read: {fault}</p>}
      <DataTable label="Table of versions" columns={['Version', 'Runs on', 'Note']}>
        <tbody>
          {rowsOf(answer).map(({ name, runsOn, note }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="wrap">{nameSome(runsOn)}</td>
              <td>{note}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <p class="note">
        {repository === ''
          ? 'Which other versions there are is not known: CT_REGISTRY_IMAGE names no repository of images.'
          : `Tags of ${repository}${total > tagsShown ? `, the newest of ${total}` : ''}.`}
      </p>
    </>
  );
}

function rowsOf({ repository, fault, running, tags }: Answer<'versions'>): VersionRow[] {
  const isRead = repository !== '' && fault === '';
  const others = running
    .filter(({ isInRegistry }) => !isInRegistry)
    .map(({ version, members }) => ({
      name: version,
      runsOn: members,
      note: isRead ? 'not in the registry' : '',
    }));
  // What runs is shown, however old it is.
  const shown = tags.filter(({ runsOn }, i) => i < tagsShown || runsOn.length > 0);
  const ofRegistry = shown.map(({ tag, runsOn, isNewer }) => ({
    name: tag,
    runsOn,
    note: isNewer ? 'newer' : '',
  }));
  return [...others, ...ofRegistry];
}

function nameSome(members: readonly string[]): string {
  const more = members.length - membersShown;
  return members.slice(0, membersShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
