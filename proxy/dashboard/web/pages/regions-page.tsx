/** Regions of clients: which networks belong to each, and which edges serve it. Saved as a whole, unless somebody was faster. */
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from '../page-props.ts';
import { useAsked } from '../asked.ts';
import { act, describeRefusal, look } from '../operations.ts';
import type { Answer } from '../operations.ts';

type Region = Answer<'regions'>['regions'][number];
type Draft = Readonly<Record<string, string>>;

export function RegionsPage({ viewer, tell }: PageProps): JSX.Element {
  const { answer, fault, again } = useAsked('regions', async () => await look<'regions'>('regions'));
  const [draft, setDraft] = useState<Draft>({});
  const [refused, setRefused] = useState<string>();
  useEffect(() => {
    if (answer !== undefined) setDraft(draftOf(answer.regions));
  }, [answer]);
  if (answer === undefined) return <p>{fault ?? 'Asking…'}</p>;
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      const regions = Object.entries(draft).map(([name, text]) => [name, cidrsOf(text)] as const);
      const named = Object.fromEntries(regions.filter(([, cidrs]) => cidrs.length > 0));
      await act('regions', { version: answer.version, regions: named }, 'PUT');
      setRefused(undefined);
      tell('The regions are saved.');
      again();
    } catch (error) {
      setRefused(describeRefusal(error));
    }
  };
  const isReader = viewer.role !== 'admin';
  return (
    <>
      <p class="note">
        Whose address is in the networks of a region gets an edge of that region while it has one; everybody
        else gets any edge. An edge names its region by CT_REGION.
      </p>
      <form onSubmit={(event) => void save(event)} aria-label="Regions">
        {Object.entries(draft).map(([name, text]) => (
          <RegionField
            key={name}
            name={name}
            text={text}
            region={answer.regions.find((region) => region.name === name)}
            isReader={isReader}
            set={(changed) => setDraft({ ...draft, [name]: changed })}
          />
        ))}
        {refused === undefined ? null : (
          <p class="notice fault" role="alert">
            {refused}
          </p>
        )}
        <div class="actions">
          <button type="button" class="quiet" onClick={again}>
            Read again
          </button>
          <button disabled={isReader}>Save regions</button>
        </div>
      </form>
      {isReader ? null : <NewRegion add={(name) => setDraft({ ...draft, [name]: draft[name] ?? '' })} />}
    </>
  );
}

interface FieldProps {
  readonly name: string;
  readonly text: string;
  readonly region: Region | undefined;
  readonly isReader: boolean;
  readonly set: (text: string) => void;
}

function RegionField({ name, text, region, isReader, set }: FieldProps): JSX.Element {
  return (
    <section class="panel">
      <h2>{name}</h2>
      <p class="note">
        {region === undefined || region.edges.length === 0
          ? 'No edge is in it.'
          : `Edges: ${region.edges.map(({ id, state }) => `${id} (${state})`).join(', ')}.`}{' '}
        {region?.sessions ?? 0} {region?.sessions === 1 ? 'session' : 'sessions'}.
      </p>
      <label>
        Networks of {name}, one CIDR a line
        <textarea
          rows={4}
          readOnly={isReader}
          spellcheck={false}
          value={text}
          onInput={(event) => set(event.currentTarget.value)}
        />
      </label>
    </section>
  );
}

function NewRegion({ add }: { add: (name: string) => void }): JSX.Element {
  const [name, setName] = useState('');
  return (
    <form
      class="panel fields"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') add(name.trim());
        setName('');
      }}
    >
      <label>
        Name of a new region
        <input value={name} maxLength={64} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <button disabled={name.trim() === ''}>Add region</button>
    </form>
  );
}

function draftOf(regions: readonly Region[]): Draft {
  return Object.fromEntries(regions.map(({ name, cidrs }) => [name, cidrs.join('\n')]));
}

function cidrsOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((cidr) => cidr.trim())
    .filter((cidr) => cidr !== '');
}
