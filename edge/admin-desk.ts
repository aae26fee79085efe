/**
 * What administrators ask of this edge's sessions, through a front door: lists them, shows who is in one, ends one,
 * removes members. A front door has checked who asks; pass, owner and epoch were checked with the exchange.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '#shared/errors.ts';
import { adminTargets, membersListedMax, removalSchema, sessionsListedMax } from '#shared/session-views.ts';
import type { SessionSummary } from '#shared/session-views.ts';
import type { Adapter, AdmittedExchange } from './adapter.ts';
import { refuseRequest } from './refusal.ts';

const bodyMaxBytes = 4_096;

export class AdminDesk {
  readonly #adapters: readonly Adapter[];

  constructor(adapters: readonly Adapter[]) {
    this.#adapters = adapters;
  }

  claims(target: string): boolean {
    return Object.values(adminTargets).some((known) => known === target);
  }

  /** All sessions, which no key leads to: for whoever has shown the pass. */
  list(): { total: number; sessions: SessionSummary[] } {
    const all = this.#adapters.flatMap((adapter) =>
      adapter.listSessions().map(({ key, members, bytes }) => {
        return { key, adapter: adapter.name, members, outboxBytes: bytes };
      }),
    );
    const sessions = all.toSorted((a, b) => b.members - a.members).slice(0, sessionsListedMax);
    return { total: all.length, sessions };
  }

  /** Answers the request, errors included; never rejects. */
  async handle(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      const answer = await this.#answer(exchange, request);
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(answer));
    } catch (error) {
      request.resume();
      refuseRequest(response, toAppError(error).code, exchange.exchangeId);
    }
  }

  async #answer(exchange: AdmittedExchange, request: IncomingMessage): Promise<object> {
    const { key, target } = exchange;
    await Promise.all(this.#adapters.map(async (adapter) => await adapter.recall(exchange)));
    const holders = this.#adapters.filter((adapter) => adapter.describeMembers(key) !== undefined);
    if (holders.length === 0) throw new AppError('session-not-found');
    switch (target) {
      case adminTargets.show: {
        const members = holders.flatMap((adapter) => adapter.describeMembers(key) ?? []);
        return { total: members.length, members: members.slice(0, membersListedMax) };
      }
      case adminTargets.end:
        await Promise.all(holders.map(async (adapter) => await adapter.endSession(key)));
        return {};
      case adminTargets.remove: {
        const { member, isBanned } = await readRemoval(request);
        const holder = holders.find((adapter) =>
          adapter.describeMembers(key)?.some(({ id }) => id === member),
        );
        if (holder === undefined) throw new AppError('member-not-found');
        await holder.removeMember(key, member, isBanned);
        return {};
      }
      default:
        throw new AppError('not-found');
    }
  }
}

async function readRemoval(request: IncomingMessage): Promise<{ member: string; isBanned: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyMaxBytes) throw new AppError('body-too-large');
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new AppError('body-invalid', { cause });
  }
  const parsed = removalSchema.safeParse(value);
  if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
  return parsed.data;
}
