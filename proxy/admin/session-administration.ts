/**
 * Administrators' questions about sessions, carried to the edge that owns each, over the port that front doors
 * reach anyway. Every look and every act is one line in the log.
 */
import type { z } from 'zod';
import { AppError, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Log } from '#shared/log.ts';
import { adminTargets, membersSchema, summariesSchema } from '#shared/session-views.ts';
import type { MemberView, SessionSummary } from '#shared/session-views.ts';
import type { Directory, Pin } from '../directory/directory.ts';
import type { EdgeCalls } from '../edge-calls.ts';
import type { EdgePool } from '../membership/pool.ts';

interface AdministrationOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly calls: EdgeCalls;
  readonly secrets: FleetSecrets;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface EdgeSessions {
  readonly edge: string;
  readonly total: number;
  readonly sessions: readonly SessionSummary[];
}

/** An edge that does not answer by then is left out of a list. */
const answerMaxMs = 3_000;
const answerMaxBytes = 4_194_304;

export class SessionAdministration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** Sessions by edge, of one where it is given; `silent` names the edges that did not answer. Throws `edge-unknown`. */
  async list(only?: EdgeId): Promise<{ edges: EdgeSessions[]; silent: string[] }> {
    const { pool, log, secrets, nowMs } = this.#options;
    log.info('sessions.listed');
    const silent: string[] = [];
    const edges = pool.list(nowMs()).filter(({ kind }) => kind === 'edge');
    const members = only === undefined ? edges : edges.filter(({ id }) => id === only);
    if (only !== undefined && members.length === 0) throw new AppError('edge-unknown');
    const answers = await Promise.all(
      members.map(async ({ id, address }) => {
        try {
          const headers = { [internalHeaders.pass]: secrets.pass };
          return {
            edge: id,
            ...(await this.#ask({ address, target: adminTargets.list, headers }, summariesSchema)),
          };
        } catch (error) {
          log.warn('exchange.failed', { edge: id, error });
          silent.push(id);
          return undefined;
        }
      }),
    );
    return { edges: answers.filter((answer) => answer !== undefined), silent };
  }

  /** Throws `session-not-found`. */
  async show(key: AffinityKey): Promise<{ edge: string; total: number; members: MemberView[] }> {
    const pin = await this.#find(key);
    const answer = await this.#ask({ target: adminTargets.show, ...this.#to(pin) }, membersSchema);
    this.#options.log.info('sessions.listed', this.#facts(pin));
    return { edge: pin.owner.id, ...answer };
  }

  /** Throws `session-not-found`. */
  async end(key: AffinityKey): Promise<{ edge: string }> {
    const pin = await this.#find(key);
    await this.#act({ target: adminTargets.end, ...this.#to(pin) });
    this.#options.log.info('session.terminated', this.#facts(pin));
    return { edge: pin.owner.id };
  }

  /** Throws `session-not-found`, `member-not-found` or `ban-refused`. */
  async remove(key: AffinityKey, member: string, isBanned: boolean): Promise<{ edge: string }> {
    const pin = await this.#find(key);
    const name = await this.#nameOf(pin, member);
    const body = JSON.stringify({ member, isBanned });
    await this.#act({ target: adminTargets.remove, ...this.#to(pin), body });
    const audit = { key, subject: name ?? member };
    this.#options.log.info('member.removed', { ...this.#facts(pin), member, isBanned, audit });
    return { edge: pin.owner.id };
  }

  /** For whoever reads the journal later; who is gone by then is removed all the same. */
  async #nameOf(pin: Pin, member: string): Promise<string | undefined> {
    try {
      const { members } = await this.#ask({ target: adminTargets.show, ...this.#to(pin) }, membersSchema);
      return members.find(({ id }) => id === member)?.name;
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async #find(key: AffinityKey): Promise<Pin> {
    const pin = await this.#options.directory.findPin(key);
    const owner = pin === undefined ? undefined : this.#options.pool.find(pin.owner);
    if (pin === undefined || owner?.kind === 'static') throw new AppError('session-not-found');
    if (pin.ownerIsOver) throw new AppError('upstream-refused');
    return pin;
  }

  #to({ key, owner, epoch, address }: Pin): Pick<Question, 'address' | 'headers'> {
    return {
      address,
      headers: {
        [internalHeaders.pass]: this.#options.secrets.pass,
        [internalHeaders.key]: key,
        [internalHeaders.epoch]: String(epoch),
        [internalHeaders.owner]: formatOwner(owner.id, owner.incarnation),
        [internalHeaders.exchange]: `admin-${epoch}`,
      },
    };
  }

  async #ask<T>(question: Question, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await call(this.#options.calls, 'GET', question));
    if (!parsed.success) throw new AppError('upstream-broken', { cause: parsed.error });
    return parsed.data;
  }

  async #act(question: Question): Promise<void> {
    await call(this.#options.calls, 'POST', question);
  }

  #facts({ key, owner, epoch }: Pin): Record<string, unknown> {
    return { key: hashKeyForLog(this.#options.secrets, key), edge: owner.id, epoch };
  }
}

interface Question {
  readonly address: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Throws the edge's own code where it refuses. */
async function call(
  calls: EdgeCalls,
  method: 'GET' | 'POST',
  { address, target, headers, body }: Question,
): Promise<unknown> {
  const signal = AbortSignal.timeout(answerMaxMs);
  let status: number;
  let value: unknown;
  try {
    const answer = await calls.request(address, target, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    status = answer.statusCode;
    value = JSON.parse(await readText(answer.body));
  } catch (cause) {
    throw new AppError(signal.aborted ? 'upstream-timeout' : 'upstream-refused', { cause });
  }
  if (status === 200) return value;
  const { code } = value as { readonly code?: string };
  throw new AppError(
    code !== undefined && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'upstream-broken',
  );
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > answerMaxBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
