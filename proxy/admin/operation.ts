/**
 * What describes an operation of the front door's admin API, and how a table of descriptions and the handlers to it
 * become what the admin server serves: what is asked is checked, unknown fields are refused, changes are audited.
 */
import { z } from 'zod';
import type { AdminCaller, AdminMethod, AdminOperation, AdminRole } from '#shared/admin-operation.ts';
import { AppError, toAppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';

/** Shapes are strict: what they do not name is refused. */
export interface Description {
  readonly method: AdminMethod;
  readonly path: string;
  readonly role: AdminRole;
  /** One sentence. */
  readonly summary: string;
  readonly query: z.ZodObject;
  /** Of nothing with GET. */
  readonly body: z.ZodObject;
  readonly answer: z.ZodType;
  /** Beside those that any operation may meet (`commonRefusals`). */
  readonly refusals: readonly ErrorCode[];
}

export type Table = Readonly<Record<string, Description>>;

/** For the audit: what it was about, how that was and how it is. */
export interface Change {
  readonly subject?: string;
  readonly key?: AffinityKey;
  readonly before?: string;
  readonly after?: string;
}

export interface Given<D extends Description> {
  readonly query: z.output<D['query']>;
  readonly body: z.output<D['body']>;
  readonly caller: AdminCaller;
  /** To be called with what is about to change, and again where more is known of it. */
  readonly note: (change: Change) => void;
}

type Answered<T> = T extends readonly (infer Item)[]
  ? readonly Answered<Item>[]
  : T extends object
    ? { readonly [N in keyof T]: Answered<T[N]> }
    : T;

export type Handlers<T extends Table, Names extends keyof T = keyof T> = {
  readonly [N in Names]: (
    given: Given<T[N]>,
  ) => Answered<z.input<T[N]['answer']>> | Promise<Answered<z.input<T[N]['answer']>>>;
};

/** One thing that was asked for: `code` is that of the refusal, where it was one. */
export interface Act {
  readonly operation: string;
  readonly caller: AdminCaller;
  readonly change: Change;
  readonly code: ErrorCode | undefined;
}

export const nothing = z.strictObject({});

export const commonRefusals: readonly ErrorCode[] = ['token-invalid', 'internal'];

interface Tellers {
  /** Of every operation that is no GET, done or refused. */
  readonly audit: (act: Act) => void;
  /** Of every one that failed by a fault of ours. */
  readonly fault: (operation: string, error: unknown) => void;
}

/** The operations of a table, each with its handler. */
export function joinOperations<T extends Table>(
  table: T,
  handlers: Handlers<T>,
  { audit, fault }: Tellers,
): readonly AdminOperation[] {
  return Object.entries(table).map(([name, description]) => {
    const { method, path, role } = description;
    const handler = handlers[name as keyof T] as (given: Given<Description>) => unknown;
    return {
      method,
      path,
      role,
      handle: async ({ query, body, caller }) => {
        let change: Change = {};
        const tell = (code: ErrorCode | undefined): void => {
          if (method !== 'GET') audit({ operation: name, caller, change, code });
        };
        try {
          const answer = await handler({
            query: readQuery(description.query, query),
            body: method === 'GET' ? {} : readBody(description.body, body),
            caller,
            note: (more) => (change = { ...change, ...more }),
          });
          tell(undefined);
          return answer;
        } catch (error) {
          const failed = toAppError(error);
          tell(failed.code);
          if (failed.code === 'internal') fault(name, failed.cause ?? failed);
          throw failed;
        }
      },
    };
  });
}

function readBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AppError('body-invalid', { params: faultsOf(parsed.error) });
  return parsed.data;
}

/** Figures are written in digits; a name that stands twice is refused, for nobody knows which one is meant. */
function readQuery<S extends z.ZodObject>(schema: S, query: URLSearchParams): z.output<S> {
  const given: Record<string, string | number> = {};
  for (const [name, text] of query) {
    if (Object.hasOwn(given, name))
      throw new AppError('query-invalid', { params: [`${name}: stands twice`] });
    const field = Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined;
    const isFigure = field !== undefined && !field.safeParse(text).success && /^\d{1,15}$/.test(text);
    given[name] = isFigure ? Number(text) : text;
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new AppError('query-invalid', { params: faultsOf(parsed.error) });
  return parsed.data;
}

function faultsOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
  );
}
