/** What monitoring systems get of all front doors: which StatsD server is told, and whether Prometheus finds them on the port for clients. */
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from './page-props.ts';
import { useAsked } from './asked.ts';
import { textOf } from './form-fields.ts';
import { act, describeRefusal, isOvertaken, look, overtaken } from './operations.ts';
import type { Answer } from './operations.ts';

export function MetricsForm({ viewer, tell }: PageProps): JSX.Element {
  const { answer: read, fault, again } = useAsked('metrics', async () => await look<'metrics'>('metrics'));
  // Who saves one form and at once the other one has seen the first.
  const [written, setWritten] = useState<Answer<'metrics'>>();
  const answer = written ?? read;
  const [refused, setRefused] = useState<string>();
  const [overtakings, setOvertakings] = useState(0);
  /** `part` of what is set for the fleet, which is replaced as a whole. */
  const set = async (part: object, done: string): Promise<void> => {
    try {
      const body = { version: answer!.version, ...answer!.fleet, ...part };
      setWritten((await act('metrics', body, 'PUT')) as Answer<'metrics'>);
      setRefused(undefined);
      tell(done);
    } catch (error) {
      setRefused(isOvertaken(error) ? overtaken : describeRefusal(error));
      if (!isOvertaken(error)) return;
      setWritten(undefined);
      setOvertakings((before) => before + 1);
      again();
    }
  };
  /** What is typed into one form stays there while the other one is saved. */
  const keyOf = (...part: readonly unknown[]): string => JSON.stringify([overtakings, ...part]);
  const isReader = viewer.role !== 'admin';
  return (
    <section class="panel" aria-labelledby="metrics-title">
      <h2 id="metrics-title">Metrics</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer === undefined ? null : (
        <>
          <StatsdForm key={keyOf(answer.from, answer.statsd)} answer={answer} isReader={isReader} set={set} />
          <PrometheusForm
            key={keyOf(answer.fleet.prometheus)}
            answer={answer}
            isReader={isReader}
            set={set}
          />
        </>
      )}
      {refused === undefined ? null : (
        <p class="notice fault" role="alert">
          {refused}
        </p>
      )}
    </section>
  );
}

interface PartProps {
  readonly answer: Answer<'metrics'>;
  readonly isReader: boolean;
  readonly set: (part: object, done: string) => Promise<void>;
}

function StatsdForm({ answer: { statsd, from }, isReader, set }: PartProps): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const target = {
      ...statsd,
      host: textOf(form, 'host'),
      port: Number(form.get('port')),
      protocol: textOf(form, 'protocol'),
    };
    void set({ statsd: target }, 'All front doors tell this server now.');
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
        onClick={() => void set({ statsd: undefined }, 'Each front door does what its settings say.')}
      >
        Use the settings of each
      </button>
      <p class="note">
        {from === 'fleet' ? 'Set here for all front doors.' : 'As the settings of each front door say.'}
      </p>
    </form>
  );
}

const choices = [
  { value: 'settings', label: 'as in the settings of each', isOn: undefined },
  { value: 'on', label: 'on', isOn: true },
  { value: 'off', label: 'off', isOn: false },
] as const;

function PrometheusForm({ answer, isReader, set }: PartProps): JSX.Element {
  const { fleet, prometheus } = answer;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const chosen = textOf(new FormData(event.target as HTMLFormElement), 'prometheus');
    const { isOn, label } = choices.find(({ value }) => value === chosen)!;
    void set({ prometheus: isOn }, `Prometheus, on the port for clients: ${label}.`);
  };
  return (
    <form class="fields" onSubmit={submit} aria-label="Prometheus">
      <label>
        Prometheus, on the port for clients
        <select name="prometheus" disabled={isReader}>
          {choices.map(({ value, label, isOn }) => (
            <option key={value} value={value} selected={fleet.prometheus === isOn}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button disabled={isReader}>Save</button>
      <p class="note">
        {prometheus.isServed ? 'This front door serves them at ' : 'Nothing is served at '}
        <code>{new URL('/metrics', location.href).href}</code>
        {prometheus.isServed ? ', and each other one at an address of its own. ' : '. '}
        {whoMayRead(prometheus)} The admin port always serves them.
      </p>
    </form>
  );
}

function whoMayRead({ networks, hasToken }: Answer<'metrics'>['prometheus']): string {
  const from = networks.join(', ');
  if (hasToken)
    return `A scrape brings the token of CT_METRICS_TOKEN${from === '' ? '' : `, or comes from ${from}`}.`;
  if (from === '') return 'Nobody may read them: neither CT_METRICS_TOKEN nor CT_METRICS_ALLOW is set.';
  return `A scrape has to come from ${from}: no token is set (CT_METRICS_TOKEN).`;
}
