/** The session page in the browser: begins here. */
import { initializeProtocol } from 'open-collaboration-protocol';
import { render } from 'preact';
import { App } from './view/app.tsx';

if (globalThis.isSecureContext) initializeProtocol({ cryptoModule: globalThis.crypto });
render(<App />, document.getElementById('app')!);
