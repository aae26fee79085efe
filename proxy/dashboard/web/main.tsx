/** The dashboard in the browser: begins here. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './main.css';
import { App } from './app.tsx';
import { LiveLink } from './live-link.ts';

const link = new LiveLink();
link.open();
render(<App link={link} />, document.getElementById('app')!);
