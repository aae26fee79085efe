/** The way in: who one is, then the wait for the host, or for the login that the server wants. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { colours } from '../colours.ts';
import { describeFault, enterSession } from '../link/entry.ts';
import type { EntryStep } from '../link/entry.ts';
import { keepProfile, readProfile } from '../place.ts';
import type { Profile } from '../place.ts';
import { HostDuty } from '../session/host-duty.ts';
import { MemoryFolder } from '../session/memory-folder.ts';
import type { Arrival } from '../session/arrival.ts';

interface EntryProps {
  /** Undefined where a session is to begin. */
  readonly sessionKey: string | undefined;
  readonly onArrival: (arrival: Arrival) => void;
}

const nameMax = 128;

export function EntryScreen({ sessionKey, onArrival }: EntryProps): JSX.Element {
  const [profile, setProfile] = useState<Profile>(() => readProfile() ?? { name: '', colour: anyColour() });
  const [step, setStep] = useState<EntryStep>();
  const [fault, setFault] = useState('');
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
      const { signal } = controller;
      const ticket = await enterSession({
        key: sessionKey,
        name: profile.name.trim(),
        signal,
        onStep: setStep,
      });
      if (signal.aborted) return;
      const duty = sessionKey === undefined ? beginWithNothing() : undefined;
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
      <h1>{sessionKey === undefined ? 'Start a session' : 'Join a session'}</h1>
      {sessionKey === undefined ? (
        <p class="soft">You are its host: it ends when you leave, and its files are in this page.</p>
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
        />
      ) : (
        <Wait step={step} onCancel={cancel} />
      )}
    </main>
  );
}

function beginWithNothing(): HostDuty {
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
}

function ProfileForm({ profile, onChange, action, onSubmit }: FormProps): JSX.Element {
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
      <button class="primary">{action}</button>
    </form>
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
