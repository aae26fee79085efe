/** The command line: commands, flags made from the settings schema, help with examples. */
import { Command, Option } from 'commander';
import { flagOf, settingNames } from '#shared/settings/load.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import type { Role, Setting } from '#shared/settings/schema.ts';
import { plansRestart } from '#shared/settings/service-settings.ts';
import { version } from '#shared/version.ts';
import { checkSettings } from './check.ts';
import { addDbCommands } from './db-commands.ts';
import { showEdges, showPins, showStatus, showWhere } from './inspect.ts';
import { showAudit } from './journal.ts';
import { addServiceCommands } from './service-commands.ts';
import { addShareCommands } from './share-commands.ts';
import { addLicenceCommands } from './licence.ts';
import { addPoolSettingCommands } from './pool-setting-commands.ts';
import { addSteerCommands } from './steer-commands.ts';
import { drainEdge, moveSession, undrainEdge } from './move.ts';
import { isSupervised, readSettings, sourceOf } from './read-settings.ts';
import { regions, regionsHelp } from './regions.ts';
import { endSession, removeMember, showSessions } from './sessions.ts';
import { versions, versionsHelp } from './versions.ts';
import { addUsageCommand } from './usage.ts';
import { verify, verifyHelp } from './verify.ts';

const placeSettings = [
  'CT_DATA_DIR',
  'CT_LOCATOR_CONFIG',
  'CT_DB_SSL_CA',
  'CT_DB_SSL_CERT',
  'CT_DB_SSL_KEY',
  'CT_SETTINGS_FILE',
] as const;

const registrySettingNames = ['CT_REGISTRY_IMAGE', 'CT_REGISTRY_USER', 'CT_REGISTRY_PASSWORD'] as const;

type Flags = Record<string, string | string[] | undefined>;

const program = new Command('mooring')
  .description('Sticky-session front door and edge pool for collaborative coding sessions.')
  .version(version)
  .showHelpAfterError('(mooring --help lists the commands; -- stands before a KEY that begins with a hyphen)')
  .addHelpText(
    'after',
    `
Examples:
  mooring direct                              front door, three edges and directory on this machine
  mooring direct --http-port 8080 --edges 5
  mooring proxy --backend a=http://10.0.0.1:3000 --backend "b=http://10.0.0.2:3000;weight=200"
  mooring edge --edge-id edge-1 --locator ws://front-1:1091,ws://front-2:1091
  mooring share .                             share this folder with others, who edit it together with you
  mooring join LINK project                   have the files of somebody's session in a folder, for any editor
  mooring where my-session                    which edge has this session
  mooring drain edge-2 --deadline 60          empty an edge, its sessions go on elsewhere
  mooring restart --rolling                   new program on front door and edges, while sessions go on
  mooring maintenance edge-2                  no new keys for an edge, which keeps its sessions
  mooring reload --dry-run                    what would change if the settings file were read anew
  mooring sessions my-session                 who is in it, by which client, since when
  mooring remove my-session MEMBER --ban      put a member out for good; mooring end my-session ends it
  mooring audit --since 2h                    who came, left, logged in, drained an edge
  mooring usage days                          sessions, peaks and people of each of the last 30 days
  mooring db check                            what is stored where, and what is wrong with it
  CT_HTTP_PORT=8080 mooring check             validate and print the effective settings

Every setting is a flag and a CT_* variable; docs/config.md lists them.`,
  );

// Loaded on demand, as what each role and command needs: an image of one role does not hold the other, and a command that asks a
// front door does not wait for what it never uses.
roleCommand('direct', 'run front door, Locator and edges on this machine, supervised').action(
  async (_, command: Command) => {
    const flags = flagsOf(command);
    await orExit(async () => {
      const { runDirect } = await import('./direct.ts');
      await runDirect(readSettings('direct', flags), sourceOf('direct', flags));
    });
  },
);
roleCommand(
  'proxy',
  'run a front door with Locator; edges join it, or static backends stand behind it',
).action(async (_, command: Command) => {
  const settings = readSettings('proxy', flagsOf(command));
  const source = sourceOf('proxy', flagsOf(command));
  // Whoever is to be replaced needs somebody who starts the next one.
  if ((settings.CT_PROXY_WORKERS > 1 || plansRestart(settings)) && !isSupervised())
    return await orExit(async () => await (await import('./workers.ts')).runWorkers(settings, source));
  await orExit(async () => await (await import('../proxy/main.ts')).startFrontDoor(settings, source));
});
roleCommand('edge', 'run one edge and join every front door of --locator').action(
  async (_, command: Command) => {
    const settings = readSettings('edge', flagsOf(command));
    await orExit(async () => await (await import('../edge/main.ts')).startEdge(settings));
  },
);
roleCommand('check', 'validate settings and print the effective ones, secrets masked')
  .option('--role <role>', 'direct, proxy or edge', 'direct')
  .action((options: { role: string }, command: Command) => checkSettings(options.role, flagsOf(command)));

inspectCommand('status', 'state of a running front door').action(
  async (options) => await orExit(() => showStatus(options)),
);
inspectCommand('edges', 'edges of the pool with state and load').action(
  async (options) => await orExit(() => showEdges(options)),
);
inspectCommand('pins', 'newest pins of the directory')
  .option('--limit <n>', 'number of pins to list, up to 1000', '100')
  .option('--edge <id>', 'the live ones of this edge')
  .action(async (options) => await orExit(() => showPins(options)));
inspectCommand('where', 'edge, epoch and state of one key')
  .argument('<key>', 'the session key (ctstickiness)')
  .action(async (key: string, options) => await orExit(() => showWhere(key, options)));

inspectCommand('verify', 'prove that no key has two owners, on the running fleet')
  .addHelpText('after', verifyHelp)
  .action(async (options) => await orExit(() => verify(options)));

const versionsCommand = inspectCommand('versions', 'versions that the registry has, and which of them runs')
  .option('--limit <n>', 'how many, the newest first', '20')
  .addHelpText('after', versionsHelp)
  .action(
    async (options, command: Command) =>
      await orExit(() => versions(readSettings('direct', flagsOf(command)), options)),
  );
for (const name of registrySettingNames) versionsCommand.addOption(settingOption(name, settingsSchema[name]));

inspectCommand('regions', 'regions of clients and edges; set or remove the CIDRs of one')
  .argument('[words...]', 'set NAME CIDR..., or remove NAME')
  .addHelpText('after', regionsHelp)
  .action(async (words: string[], options) => await orExit(() => regions(words, options)));

inspectCommand('move', 'move one session to another edge, with its members')
  .argument('<key>', 'the session key (ctstickiness)')
  .argument('<edge>', 'where it goes')
  .action(async (key: string, edge: string, options) => await orExit(() => moveSession(key, edge, options)));
inspectCommand('drain', 'move all sessions of an edge away; it gets no new ones until undrain or its restart')
  .argument('<edge>', 'the edge to empty')
  .option('--deadline <seconds>', 'give up on what cannot be moved after this; exit 1', '300')
  .action(async (edge: string, options) => await orExit(() => drainEdge(edge, options)));
inspectCommand('undrain', 'let an edge take sessions again; it keeps those that it still has')
  .argument('<edge>', 'an edge that is drained')
  .action(async (edge: string, options) => await orExit(() => undrainEdge(edge, options)));

inspectCommand('sessions', 'sessions of all edges, or the members of one')
  .argument('[key]', 'the session key (ctstickiness)')
  .action(async (key: string | undefined, options) => await orExit(() => showSessions(key, options)));
inspectCommand('end', 'end a session: its members are told, and their tokens open it no more')
  .argument('<key>', 'the session key (ctstickiness)')
  .action(async (key: string, options) => await orExit(() => endSession(key, options)));
inspectCommand('remove', 'take a member out of a session; the host’s removal ends it')
  .argument('<key>', 'the session key (ctstickiness)')
  .argument('<member>', 'its id, as mooring sessions KEY shows it')
  .option('--ban', 'its login and token do not get in again, for as long as the session lives')
  .action(
    async (key: string, member: string, options) => await orExit(() => removeMember(key, member, options)),
  );

addSteerCommands(inspectCommand, orExit);
addLicenceCommands(program, orExit);
addShareCommands(program, orExit);
addPoolSettingCommands(inspectCommand, orExit);
addServiceCommands(program, {
  inspectCommand,
  orExit,
  settingsOf: (role, command) => readSettings(role, flagsOf(command)),
});

journalCommand('audit', 'who did what to which session or edge, newest first')
  .option('--session <key>', 'of one session alone (ctstickiness)')
  .action(async (options) => await orExit(() => showAudit(options)));
addUsageCommand(journalCommand, orExit);

addDbCommands(program, {
  orExit,
  placeOptions: () => placeSettings.map((name) => settingOption(name, settingsSchema[name])),
  settingsOf: (command) => readSettings('direct', flagsOf(command)),
});

// Whoever reads our output may stop reading: `mooring pins | head`, or a log collector that died. A command ends by
// itself, and a pool serves on without a log.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
await program.parseAsync();

/** A command that takes the settings of its role as flags (`check` those of all roles). */
function roleCommand(name: Role | 'check', description: string): Command {
  const command = program.command(name).description(description);
  for (const setting of settingNames) {
    const entry: Setting = settingsSchema[setting];
    if (name !== 'check' && !entry.roles.includes(name)) continue;
    command.addOption(settingOption(setting, entry));
  }
  return command;
}

function journalCommand(name: string, description: string): Command {
  return inspectCommand(name, description)
    .option('--since <time>', 'stored since then: 30m, 2h, 7d ago, or a date')
    .option('--limit <n>', 'lines to print', '1000')
    .option('--csv', 'print CSV');
}

function settingOption(name: string, entry: Setting): Option {
  const unit = entry.type === 'integer' ? entry.unit : entry.type === 'list' ? 'item' : 'text';
  const preset = entry.default === '' ? '' : ` (default ${entry.default})`;
  const option = new Option(`${flagOf(name)} <${unit}>`, `${entry.help} [${name}]${preset}`);
  if (entry.type !== 'list') return option;
  return option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
}

function inspectCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option(
      '--admin <url>',
      'http://HOST:PORT or unix:/PATH of a front door (default: the socket or port of the data folder, else port 1090)',
    )
    .option('--data-dir <folder>', 'data folder of the running pool', process.env['CT_DATA_DIR'] ?? './data')
    .option('--json', 'print JSON');
}

/** Flags back to variable names: commander gives `httpPort` for `--http-port`. */
function flagsOf(command: Command): Record<string, string> {
  const given: Flags = command.opts();
  const flags: Record<string, string> = {};
  for (const name of settingNames) {
    const camel = flagOf(name)
      .slice(2)
      .replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const value = given[camel];
    if (value !== undefined) flags[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return flags;
}

/** A failure to start is one readable line and exit 1, not a stack trace. */
async function orExit(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`mooring: ${explain(error)}\n`);
    process.exit(1);
  }
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${(error as { port?: number }).port} is in use (${message})`;
  return message;
}
