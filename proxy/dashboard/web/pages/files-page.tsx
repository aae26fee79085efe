/** What can be taken along: the log files of this front door, its metrics as one archive, and what clients install. */
import type { JSX } from 'preact';
import type { PageProps } from '../page-props.ts';
import { useAsked } from '../asked.ts';
import { describeBytes } from '../bytes.ts';
import { DataTable } from '../data-table.tsx';
import { hasClients, listLogs } from '../operations.ts';
import type { LogList } from '../operations.ts';

const columns = ['File', ['Size', 'number'], ['Written', 'optional'], 'What it holds'] as const;
const contents: Readonly<Record<string, string>> = {
  'server.log': 'log of this front door',
  'direct.log': 'log of the supervisor',
  'proxy.log': 'log of the supervisor',
  'access.log': 'each request',
  'sessions.log': 'who was in which session (audit)',
  'usage.log': 'how much the pool is used, every five minutes',
  'session-metrics.csv': 'sessions that ended',
  'download-metrics.csv': 'client downloads',
};

export function FilesPage({ viewer }: PageProps): JSX.Element {
  return (
    <>
      <section class="panel" aria-labelledby="logs-title">
        <h2 id="logs-title">Logs and metrics</h2>
        {viewer.role === 'admin' ? <Logs /> : <p>They name people: only administrators may have them.</p>}
      </section>
      <Clients />
    </>
  );
}

function Clients(): JSX.Element {
  const { answer } = useAsked('has clients', hasClients);
  return (
    <section class="panel" aria-labelledby="clients-title">
      <h2 id="clients-title">Clients</h2>
      {answer === false ? <p>This server offers none: CT_NOCLIENTS is set.</p> : null}
      {answer === true ? (
        <>
          <p>
            <a href="/clients/">Downloads for clients</a>, with the steps to install them and the address of
            this server. Everybody may have them.
          </p>
          <p class="note">
            The files are those of the folder CT_CLIENTS_DIR. How often each was downloaded stands under{' '}
            <a href="#/usage">Usage</a>.
          </p>
        </>
      ) : null}
    </section>
  );
}

function Logs(): JSX.Element {
  const { answer, fault } = useAsked('logs', listLogs);
  if (fault !== undefined) return <p class="notice fault">{fault}</p>;
  if (answer === undefined) return <p>Asking…</p>;
  if (answer.files.length === 0)
    return (
      <p>
        This server writes its log to standard output, unless <code>CT_LOG_DIR</code> names a folder.
      </p>
    );
  return <LogTable {...answer} />;
}

function LogTable({ host, files, archive }: LogList): JSX.Element {
  return (
    <>
      <p class="note">Of the front door on {host}. Other front doors have their own.</p>
      <DataTable label="Table of log files" columns={columns} kind="blocks">
        <tbody>
          {files.map(({ name, bytes, modified }) => (
            <tr key={name}>
              <th scope="row">
                <a href={`/dashboard/logs/${encodeURIComponent(name)}`}>{name}</a>
              </th>
              <td class="number">{describeBytes(bytes)}</td>
              <td class="optional">
                {new Date(modified).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' })}
              </td>
              <td class="wrap">{describeContents(name)}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      {archive === undefined ? null : (
        <p>
          <a href={`/dashboard/logs/${archive}`}>{archive}</a>: the CSV files together.
        </p>
      )}
    </>
  );
}

/** One that was full has the time behind its name. */
function describeContents(name: string): string {
  const [whole, stem = ''] = /^(.*\.(?:log|csv))(?:\..*)?$/.exec(name) ?? [];
  const what = contents[stem] ?? (stem.startsWith('edge-') ? 'log of an edge' : 'other');
  return whole === stem ? what : `${what}, older`;
}
