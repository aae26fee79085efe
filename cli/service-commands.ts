/** Commands about processes: `ps`, `restart`, `health`. */
import type { Command } from 'commander';
import type { Role, Settings } from '#shared/settings/schema.ts';
import { printPasswordHash } from './hash-password.ts';
import { checkHealth, healthHelp } from './health.ts';
import type { InspectOptions } from './inspect.ts';
import { restart } from './move.ts';
import type { RestartOptions } from './move.ts';
import { psHelp, showProcesses } from './ps.ts';

interface Around {
  readonly inspectCommand: (name: string, description: string) => Command;
  readonly settingsOf: (role: Role, command: Command) => Settings;
  readonly orExit: (work: () => Promise<void>) => Promise<void>;
}

export function addServiceCommands(program: Command, { inspectCommand, settingsOf, orExit }: Around): void {
  inspectCommand('ps', 'processes of a supervisor: uptime, restarts, memory, log file')
    .addHelpText('after', psHelp)
    .action(async (options: InspectOptions) => await orExit(() => showProcesses(options)));
  inspectCommand(
    'restart',
    'empty an edge and start it again, or replace the front door, while sessions go on',
  )
    .argument('[edge]', 'the edge to restart; without it the front door, then all edges, one after the other')
    .option('--rolling', 'the front door, then all edges')
    .option('--front-door', 'the front door alone: its successor takes every new connection')
    .option('--deadline <seconds>', 'for the emptying of each edge; exit 1 where it is not enough', '300')
    .action(
      async (edge: string | undefined, options: RestartOptions) => await orExit(() => restart(edge, options)),
    );
  program
    .command('health')
    .description('whether the process with these settings lives; exit 1 where not')
    .option('--ready', 'whether it is ready')
    .addHelpText('after', healthHelp)
    .action(
      async (options: { ready?: boolean }, command: Command) =>
        await orExit(async () => await checkHealth(settingsOf('direct', command), options.ready === true)),
    );
  program
    .command('hash-password')
    .description(
      'read a password from standard input, print what CT_DASHBOARD_PASSWORD may have in its place',
    )
    .action(async () => await orExit(printPasswordHash));
}
