/** The page that clients open in a browser for a login: the provider's form, posted with the poll token of the URL. */
import type { Banner } from '#shared/banner.ts';
import type { LoginProvider } from '../login/providers.ts';
import { renderBanner } from './banner.ts';
import { renderPage } from './page.ts';

const forms: Record<LoginProvider['name'], string> = {
  simple: `<form data-endpoint="/api/login/simple"><h2>Your name</h2>
    <label for="user">Name that others see</label><input id="user" name="user" required maxlength="128" autocomplete="name">
    <label for="email">Email (optional)</label><input id="email" name="email" type="email" autocomplete="email">
    <button>Continue</button></form>`,
  apikey: `<form data-endpoint="/api/login/apikey"><h2>API key</h2>
    <label for="apiKey">Key of this server</label><input id="apiKey" name="apiKey" type="password" required autocomplete="off">
    <button>Continue</button></form>`,
  guest: `<form data-endpoint="/api/login/guest"><h2>Guest</h2>
    <label for="guest">Name that you were given</label><input id="guest" name="user" required maxlength="128" autocomplete="username">
    <label for="password">Password</label><input id="password" name="password" type="password" required maxlength="1024" autocomplete="current-password">
    <button>Continue</button></form>`,
};

const signOn = '<p><a data-endpoint="/api/login/sso" href="">Log in with single sign-on</a></p>';

/** The endpoints stand beside this page, also under a `/~KEY/` prefix. */
const script = `
  const base = location.pathname.replace(/\\/login\\.html$/, '');
  const token = new URLSearchParams(location.search).get('token');
  const say = (text) => { document.getElementById('outcome').textContent = text; };
  for (const link of document.querySelectorAll('a[data-endpoint]'))
    link.href = base + link.dataset.endpoint + '?token=' + encodeURIComponent(token);
  for (const form of document.forms) form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));
      const answer = await fetch(base + form.dataset.endpoint, { method: 'POST',
        headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...fields, token }) });
      if (!answer.ok) return say((await answer.json()).message);
      document.getElementById('forms').hidden = true;
      say('You are logged in. Go back to your editor.');
    } catch { say('The server cannot be reached. Try again.'); }
  });`;

export function loginPage(
  providers: readonly LoginProvider[],
  hasSignOn: boolean,
  banner: Banner | undefined,
): string {
  const body = `${renderBanner(banner)}<h1>Log in</h1><p class="soft">Your editor is waiting for this.</p>
    <div class="card" id="forms">${hasSignOn ? signOn : ''}${providers.map((provider) => forms[provider.name]).join('')}</div>
    <p id="outcome" role="status"></p><script>${script}</script>`;
  return renderPage('Log in', body);
}
