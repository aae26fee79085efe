/** The way in: who one is, then the wait for the host, or for the login that the server wants. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { colours } from '../colours.ts';
import { describeFault } from '../link/describe-fault.ts';
import { enterSession } from '../link/entry.ts';
import type { EntryStep } from '../link/entry.ts';
import { keepProfile, readProfile } from '../place.ts';
import type { Profile } from '../place.ts';
import { HostDuty } from '../session/host-duty.ts';
import { MemoryFolder } from '../session/memory-folder.ts';
import { PickedFolder } from '../session/picked-folder.ts';
import { Banner } from './banner.tsx';
import type { Arrival } from '../session/arrival.ts';

interface EntryProps {
  /** Undefined where a session is to begin. */
  readonly sessionKey: string | undefined;
  readonly onArrival: (arrival: Arrival) => void;
}

const nameMax = 128;

/** Few browsers have it yet. */
const { showDirectoryPicker } = globalThis as {
  showDirectoryPicker?: (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
};
const pickFolder =
  showDirectoryPicker &&
  (async (): Promise<FileSystemDirectoryHandle> => await showDirectoryPicker({ mode: 'readwrite' }));

export function EntryScreen({ sessionKey, onArrival }: EntryProps): JSX.Element {
  const [profile, setProfile] = useState<Profile>(() => readProfile() ?? { name: '', colour: anyColour() });
  const [step, setStep] = useState<EntryStep>();
  const [fault, setFault] = useState('');
  const [isPicking, setPicking] = useState(false);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  useEffect(() => {
    document.title = sessionKey === undefined ? 'Start a session – Mooring' : 'Join a session – Mooring';
  }, [sessionKey]);
  const enter = async (): Promise<void> => {
    const controller = new AbortController();
    abort.current = controller;
    setFault('');
    keepProfile(profile);
    try {
      // Browsers ask for a folder only on a click, so before anything else.
      const duty = sessionKey === undefined ? await openDuty(isPicking) : undefined;
      const { signal } = controller;
      const ticket = await enterSession({
        key: sessionKey,
        name: profile.name.trim(),
        signal,
        onStep: setStep,
      });
      if (signal.aborted) return;
      onArrival({ ticket: { ...ticket, workspace: duty?.workspace ?? ticket.workspace }, profile, duty });
    } catch (error) {
      if (!controller.signal.aborted) setFault(describeFault(error));
    }
    setStep(undefined);
  };
  const cancel = (): void => {
    abort.current?.abort();
    setStep(undefined);
  };
  return (
    <main class="narrow">
      <Banner />
      <h1>{sessionKey === undefined ? 'Start a session' : 'Join a session'}</h1>
      {sessionKey === undefined ? (
        <p class="soft">You are its host: it ends when you leave.</p>
      ) : (
        <p class="soft">
          Session code <code>{sessionKey}</code>. Its host is asked whether you may come in.
        </p>
      )}
      {fault === '' ? null : (
        <p class="notice fault" role="alert">
          {fault}
        </p>
      )}
      {step === undefined ? (
        <ProfileForm
          profile={profile}
          onChange={setProfile}
          action={sessionKey === undefined ? 'Start' : 'Ask to join'}
          onSubmit={() => void enter()}
        >
          {sessionKey === undefined ? <FilesChoice isPicking={isPicking} onChange={setPicking} /> : null}
        </ProfileForm>
      ) : (
        <Wait step={step} onCancel={cancel} />
      )}
    </main>
  );
}

/** Throws where the folder is not given. */
async function openDuty(isPicking: boolean): Promise<HostDuty> {
  if (isPicking) {
    const folder = new PickedFolder(await pickFolder!());
    return new HostDuty(folder, { name: folder.name, folders: [folder.name] });
  }
  const folder = new MemoryFolder('session', { 'notes.md': '# Notes\n\n' });
  return new HostDuty(folder, { name: 'session', folders: ['session'] });
}

function anyColour(): string {
  return colours[Math.floor(Math.random() * colours.length)]!.hex;
}

interface FormProps {
  readonly profile: Profile;
  readonly onChange: (profile: Profile) => void;
  readonly action: string;
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
}

function ProfileForm({ profile, onChange, action, onSubmit, children }: FormProps): JSX.Element {
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <label for="name">Your name</label>
      <input
        id="name"
        name="name"
        autocomplete="name"
        required
        pattern=".*\S.*"
        maxLength={nameMax}
        value={profile.name}
        onInput={({ currentTarget }) => onChange({ ...profile, name: currentTarget.value })}
      />
      <fieldset class="colours">
        <legend>Your colour</legend>
        {colours.map(({ name, hex }, number) => (
          <label key={hex} class={`swatch who-${number}`} title={name}>
            <input
              type="radio"
              name="colour"
              aria-label={name}
              checked={profile.colour === hex}
              onChange={() => onChange({ ...profile, colour: hex })}
            />
          </label>
        ))}
      </fieldset>
      {children}
      <button class="primary">{action}</button>
    </form>
  );
}

interface ChoiceProps {
  readonly isPicking: boolean;
  readonly onChange: (isPicking: boolean) => void;
}

function FilesChoice({ isPicking, onChange }: ChoiceProps): JSX.Element {
  return (
    <fieldset class="choice">
      <legend>Files</legend>
      <label>
        <input type="radio" name="files" checked={!isPicking} onChange={() => onChange(false)} /> None yet:
        what is made is in this page, and goes with it
      </label>
      <label>
        <input
          type="radio"
          name="files"
          checked={isPicking}
          disabled={pickFolder === undefined}
          onChange={() => onChange(true)}
        />{' '}
        A folder of this machine{pickFolder === undefined ? ' (this browser gives pages none)' : ''}
      </label>
    </fieldset>
  );
}

function Wait({ step, onCancel }: { step: EntryStep; onCancel: () => void }): JSX.Element {
  return (
    <div class="panel">
      <p role="status">
        {step.kind === 'asking'
          ? 'Waiting for the host to let you in …'
          : step.kind === 'login-page'
            ? 'This server wants you to log in. This page goes on by itself when you have.'
            : 'One moment …'}
      </p>
      {step.kind === 'login-page' ? (
        <p>
          <a href={step.url} target="_blank" rel="noopener">
            Log in (opens another tab)
          </a>
        </p>
      ) : null}
      <button onClick={onCancel}>Cancel</button>
    </div>
  );
}
