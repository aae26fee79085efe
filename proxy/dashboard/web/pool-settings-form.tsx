/**
 * Settings of the whole pool: from which client version on one may host, when sessions end by themselves, a word to everybody. Fields
 * begin with what is set and belong to whoever types: the page is drawn anew with each live figure.
 */
import { useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import type { PageProps } from './page-props.ts';
import { useAsked } from './asked.ts';
import { textOf } from './form-fields.ts';
import { act, describeRefusal, isOvertaken, look, overtaken } from './operations.ts';
import type { Answer } from './operations.ts';

export function PoolSettingsForms(props: PageProps): JSX.Element {
  return (
    <>
      <HostingForm {...props} />
      <EndsForm {...props} />
      <BannerForm {...props} />
    </>
  );
}

interface PanelProps<T> extends PageProps {
  readonly title: string;
  readonly path: string;
  readonly fields: (answer: T) => ComponentChildren;
  readonly body: (form: FormData, answer: T) => object;
}

/** Reads a setting, shows its fields, and saves them where nobody was faster. */
function SettingPanel<T extends { readonly version: number }>(props: PanelProps<T>): JSX.Element {
  const { title, path, fields, body, viewer, tell } = props;
  const { answer, fault, again } = useAsked(path, async () => (await look(path)) as unknown as T);
  const [refused, setRefused] = useState<string>();
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    try {
      await act(path, { version: answer!.version, ...body(form, answer!) }, 'PUT');
      setRefused(undefined);
      tell(`${title}: saved for the whole pool.`);
      again();
    } catch (error) {
      setRefused(isOvertaken(error) ? overtaken : describeRefusal(error));
      if (isOvertaken(error)) again();
    }
  };
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer === undefined ? null : (
        <form
          class="fields"
          key={answer.version}
          onSubmit={(event) => void save(event)}
          aria-label={`${title}, fields`}
        >
          {fields(answer)}
          <button disabled={viewer.role !== 'admin'}>Save</button>
        </form>
      )}
      {refused === undefined ? null : (
        <p class="notice fault" role="alert">
          {refused}
        </p>
      )}
    </section>
  );
}

function HostingForm(props: PageProps): JSX.Element {
  return (
    <SettingPanel<Answer<'hosting'>>
      {...props}
      title="Who may host"
      path="hosting"
      fields={({ minimumVersion, unidentified }) => (
        <>
          <label>
            Lowest client version
            <input name="minimum" placeholder="any" defaultValue={minimumVersion ?? ''} maxLength={32} />
          </label>
          <label>
            Clients that name no version
            <select name="unidentified">
              <option value="allow">may host</option>
              <option value="refuse" selected={unidentified === 'refuse'}>
                may not
              </option>
            </select>
          </label>
          <p class="note">Who has an older version may join a session and begin none.</p>
        </>
      )}
      body={(form, { clients }) => ({
        minimumVersion: textOf(form, 'minimum') || null,
        unidentified: textOf(form, 'unidentified'),
        clients,
      })}
    />
  );
}

const ends = [
  ['withoutGuestsMinutes', 'Minutes without a guest ever'],
  ['afterGuestsMinutes', 'Minutes after the last guest left'],
  ['idleMinutes', 'Minutes in which nothing is said'],
] as const;

function EndsForm(props: PageProps): JSX.Element {
  return (
    <SettingPanel<Answer<'sessionEnds'>>
      {...props}
      title="When sessions end by themselves"
      path="session-ends"
      fields={(answer) => (
        <>
          {ends.map(([name, label]) => (
            <label key={name}>
              {label}
              <input
                name={name}
                type="number"
                min="0"
                max="10080"
                placeholder="as each edge says"
                defaultValue={answer[name] ?? ''}
              />
            </label>
          ))}
          <p class="note">0: never. Empty: as the settings of each edge say.</p>
        </>
      )}
      body={(form) =>
        Object.fromEntries(
          ends.map(([name]) => [name, textOf(form, name) === '' ? null : Number(textOf(form, name))]),
        )
      }
    />
  );
}

function BannerForm(props: PageProps): JSX.Element {
  return (
    <SettingPanel<Answer<'banner'>>
      {...props}
      title="A word to everybody"
      path="banner"
      fields={({ banner, isShown }) => (
        <>
          <label>
            Text
            <input name="text" maxLength={500} placeholder="none" defaultValue={banner?.text ?? ''} />
          </label>
          <label>
            Kind
            <select name="level">
              <option value="info">information</option>
              <option value="warning" selected={banner?.level === 'warning'}>
                warning
              </option>
            </select>
          </label>
          <label>
            Until
            <input name="until" type="datetime-local" defaultValue={localTime(banner?.until ?? null)} />
          </label>
          <p class="note">{isShown ? 'It is shown.' : 'Nothing is shown.'} An empty text takes it away.</p>
        </>
      )}
      body={(form) => ({ banner: bannerOf(form) })}
    />
  );
}

function bannerOf(form: FormData): object | null {
  const text = textOf(form, 'text');
  if (text === '') return null;
  const until = textOf(form, 'until');
  return { text, level: textOf(form, 'level'), until: until === '' ? null : new Date(until).getTime() };
}

/** As a field for local time wants it. */
function localTime(atMs: number | null): string {
  if (atMs === null) return '';
  const date = new Date(atMs);
  return new Date(atMs - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
