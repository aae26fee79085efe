/** Commands of people rather than of a pool: `share` and `join`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { JoinFlags } from '../share/join-command.ts';
import type { ShareFlags } from '../share/share-command.ts';

const shareHelp = `
Examples:
  mooring share .                              share this folder; you are asked for each guest
  mooring share . --server https://mooring.example.com --yes
  mooring share src --read-only                others look, and change nothing
  mooring share . --allow ann@example.com --allow bob
  mooring share . --ignore '*.log' --include dist/
  mooring share . --include-secret .env.test   what looks like a secret is shared only if it is named
  mooring share . --json                       a line of JSON for each thing that happens; answer the questions
                                               {"event":"guest.asked","id":ID,...} with {"answer":ID,"allow":true}

Others open the link, enter the key in an editor with Open Collaboration Tools, or run mooring join LINK FOLDER.
Never shared: what is outside of the folder, also by links; .git; what .gitignore names; .env, keys and other secrets.
A name in --allow is what the guest says; nobody checks it where the server's login does not.
Exit code: 1 where something could not be written back, else 0.`;

const joinHelp = `
Examples:
  mooring join https://mooring.example.com/~KEY/ project     the link that the host passed on, into a new folder
  mooring join KEY project --server mooring.example.com
  mooring join LINK project --only src --only docs           these folders alone, of a large session

Open the folder in any editor: what you save goes into the session, what others type is written to your files. Files that no
editor can merge, such as pictures, go as a whole; one that was changed on both sides is kept beside it as NAME.mine. What your
.gitignore names, secrets and temporary files of editors stay with you. The host's .git is not fetched.
Ctrl-C leaves; the folder stays.
Exit code: 1 where something could not be written here, else 0.`;

/** `program` gets the commands; what they need is loaded when they run, for images of one role do not hold it. */
export function addShareCommands(
  program: Command,
  orExit: (work: () => Promise<void>) => Promise<void>,
): void {
  personCommand(
    program,
    'share',
    'share a folder with others: they edit it together, it is written back here',
  )
    .argument('<folder>', 'what is shared')
    .option('--key <key>', 'how the session is called (default: a random key)')
    .option('-y, --yes', 'let everybody in who has the link')
    .addOption(listOption('--allow <who>', 'e-mail address or name that is let in unasked; may be repeated'))
    .option('--read-only', 'others may read and not change')
    .addOption(listOption('--ignore <pattern>', 'not shared, in addition to ignore files; may be repeated'))
    .addOption(listOption('--include <pattern>', 'shared though an ignore file names it; may be repeated'))
    .addOption(
      listOption('--include-secret <pattern>', 'shared though it looks like a secret; may be repeated'),
    )
    .option('--no-ignore-files', 'share also what .gitignore names')
    .option('--no-qr', 'print no QR code')
    .addHelpText('after', shareHelp)
    .action(async (folder: string, flags: ShareFlags) => {
      await orExit(async () => {
        const { shareFolder } = await import('../share/share-command.ts');
        process.exit(await shareFolder(folder, flags));
      });
    });
  personCommand(program, 'join', 'have the files of a session in a folder, for any editor')
    .argument('<link>', 'what the host passed on, or the session key')
    .argument('<folder>', 'a new or empty folder')
    .addOption(listOption('--only <path>', 'fetch this folder or file alone; may be repeated'))
    .option('--files-max <n>', 'more files than that are not fetched', '20000')
    .addHelpText('after', joinHelp)
    .action(async (link: string, folder: string, flags: JoinFlags) => {
      await orExit(async () => {
        const { joinFolder } = await import('../share/join-command.ts');
        process.exit(await joinFolder(link, folder, flags));
      });
    });
}

function personCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addOption(
      new Option('-s, --server <url>', 'front door').env('MOORING_SERVER').default('http://127.0.0.1:1080'),
    )
    .option('-n, --name <name>', 'how others see you (default: your user name)')
    .option('--email <address>', 'shown with your name')
    .addOption(new Option('--api-key <key>', 'log in with the key of the server').env('MOORING_API_KEY'))
    .option('--json', 'print JSON');
}

function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}
