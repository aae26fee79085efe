/** `docs/admin-api.md` and `docs/openapi.json`: every operation of the front door's admin API. */
import { errorTable } from '#shared/errors.ts';
import type { z } from 'zod';
import { adminTable } from '../../proxy/admin/admin-table.ts';
import { renderOpenApi } from '../../proxy/admin/openapi.ts';
import type { Description } from '../../proxy/admin/operation.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Admin API

What every \`mooring\` command on a running pool is made of. It is on the admin port of each front door, with a token, and on
the Unix-domain socket \`admin.sock\` in its data folder, for its own user and without one:

\`\`\`sh
curl --unix-socket data/admin.sock http://admin/admin/edges
curl -H "Authorization: Bearer $(cat data/admin.secret)" http://127.0.0.1:1090/admin/edges
curl --unix-socket data/admin.sock -d '{"edge":"edge-2","weight":50}' http://admin/admin/weight
\`\`\`

Whoever has \`CT_ADMIN_READER_TOKEN\` (\`admin-reader.secret\`) may ask for what needs the role _reader_; the admin token and the socket are
for everything. Bodies and answers are JSON; a field or parameter that is not named here is refused. A refusal has \`code\`, \`message\`
and, where there is more to say, \`params\`. Every change that is asked for, done or refused, is in the journal (\`mooring audit\`), with the name
that the caller gives in the header \`mooring-actor\`. [openapi.json](openapi.json) describes the same for programs (OpenAPI 3.1);
front doors serve it at \`/admin/openapi.json\`.

\`/livez\` and \`/readyz\` are open to whoever reaches the port, \`/metrics\` to whom the settings let in.`;

export function renderAdminPage(): string {
  const operations = Object.values<Description>(adminTable);
  const overview = operations.map(({ method, path, role, summary }) => [method, code(path), role, summary]);
  return [
    intro,
    renderTable(['Method', 'Path', 'Role', 'What it does'], overview),
    ...operations.map(renderOperation),
  ].join('\n\n');
}

export function renderOpenApiFile(): string {
  return JSON.stringify(renderOpenApi());
}

function renderOperation({ method, path, query, body, refusals }: Description): string {
  const fields = [...rowsOf(query, 'query'), ...(method === 'GET' ? [] : rowsOf(body, 'body'))];
  const refused = refusals.map(
    (name) => `- ${errorTable[name].status} ${code(name)}: ${errorTable[name].message}`,
  );
  return [
    `## ${method} ${path}`,
    ...(fields.length === 0 ? [] : [renderTable(['Field', 'In', 'Needed', 'What it is'], fields)]),
    ...(refused.length === 0 ? [] : [`Refused:\n\n${refused.join('\n')}`]),
    ...(fields.length + refused.length === 0 ? ['Takes nothing.'] : []),
  ].join('\n\n');
}

function rowsOf(shape: z.ZodObject, place: string): string[][] {
  return Object.entries(shape.shape).map(([name, field]) => {
    const type = field as z.ZodType;
    return [code(name), place, type.safeParse(undefined).success ? 'no' : 'yes', descriptionOf(type)];
  });
}

/** Optional fields and those with a default have it further in. */
function descriptionOf(type: z.ZodType): string {
  if (type.description !== undefined) return type.description;
  const inner = (type as { readonly def?: { readonly innerType?: z.ZodType } }).def?.innerType;
  return inner === undefined ? '' : descriptionOf(inner);
}
