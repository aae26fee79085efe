/** The files of what happened and how the pool was used: their fields in their order, which `docs/log-files.md` is made of. */

interface Field {
  readonly help: string;
  readonly unit: string;
  readonly example: string | number;
}

export interface FileFormat {
  readonly file: string;
  /** `words`: a time, then NAME=VALUE, fields without a value left out. `csv`: a first line with the names. */
  readonly form: 'words' | 'csv';
  readonly summary: string;
  /** Which front door writes a line. */
  readonly writer: string;
  readonly fields: Readonly<Record<string, Field>>;
}

const time = {
  help: 'When it happened, in `CT_TIME_ZONE`.',
  unit: 'RFC 3339',
  example: '2026-11-28T20:15:00.000Z',
};
const client = { unit: 'text', example: 'Visual Studio Code' };
const version = { unit: 'text', example: '0.3.1' };
const session = {
  help: 'Hash of the session key, as the log and `mooring audit` have it.',
  unit: '16 hex digits',
  example: '3f9a1c04be7d2e11',
};
const reason = { help: 'Why it ended.', unit: 'word', example: 'host-left' };

export const fileFormats = {
  sessions: {
    file: 'sessions.log',
    form: 'words',
    summary:
      'Who was in which session: a line for each that was created, went on elsewhere or ended, and for each participant who joined or left. It names people.',
    writer: 'The front door that stored the entry in the journal first: each line once in the pool.',
    fields: {
      time,
      event: { help: 'As in `mooring audit`.', unit: 'word', example: 'member.joined' },
      session,
      edge: { help: 'Which told it: an edge, or `front:HOST`.', unit: 'name', example: 'edge-2' },
      participant: {
        help: 'Name of the member; members of y-websocket have none.',
        unit: 'text',
        example: 'Ann',
      },
      client: {
        ...client,
        help: 'What the client says that it is.',
        example: 'OCT_CODE_Visual_Studio Code@0.3.1',
      },
      detail: { help: 'Role of who joined, document, or why it ended.', unit: 'text', example: 'host' },
    },
  },
  usage: {
    file: 'usage.log',
    form: 'words',
    summary: 'How much the whole pool is used: a line every five minutes, and one when the front door ends.',
    writer: 'Each front door; of several under one supervisor the first.',
    fields: {
      time,
      users_online: {
        help: 'Different people who are connected.',
        unit: 'people',
        example: 23,
      },
      users_in_sessions: {
        help: 'Members of sessions; somebody in two sessions counts twice.',
        unit: 'members',
        example: 25,
      },
      sessions: { help: 'Sessions that run.', unit: 'sessions', example: 9 },
      connections: { help: 'Session connections.', unit: 'connections', example: 25 },
      peak_connections: { help: 'Most at once since the line before.', unit: 'connections', example: 31 },
      lag_ms: { help: 'How late event loops are, on average over all edges.', unit: 'ms', example: 0.7 },
    },
  },
  sessionMetrics: {
    file: 'session-metrics.csv',
    form: 'csv',
    summary: 'A line for each session that has ended.',
    writer: 'The front door that stored its end: each line once in the pool.',
    fields: {
      begun: { ...time, help: 'When it began, in `CT_TIME_ZONE`.' },
      ended: { ...time, help: 'When it ended, in `CT_TIME_ZONE`.', example: '2026-11-28T21:45:12.310Z' },
      length_seconds: { help: 'How long it was.', unit: 's', example: 5_412.3 },
      participants: {
        help: 'People who took part, each once; of members without a login the most at once.',
        unit: 'people',
        example: 4,
      },
      host_client: { ...client, help: 'Client of who began it, or `unidentified`.' },
      host_version: { ...version, help: 'Its version, as far as it says one.' },
      reason,
      edge: { help: 'On which it ended.', unit: 'name', example: 'edge-2' },
      session,
    },
  },
  downloadMetrics: {
    file: 'download-metrics.csv',
    form: 'csv',
    summary:
      'A line for each client that was downloaded to its end, also in parts, which are one; not for HEAD, nor for who looked at the end of a file alone.',
    writer: 'The front door that served it.',
    fields: {
      time,
      client: { ...client, help: 'Which client it is for.', example: 'vscode' },
      version: {
        ...version,
        help: 'Of the file, by its name; a file without one is no client.',
        example: '5.0.1',
      },
      file: {
        help: 'Path below the folder of downloads.',
        unit: 'path',
        example: 'vscode/mooring-5.0.1.vsix',
      },
      bytes: { help: 'Size of the file.', unit: 'bytes', example: 1_843_200 },
      address: { help: 'Who asked.', unit: 'IP address', example: '192.0.2.7' },
    },
  },
} as const satisfies Record<string, FileFormat>;

export type FileName = keyof typeof fileFormats;

export type Fields<N extends FileName> = {
  readonly [F in keyof (typeof fileFormats)[N]['fields']]: string | number;
};
