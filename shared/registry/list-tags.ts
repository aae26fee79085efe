/**
 * The tags of a repository by the API of Docker Registry v2 (OCI Distribution 1.1, "Listing Tags"), page by page, as whoever it
 * takes: nobody, a user (Basic), or the bearer of a token that its authority gives for that (Bearer).
 */
import { fetch } from 'undici';
import type { Dispatcher, Response } from 'undici';
import { z } from 'zod';
import type { ImageName } from './image-name.ts';
import type { RegistryLogin } from './registry-login.ts';

type Get = (url: URL, authorization: string) => Promise<Response>;

const answerMaxMs = 10_000;
/** All pages together: less than a dashboard waits for its front door (`answerMaxMs` of `operations.ts`), which is to say why. */
const listMaxMs = 25_000;
const answerMaxBytes = 4_194_304;
/** Of a thousand tags each, unless the registry gives fewer. */
const pagesMax = 500;
/** Nobody looks for one among more. */
const tagsMax = 100_000;

const pageSchema = z.object({ tags: z.array(z.string().max(128)).nullish() });
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** In the registry's order. Throws a line for people. */
export async function listTags(
  image: ImageName,
  login: RegistryLogin | undefined,
  outbound: Dispatcher,
): Promise<string[]> {
  const deadline = AbortSignal.timeout(listMaxMs);
  const get: Get = async (url, authorization) => await ask(url, authorization, { outbound, deadline });
  const tags: string[] = [];
  let url: URL | undefined = new URL(`/v2/${image.repository}/tags/list?n=1000`, image.origin);
  let authorization = '';
  for (let page = 0; url !== undefined && page < pagesMax; page++) {
    let answer = await get(url, authorization);
    if (answer.status === 401) {
      authorization = await authorize(answer.headers.get('www-authenticate') ?? '', image, { login, get });
      answer = await get(url, authorization);
    }
    if (answer.status !== 200) throw new Error(refusal(answer.status, image, login));
    const given = pageSchema.parse(await readJson(answer, image)).tags ?? [];
    if (tags.length + given.length > tagsMax) throw new Error(`${image.host} has more than ${tagsMax} tags`);
    for (const tag of given) tags.push(tag);
    url = nextOf(answer, url, image);
  }
  if (url !== undefined) throw new Error(`${image.host} has more than ${pagesMax} pages of tags`);
  return tags;
}

async function ask(
  url: URL,
  authorization: string,
  { outbound: dispatcher, deadline }: { outbound: Dispatcher; deadline: AbortSignal },
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (authorization !== '') headers['authorization'] = authorization;
  try {
    // An address elsewhere must not get what is meant for this one.
    const signal = AbortSignal.any([AbortSignal.timeout(answerMaxMs), deadline]);
    return await fetch(url, { headers, redirect: 'error', dispatcher, signal });
  } catch (cause) {
    const reason = (cause as Error).cause ?? cause;
    throw new Error(`${url.host} does not answer: ${(reason as Error).message}`, { cause });
  }
}

/** RFC 7235 section 4.1; the parameters of Bearer as the Docker token specification has them. */
async function authorize(
  challenge: string,
  image: ImageName,
  { login, get }: { login: RegistryLogin | undefined; get: Get },
): Promise<string> {
  const basic =
    login === undefined ? '' : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  if (/^Basic\b/i.test(challenge)) {
    if (basic === '') throw new Error(refusal(401, image, login));
    return basic;
  }
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!.toLowerCase(), value!]),
  );
  if (!/^Bearer\b/i.test(challenge) || fields['realm'] === undefined)
    throw new Error(`${image.host} asks for a login of a kind that is not known: ${challenge.slice(0, 100)}`);
  const realm = new URL(fields['realm'], image.origin);
  if (realm.protocol !== 'https:' && image.origin.startsWith('https:'))
    throw new Error(`${image.host} wants the login sent in plain text to ${realm.host}; refused`);
  if (fields['service'] !== undefined) realm.searchParams.set('service', fields['service']);
  realm.searchParams.set('scope', fields['scope'] ?? `repository:${image.repository}:pull`);
  const answer = await get(realm, basic);
  if (answer.status !== 200) throw new Error(refusal(answer.status, image, login));
  const { token, access_token: accessToken } = tokenSchema.parse(await readJson(answer, image));
  const found = token ?? accessToken;
  if (found === undefined) throw new Error(`${realm.host} gives no token`);
  return `Bearer ${found}`;
}

function refusal(status: number, { host, repository }: ImageName, login: RegistryLogin | undefined): string {
  if (status === 401 || status === 403) {
    if (login !== undefined) return `${host} does not let ${login.user} read ${repository}`;
    return `${host} lets nobody read ${repository} without a login: set CT_REGISTRY_USER and CT_REGISTRY_PASSWORD, or docker login`;
  }
  return status === 404 ? `${host} has no ${repository}` : `${host} answers ${status}`;
}

async function readJson(answer: Response, { host }: ImageName): Promise<unknown> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of answer.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (text.length > answerMaxBytes) throw new Error(`${host} answers without end`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${host} answers what is no JSON; is there a registry?`, { cause });
  }
}

/** RFC 8288; of this registry alone. */
function nextOf(answer: Response, url: URL, { host, origin }: ImageName): URL | undefined {
  const [, target] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.headers.get('link') ?? '') ?? [];
  if (target === undefined) return undefined;
  const next = new URL(target, url);
  if (next.origin !== new URL(origin).origin) throw new Error(`${host} sends on to ${next.host}; refused`);
  return next;
}
