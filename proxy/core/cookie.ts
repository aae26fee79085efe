/** Cookies of the front door's own: what a browser sent, and what it is to keep. */
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

interface CookieAttributes {
  readonly path: string;
  readonly maxAgeSeconds: number;
  readonly secure: boolean;
  readonly sameSite?: 'Strict' | 'Lax';
}

/** The whole field `Set-Cookie`. */
export function formatCookie(
  name: string,
  value: string,
  { path, maxAgeSeconds, secure, sameSite = 'Strict' }: CookieAttributes,
): string {
  const parts = [
    `${name}=${value}`,
    `Path=${path}`,
    `Max-Age=${maxAgeSeconds}`,
    'HttpOnly',
    `SameSite=${sameSite}`,
  ];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}

/** Undefined where there is none. */
export function readCookie(headers: HeaderList, name: string): string | undefined {
  const pairs = headerValues(headers, 'cookie').flatMap((line) => line.split(';'));
  const pair = pairs.map((text) => text.trim()).find((text) => text.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}
