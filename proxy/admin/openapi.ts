/** The OpenAPI 3.1 document of the admin API, made of the table that the server is made of. */
import { z } from 'zod';
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { version } from '#shared/version.ts';
import { adminTable } from './admin-table.ts';
import { commonRefusals } from './operation.ts';
import type { Description } from './operation.ts';

type Json = Readonly<Record<string, unknown>>;

const refusalView = z.strictObject({
  code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  params: z.array(z.string()).describe('What is wrong with what was given, a line for each fault.'),
});
const readyView = z.strictObject({ status: z.enum(['ok', 'not-ready']), reasons: z.array(z.string()) });

export interface OpenApiDocument {
  readonly openapi: string;
  readonly [part: string]: unknown;
}

export function renderOpenApi(): OpenApiDocument {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, description] of Object.entries<Description>(adminTable)) {
    const path = (paths[description.path] ??= {});
    path[description.method.toLowerCase()] = operationOf(name, description);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mooring admin API',
      version,
      description:
        'Served on the admin port of each front door, with a bearer token, and on the Unix-domain socket in its data folder, without. Unknown fields are refused.',
    },
    servers: [{ url: 'http://127.0.0.1:1090' }],
    security: [{ token: [] }],
    paths: { ...openPaths(), ...paths },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'CT_ADMIN_TOKEN for everything, CT_ADMIN_READER_TOKEN for what only looks (x-role reader).',
        },
      },
      schemas: { Refusal: schemaOf(refusalView, 'output') },
    },
  };
}

/** Made when they are asked for: a front door that starts has no use for them. */
function openPaths(): Readonly<Record<string, Json>> {
  return {
    '/livez': {
      get: openOperation('livez', 'The process runs.', { 200: z.strictObject({ status: z.literal('ok') }) }),
    },
    '/readyz': {
      get: openOperation('readyz', 'The front door serves; 503 with the reasons where it does not.', {
        200: readyView,
        503: readyView,
      }),
    },
    '/metrics': {
      get: {
        operationId: 'exposition',
        summary:
          'Metrics in the text format of Prometheus; without a token for those whom the settings let in.',
        security: [{}, { token: [] }],
        responses: {
          200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...refusalsOf(['token-invalid']),
        },
      },
    },
  };
}

function openOperation(name: string, summary: string, answers: Readonly<Record<number, z.ZodType>>): Json {
  const responses = Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]),
  );
  return { operationId: name, summary, security: [], responses };
}

function operationOf(
  name: string,
  { method, role, summary, query, body, answer, refusals }: Description,
): Json {
  const codes = [...commonRefusals, ...(role === 'admin' ? (['role-missing'] as const) : []), ...refusals];
  const parameters = Object.entries(query.shape).map(([parameter, shape]) => ({
    name: parameter,
    in: 'query',
    required: !(shape as z.ZodType).safeParse(undefined).success,
    schema: schemaOf(shape as z.ZodType, 'input'),
  }));
  return {
    operationId: name,
    summary,
    'x-role': role,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(method === 'GET'
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(body, 'input') } },
          },
        }),
    responses: { 200: answerOf(answer), ...refusalsOf(codes) },
  };
}

function answerOf(answer: z.ZodType): Json {
  return { description: 'Done.', content: { 'application/json': { schema: schemaOf(answer, 'output') } } };
}

/** By status, with the codes that come with it. */
function refusalsOf(codes: readonly ErrorCode[]): Record<string, Json> {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorTable[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\`: ${errorTable[code].message}`).join(' '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
      },
    ]),
  );
}

function schemaOf(shape: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io });
  return schema;
}
