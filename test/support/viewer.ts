/** A person or script at the gate of the dashboard: keeps cookies as a browser does, and fills the form in. */
import assert from 'node:assert/strict';
import { ask } from './front-door.ts';
import type { Asked, FrontDoor } from './front-door.ts';

export const dashboardLogin = { CT_DASHBOARD_USER: 'ada', CT_DASHBOARD_PASSWORD: 'a password for tests' };

interface Sent {
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly body?: string;
}

export class Viewer {
  readonly cookies = new Map<string, string>();
  door: FrontDoor;

  constructor(door: FrontDoor) {
    this.door = door;
  }

  /** As a browser asks for a page, but for what `headers` say. */
  async ask(path: string, { headers, ...sent }: Sent = {}): Promise<Asked> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const usual = { accept: 'text/html', 'user-agent': 'Mozilla/5.0', ...(cookie === '' ? {} : { cookie }) };
    const answer = await ask(this.door, path, { ...sent, headers: { ...usual, ...headers } });
    for (const field of answer.headers['set-cookie'] ?? []) this.#keep(field);
    return answer;
  }

  /** Opens the form, fills it in and sends it. */
  async logIn(user: string, password: string, next = '/dashboard/'): Promise<Asked> {
    const form = await this.ask(`/dashboard/login?next=${encodeURIComponent(next)}`);
    return await this.post('/dashboard/login', { csrf: tokenIn(form.text), next, user, password });
  }

  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Asked> {
    const type = { 'content-type': 'application/x-www-form-urlencoded', origin: `http://${this.door.host}` };
    const body = new URLSearchParams(fields).toString();
    return await this.ask(path, { method: 'POST', body, headers: { ...type, ...headers } });
  }

  #keep(field: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
    if (/Max-Age=0(;|$)/.test(field)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** Of a form. */
export function tokenIn(page: string): string {
  const [, token] = /name="csrf" value="([^"]+)"/.exec(page) ?? [];
  assert.ok(token !== undefined, `the page has a token: ${page}`);
  return token;
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
