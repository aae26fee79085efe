/** Which StatsD server all front doors tell their metrics. */
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from './page-props.ts';
import { useAsked } from './asked.ts';
import { textOf } from './form-fields.ts';
import { act, describeRefusal, isOvertaken, look, overtaken } from './operations.ts';
import type { Answer } from './operations.ts';

export function MetricsForm({ viewer, tell }: PageProps): JSX.Element {
  const { answer, fault, again } = useAsked('metrics', async () => await look<'metrics'>('metrics'));
  const [refused, setRefused] = useState<string>();
  const isReader = viewer.role !== 'admin';
  const set = async (body: object, done: string): Promise<void> => {
    try {
      await act('metrics', body, 'PUT');
      setRefused(undefined);
      tell(done);
      again();
    } catch (error) {
      setRefused(isOvertaken(error) ? overtaken : describeRefusal(error));
      if (isOvertaken(error)) again();
    }
  };
  return (
    <section class="panel" aria-labelledby="metrics-title">
      <h2 id="metrics-title">Metrics</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer === undefined ? null : (
        <StatsdForm key={answer.version} answer={answer} isReader={isReader} set={set} />
      )}
      {refused === undefined ? null : (
        <p class="notice fault" role="alert">
          {refused}
        </p>
      )}
      <p class="note">Prometheus reads them at /metrics, where the settings allow it.</p>
    </section>
  );
}

interface StatsdProps {
  readonly answer: Answer<'metrics'>;
  readonly isReader: boolean;
  readonly set: (body: object, done: string) => Promise<void>;
}

function StatsdForm({ answer: { statsd, from, version }, isReader, set }: StatsdProps): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const target = {
      ...statsd,
      host: textOf(form, 'host'),
      port: Number(form.get('port')),
      protocol: textOf(form, 'protocol'),
    };
    void set({ version, statsd: target }, 'All front doors tell this server now.');
  };
  return (
    <form class="fields" onSubmit={submit} aria-label="StatsD">
      <label>
        StatsD host
        <input name="host" required maxLength={253} defaultValue={statsd?.host ?? ''} readOnly={isReader} />
      </label>
      <label>
        Port
        <input
          name="port"
          type="number"
          min="1"
          max="65535"
          required
          defaultValue={statsd?.port ?? 8125}
          readOnly={isReader}
        />
      </label>
      <label>
        Protocol
        <select name="protocol" disabled={isReader}>
          <option value="udp">UDP</option>
          <option value="tcp" selected={statsd?.protocol === 'tcp'}>
            TCP
          </option>
        </select>
      </label>
      <button disabled={isReader}>Save</button>
      <button
        type="button"
        class="quiet"
        disabled={isReader || from === 'settings'}
        onClick={() => void set({ version }, 'Each front door does what its settings say.')}
      >
        Use the settings of each
      </button>
      <p class="note">
        {from === 'fleet' ? 'Set here for all front doors.' : 'As the settings of each front door say.'}
      </p>
    </form>
  );
}
