/** The chat: what was said since one came, and the line to say something. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Session } from '../session/session.ts';
import type { SessionView } from '../session/session-view.ts';

export function ChatPanel({ session, view }: { session: Session; view: SessionView }): JSX.Element {
  const { chat, members, writing, self } = view;
  const [text, setText] = useState('');
  const panel = useRef<HTMLElement>(null);
  const lines = useRef<HTMLDivElement>(null);
  useEffect(() => lines.current?.scrollTo({ top: lines.current.scrollHeight }), [chat.length]);
  useEffect(() => {
    let isInView = false;
    // What comes while another tab is looked at is news, too: the title counts it.
    const tell = (): void => session.chat.show(isInView && document.visibilityState === 'visible');
    const watch = new IntersectionObserver((changes) => {
      isInView = changes.at(-1)!.isIntersecting;
      tell();
    });
    watch.observe(panel.current!);
    document.addEventListener('visibilitychange', tell);
    return () => {
      watch.disconnect();
      document.removeEventListener('visibilitychange', tell);
    };
  }, [session]);
  const names = members.filter(({ id }) => writing.includes(id)).map(({ name }) => name);
  return (
    <section class="chat" aria-labelledby="chat-title" ref={panel}>
      <h2 id="chat-title">Chat</h2>
      <div class="lines" ref={lines} role="log" aria-label="Messages" tabIndex={0}>
        <ol class="plain">
          {chat.map(({ id, from, name, text, isDirect }) => (
            <li key={id}>
              <strong>{from === self?.id ? 'You' : name}</strong>
              {isDirect ? <span class="soft"> to you alone</span> : null} <span class="said">{text}</span>
            </li>
          ))}
        </ol>
      </div>
      <p class="soft writing">{names.length === 0 ? ' ' : `${names.join(', ')} …`}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          session.chat.say(text);
          setText('');
        }}
      >
        <input
          aria-label="Message to everybody"
          placeholder="Message"
          autocomplete="off"
          maxLength={10_000}
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            session.chat.noteTyping();
          }}
        />
        <button>Send</button>
      </form>
    </section>
  );
}
