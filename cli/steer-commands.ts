/** The commands that steer a pool that runs: maintenance, weights, evictions, bans, metrics, settings. */
import type { Command } from 'commander';
import type { InspectOptions } from './inspect.ts';
import { metrics, metricsHelp } from './metrics.ts';
import type { MetricsFlags } from './metrics.ts';
import { removeMember } from './sessions.ts';
import { reload, reloadHelp, settingsHelp, showSettings } from './settings.ts';
import { evict, evictHelp, maintenanceHelp, setMaintenance, setWeight, weightHelp } from './steer.ts';

const banHelp = `
As mooring remove KEY MEMBER --ban: the member's login and token do not get in again for as long as the session lives.

Examples:
  mooring sessions my-session          shows who is in it, with their ids
  mooring ban my-session f3a9c2`;

export function addSteerCommands(
  inspectCommand: (name: string, description: string) => Command,
  orExit: (work: () => Promise<void>) => Promise<void>,
): void {
  inspectCommand('maintenance', 'no new keys for an edge or backend, which keeps its sessions; off: again')
    .argument('<edge>', 'the edge or static backend')
    .argument('[on|off]', 'on unless given')
    .addHelpText('after', maintenanceHelp)
    .action(
      async (edge: string, word: string | undefined, options: InspectOptions) =>
        await orExit(() => setMaintenance(edge, word, options)),
    );
  inspectCommand('metrics', 'what StatsD and Prometheus get of all front doors; set or unset it')
    .argument('[words...]', 'set HOST:PORT, off, reset, or prometheus on|off|reset')
    .option('--protocol <name>', 'udp or tcp (default: udp)')
    .option('--prefix <text>', 'what all names begin with (default: mooring.)')
    .option('--labels <how>', 'name, dogstatsd or telegraf (default: name)')
    .option('--tag <name:value...>', 'tags of every metric, with labels that are tags')
    .addHelpText('after', metricsHelp)
    .action(async (words: string[], options: MetricsFlags) => await orExit(() => metrics(words, options)));
  inspectCommand('weight', 'share of new keys that an edge or backend gets')
    .argument('<edge>', 'the edge or static backend')
    .argument('<weight>', '1 to 1000, or own')
    .addHelpText('after', weightHelp)
    .action(
      async (edge: string, weight: string, options: InspectOptions) =>
        await orExit(() => setWeight(edge, weight, options)),
    );
  inspectCommand('evict', 'remove the pin of a key, so that it is placed anew')
    .argument('<key>', 'the session key (ctstickiness)')
    .option('--end', 'end the session that runs')
    .addHelpText('after', evictHelp)
    .action(async (key: string, options: InspectOptions) => await orExit(() => evict(key, options)));
  inspectCommand('ban', 'take a member out of a session for good')
    .argument('<key>', 'the session key (ctstickiness)')
    .argument('<member>', 'its id, as mooring sessions KEY shows it')
    .addHelpText('after', banHelp)
    .action(
      async (key: string, member: string, options: InspectOptions) =>
        await orExit(() => removeMember(key, member, { ...options, ban: true })),
    );
  inspectCommand('settings', 'what a running front door is set to, and by what')
    .argument('[names...]', 'these alone')
    .option('--all', 'those at their default, too')
    .addHelpText('after', settingsHelp)
    .action(
      async (names: string[], options: InspectOptions) => await orExit(() => showSettings(names, options)),
    );
  inspectCommand('reload', 'read the settings file anew and apply what differs; no connection is touched')
    .option('--dry-run', 'only show what would change')
    .addHelpText('after', reloadHelp)
    .action(async (options: InspectOptions) => await orExit(() => reload(options)));
}
