/** The frame of all pages: who is logged in, where one can go, whether what is shown is live. The part behind `#` is the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { LiveLink, LiveView } from './live-link.ts';
import { describeRefusal, loadViewer } from './operations.ts';
import type { Viewer } from './operations.ts';
import type { PageProps } from './page-props.ts';
import { Notices, useNotices } from './notices.tsx';
import { ActivityPage } from './pages/activity-page.tsx';
import { FilesPage } from './pages/files-page.tsx';
import { MapPage } from './pages/map-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { RegionsPage } from './pages/regions-page.tsx';
import { SessionsPage } from './pages/sessions-page.tsx';
import { SettingsPage } from './pages/settings-page.tsx';
import { UsagePage } from './pages/usage-page.tsx';

const pages: Readonly<Record<string, { title: string; show: (props: PageProps) => JSX.Element }>> = {
  main: { title: 'Overview', show: OverviewPage },
  map: { title: 'Map', show: MapPage },
  sessions: { title: 'Sessions', show: SessionsPage },
  usage: { title: 'Usage', show: UsagePage },
  activity: { title: 'Activity', show: ActivityPage },
  regions: { title: 'Regions', show: RegionsPage },
  settings: { title: 'Settings', show: SettingsPage },
  files: { title: 'Downloads', show: FilesPage },
};

export function App({ link }: { link: LiveLink }): JSX.Element {
  const [live, setLive] = useState(link.view);
  useEffect(() => link.subscribe(setLive), [link]);
  const { viewer, fault } = useViewer();
  const [name, rest] = usePlace();
  const { notices, tell } = useNotices();
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${pages[name]!.title} – Mooring dashboard`;
    // Whoever hears the page is told that it is another one; the first one tells itself.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [name]);
  const Page = pages[name]!.show;
  return (
    <>
      <Header live={live} viewer={viewer} name={name} skip={() => heading.current?.focus()} />
      <main id="content">
        <h1 ref={heading} tabIndex={-1}>
          {pages[name]!.title}
        </h1>
        <BannerNotice live={live} />
        <LinkNotice live={live} />
        {fault === undefined ? null : (
          <p class="notice fault" role="alert">
            {fault}
          </p>
        )}
        {viewer === undefined ? null : <Page live={live} viewer={viewer} rest={rest} tell={tell} />}
      </main>
      <Notices notices={notices} />
    </>
  );
}

interface HeaderProps {
  readonly live: LiveView;
  readonly viewer: Viewer | undefined;
  readonly name: string;
  readonly skip: () => void;
}

function Header({ live, viewer, name, skip }: HeaderProps): JSX.Element {
  return (
    <header>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          skip();
        }}
      >
        Skip to content
      </a>
      <div class="top">
        <span class="brand">Mooring</span>
        <LinkBadge live={live} />
        {viewer === undefined ? null : (
          <form method="post" action="/dashboard/logout" class="viewer">
            <input type="hidden" name="csrf" value={viewer.csrf} />
            <span>
              {viewer.name}
              {viewer.role === 'reader' ? ' (may look only)' : ''}
            </span>
            <button class="small quiet">Log out</button>
          </form>
        )}
      </div>
      <nav aria-label="Pages">
        <ul>
          {Object.entries(pages).map(([path, { title }]) => (
            <li key={path}>
              <a href={`#/${path}`} aria-current={path === name ? 'page' : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

const badges = { connecting: 'Connecting', live: 'Live', lost: 'Not live', out: 'Logged out' } as const;

function LinkBadge({ live }: { live: LiveView }): JSX.Element {
  return (
    <span class={`badge link-${live.state}`} role="status">
      {badges[live.state]}
    </span>
  );
}

function LinkNotice({ live }: { live: LiveView }): JSX.Element | null {
  if (live.state === 'out')
    return (
      <p class="notice fault">
        Your login is over. <a href="/dashboard/login">Log in again</a>
      </p>
    );
  if (live.state !== 'lost' || live.heardAtMs === 0) return null;
  const since = new Date(live.heardAtMs).toLocaleTimeString();
  return <p class="notice warn">Not live: figures are those of {since}. Connecting again…</p>;
}

/** What everybody is told, as on the other pages of the pool. */
function BannerNotice({ live: { picture } }: { live: LiveView }): JSX.Element | null {
  const { text = '', level = 'info' } = picture?.banner ?? {};
  if (text === '') return null;
  return level === 'warning' ? (
    <p class="notice warn" role="alert">
      <strong>Warning:</strong> {text}
    </p>
  ) : (
    <p class="notice" role="status">
      {text}
    </p>
  );
}

function useViewer(): { viewer: Viewer | undefined; fault: string | undefined } {
  const [viewer, setViewer] = useState<Viewer>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    loadViewer().then(setViewer, (error: unknown) => setFault(describeRefusal(error)));
  }, []);
  return { viewer, fault };
}

/** The page, and what is behind it in the address. */
function usePlace(): [string, string] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const [, name = '', rest = ''] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash) ?? [];
  return Object.hasOwn(pages, name) ? [name, decode(rest)] : ['main', ''];
}

/** What nobody has encoded stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
