/** Settings: those of the pool that can be changed here, and those that this front door was started with. */
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from '../page-props.ts';
import { useAsked } from '../asked.ts';
import { ConfirmButton } from '../confirm-button.tsx';
import { DataTable } from '../data-table.tsx';
import { MetricsForm } from '../metrics-form.tsx';
import { act, look } from '../operations.ts';
import { Pager, pageOf } from '../pager.tsx';
import { PoolSettingsForms } from '../pool-settings-form.tsx';
import type { Answer } from '../operations.ts';

const rowsPerPage = 20;

export function SettingsPage(props: PageProps): JSX.Element {
  return (
    <>
      <PoolSettingsForms {...props} />
      <MetricsForm {...props} />
      <ProcessSettings {...props} />
    </>
  );
}

function ProcessSettings({ viewer, tell }: PageProps): JSX.Element {
  const { answer, fault, again } = useAsked('settings', async () => await look<'settings'>('settings'));
  const [filter, setFilter] = useState('');
  const [page, setPage] = useState(0);
  const settings = (answer?.settings ?? []).filter(({ name, help }) =>
    `${name} ${help}`.toLowerCase().includes(filter.trim().toLowerCase()),
  );
  return (
    <section class="panel" aria-labelledby="process-title">
      <h2 id="process-title">Settings of this front door</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      <div class="fields">
        <label>
          Filter settings
          <input value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
        <ConfirmButton
          label="Reload"
          subject="settings"
          isDisabled={viewer.role !== 'admin'}
          question="Reads the settings file anew and applies what differs. No connection is touched."
          tell={tell}
          run={async () => {
            const report = (await act('reload', { dryRun: false })) as Answer<'reload'>;
            again();
            return `Reload: ${report.outcome}, ${report.changes.length} changed.`;
          }}
        />
      </div>
      <DataTable label="Table of settings" columns={['Setting', 'Value', 'From', 'What it does']}>
        <tbody>
          {pageOf(settings, page, rowsPerPage).map(({ name, value, origin, help }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="wrap">{value || <span class="note">not set</span>}</td>
              <td>{origin}</td>
              <td class="wide">{help}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <Pager name="settings" total={settings.length} page={page} size={rowsPerPage} turn={setPage} />
    </section>
  );
}
