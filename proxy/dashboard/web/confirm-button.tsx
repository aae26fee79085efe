/** A button for what is not undone easily: it asks once more, in a dialog that keeps the keyboard until it is answered. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { describeRefusal } from './operations.ts';

interface ConfirmProps {
  readonly label: string;
  /** For whoever hears it: of what. */
  readonly subject: string;
  readonly question: string;
  readonly isDangerous?: boolean;
  readonly isDisabled?: boolean;
  /** Fields of the dialog. */
  readonly children?: ComponentChildren;
  readonly run: (form: FormData) => Promise<string>;
  readonly tell: (text: string, isFault?: boolean) => void;
}

export function ConfirmButton(props: ConfirmProps): JSX.Element {
  const { label, subject, isDangerous, isDisabled } = props;
  // Which one is open, 0 for none: the end of one may be heard of when the next is open already.
  const [opened, setOpened] = useState(0);
  return (
    <>
      <button
        type="button"
        class={isDangerous ? 'small danger' : 'small'}
        disabled={isDisabled}
        aria-label={`${label} ${subject}`}
        onClick={() => setOpened(opened + 1)}
      >
        {label}
      </button>
      {opened === 0 ? null : (
        <ConfirmDialog {...props} key={opened} close={() => setOpened((now) => (now === opened ? 0 : now))} />
      )}
    </>
  );
}

function ConfirmDialog(props: ConfirmProps & { close: () => void }): JSX.Element {
  const { label, subject, question, isDangerous, children, run, tell, close } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  // Before anything else is shown: a key that is pressed at once belongs to the dialog.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      tell(await run(new FormData(event.target as HTMLFormElement)));
      dialog.current?.close();
    } catch (error) {
      setFault(describeRefusal(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="dialog-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="dialog-title">
          {label} {subject}?
        </h2>
        <p>{question}</p>
        {children}
        {fault === undefined ? null : (
          <p class="notice fault" role="alert">
            {fault}
          </p>
        )}
        <div class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button class={isDangerous ? 'danger' : ''} disabled={isBusy}>
            {isBusy ? 'Working…' : label}
          </button>
        </div>
      </form>
    </dialog>
  );
}
