/** Heads of answers as HTTP/2 has them: flat lists, the status first, no field that speaks of a connection (RFC 9113 section 8.2.2). */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { HeaderList } from '../core/header-list.ts';
import type { HeadEdit } from '../core/header-rules.ts';
import { permittedTrailers } from '../core/trailer-rules.ts';
import { lengthOf } from '../wire/answer-body.ts';
import type { AnswerBody } from '../wire/answer-body.ts';

/** What node:http2 refuses to send, besides the hop-by-hop fields that are taken out for every client. */
const refusedFields: ReadonlySet<string> = new Set(['http2-settings', 'connection', 'sec-websocket-accept']);

/** An edge's answer after its edit. */
export function editedFields(status: number, headers: HeaderList, edit: HeadEdit): string[] {
  const fields = [':status', String(status)];
  let next = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (edit.dropped[next] === i / 2) {
      next++;
      continue;
    }
    if (!refusedFields.has(headers[i]!)) fields.push(headers[i]!, headers[i + 1]!);
  }
  return fields.concat(fieldsOf(edit.added));
}

/** An answer of our own. */
export function formatAnswerFields(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: AnswerBody,
): string[] {
  const fields = [':status', String(status)];
  for (const [name, value] of Object.entries(headers)) if (name !== 'connection') fields.push(name, value);
  const bytes = lengthOf(status, body);
  return bytes === undefined ? fields : [...fields, 'content-length', String(bytes)];
}

function fieldsOf(lines: string): string[] {
  if (lines === '') return [];
  const fields: string[] = [];
  for (const line of lines.slice(0, -2).split('\r\n')) {
    const colon = line.indexOf(':');
    fields.push(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** An interim answer, which carries no key and sets no cookie. */
export function interimFields(status: number, headers: HeaderList, edit: HeadEdit): OutgoingHttpHeaders {
  const fields = editedFields(status, headers, { dropped: edit.dropped, added: '' });
  return { ...gather(fields.slice(2)), [fields[0]!]: status };
}

/** Trailers as an edge sent them, without those that may be none. */
export function trailerFields(lines: string): OutgoingHttpHeaders {
  return gather(permittedTrailers(fieldsOf(lines)));
}

/** As node:http2 takes them where it takes no list. */
function gather(fields: HeaderList): OutgoingHttpHeaders {
  const gathered: Record<string, string[]> = {};
  for (let i = 0; i < fields.length; i += 2) (gathered[fields[i]!] ??= []).push(fields[i + 1]!);
  return gathered;
}
