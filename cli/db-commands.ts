/** `mooring db check | migrate | export | import`. What does the work is loaded when it is asked for: it brings the database drivers. */
import type { Command, Option } from 'commander';
import type { Settings } from '#shared/settings/schema.ts';

interface Around {
  readonly orExit: (work: () => Promise<void>) => Promise<void>;
  /** The settings that say where the stores are. */
  readonly placeOptions: () => readonly Option[];
  readonly settingsOf: (command: Command) => Settings;
}

const dbHelp = `
Examples:
  mooring db check                               what is stored where, and what is wrong with it; exit 1 at a fault
  mooring db migrate                             bring the tables up to date, or make them, before the first start
  mooring db export pool.dump --data-dir ./data  everything of a pool, which may run meanwhile, into a file
  mooring db import pool.dump --locator-config db.json
                                                 from a file into another, empty store of any kind: stop the pool first`;

const load = async () => await import('./db.ts');

export function addDbCommands(program: Command, { orExit, placeOptions, settingsOf }: Around): void {
  const db = program
    .command('db')
    .description('the stores themselves: SQLite files of the data folder, or the database server')
    .addHelpText('after', dbHelp);
  const add = (name: string, description: string): Command => {
    const command = db.command(name).description(description);
    for (const option of placeOptions()) command.addOption(option);
    return command;
  };
  add('check', 'connect, and tell versions, rights, limits and faults with what to do about each').action(
    async (_, command: Command) =>
      await orExit(async () => {
        if (!(await (await load()).checkDatabase(settingsOf(command)))) process.exitCode = 1;
      }),
  );
  add('migrate', 'bring the tables of every store up to date, and say what was done').action(
    async (_, command: Command) =>
      await orExit(async () => await (await load()).migrateDatabase(settingsOf(command))),
  );
  add('export', 'write everything into a new file, with a checksum')
    .argument('<file>', 'gzip, lines of JSON')
    .action(
      async (file: string, _, command: Command) =>
        await orExit(async () => await (await load()).exportDatabase(file, settingsOf(command))),
    );
  add('import', 'take everything from a file of mooring db export; each store gets all of it or nothing')
    .argument('<file>', 'what mooring db export wrote')
    .option('--replace', 'remove first what the stores have')
    .action(
      async (file: string, { replace = false }: { replace?: boolean }, command: Command) =>
        await orExit(async () => {
          await (await load()).importDatabase(file, { settings: settingsOf(command), replaces: replace });
        }),
    );
}
