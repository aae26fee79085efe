/** The dashboard in the browser: begins here. */
import { render } from 'preact';
import { App } from './app.tsx';
import { LiveLink } from './live-link.ts';

const link = new LiveLink();
link.open();
render(<App link={link} />, document.getElementById('app')!);
