/** `mooring licence keygen | issue | check`: makes keys and licences, and says what one is good for. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Option } from 'commander';
import type { Command } from 'commander';
import { licenceText, readLicenceTerms, signLicence } from '#shared/licence/licence.ts';
import { lifeOf, readLicence } from '#shared/licence/licence-source.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { readSettings } from './read-settings.ts';

interface Terms {
  readonly key: string;
  readonly licensee: string;
  readonly connections: string;
  readonly expiration: string;
  readonly serverUrl?: string;
  readonly out?: string;
}

type OrExit = (work: () => Promise<void>) => Promise<void>;

const licenceHelp = `
Who sells licences keeps the private key; pools are given the public one (CT_LICENSE_PUBLIC_KEY).

Examples:
  mooring licence keygen licence-key.pem
  mooring licence issue --key licence-key.pem --licensee "Example Ltd" --connections 250 \\
    --expiration 2027/12/31 --server-url https://code.example.com --out codetogether.config
  mooring licence check codetogether.config --public-key licence-key.pem.pub
  mooring licence check                        what the settings of this shell say`;

const checkedSettings = {
  CT_LICENSE_PUBLIC_KEY: '--public-key <text>',
  CT_SERVER_URL: '--server-url <url>',
} as const;

export function addLicenceCommands(program: Command, orExit: OrExit): void {
  const licence = program
    .command('licence')
    .alias('license')
    .description('keys, licences, and what one is good for')
    .addHelpText('after', licenceHelp);
  licence
    .command('keygen')
    .description('make a private key (mode 0600) and, beside it as FILE.pub, its public one')
    .argument('<file>', 'the private key; a file that is there is not overwritten')
    .action(async (file: string) => await orExit(async () => keygen(file)));
  licence
    .command('issue')
    .description('sign a licence, and print it as settings')
    .requiredOption('--key <file>', 'the private key')
    .requiredOption('--licensee <name>', 'who it is for')
    .requiredOption('--connections <n>', 'session connections of the whole pool at one time')
    .requiredOption('--expiration <day>', 'its last day, YYYY/MM/DD')
    .option('--server-url <url>', 'the pool that it is for alone: its CT_SERVER_URL')
    .option('--out <file>', 'into a new file instead of the standard output')
    .addHelpText('after', licenceHelp)
    .action(async (terms: Terms) => await orExit(async () => issue(terms)));
  const check = licence
    .command('check')
    .description('whether a licence is valid, for whom, for how many and until when; exit 1 where not')
    .argument('[file]', 'the licence; without it, what the settings say')
    .option('--json', 'print JSON')
    .addHelpText('after', licenceHelp);
  for (const [name, flag] of Object.entries(checkedSettings))
    check.addOption(new Option(flag, settingsSchema[name as keyof typeof checkedSettings].help));
  check.action(
    async (file: string | undefined, options: CheckOptions) =>
      await orExit(async () => checkGiven(file, options)),
  );
}

function keygen(file: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  writeNew(`${file}.pub`, publicPem, 0o644);
  try {
    writeNew(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  } catch (error) {
    // Neither is left without the other.
    rmSync(`${file}.pub`);
    throw error;
  }
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  process.stdout.write(`private key: ${file}\npublic key: ${file}.pub\nCT_LICENSE_PUBLIC_KEY=${der}\n`);
}

function issue({ key, licensee, connections, expiration, serverUrl = '', out }: Terms): void {
  const terms = readLicenceTerms({ licensee, maxConnections: connections, expiration }, serverUrl);
  const pem = readFileSync(key, 'utf8');
  const signature = signWith(terms, pem);
  const lines = [
    `CT_LICENSEE="${licensee}"`,
    `CT_MAXCONNECTIONS=${terms.maxConnections}`,
    `CT_EXPIRATION=${expiration}`,
    `CT_SIGNATURE=${signature}`,
  ];
  if (licensee.includes('"')) lines[0] = `CT_LICENSEE='${licensee}'`;
  const text = `${lines.join('\n')}\n`;
  if (out === undefined) process.stdout.write(text);
  else writeNew(out, text, 0o644);
  process.stderr.write(`signed:\n${licenceText(terms)}\n`);
}

function signWith(terms: Parameters<typeof signLicence>[0], pem: string): string {
  try {
    if (createPublicKey(pem).asymmetricKeyType === 'ed25519') return signLicence(terms, pem);
  } catch {
    // The same line for all that is no such key.
  }
  throw new Error('--key: no private key of Ed25519, as mooring licence keygen makes one');
}

interface CheckOptions {
  readonly publicKey?: string;
  readonly serverUrl?: string;
  readonly json?: boolean;
}

function checkGiven(file: string | undefined, options: CheckOptions): void {
  const given = { CT_LICENSE_PUBLIC_KEY: options.publicKey, CT_SERVER_URL: options.serverUrl };
  const flags = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const settings = readSettings('direct', Object.fromEntries(flags));
  const own = { CT_LICENSEE: '', CT_SIGNATURE: '', CT_LICENSE_FILE: file ?? '' };
  const licence = readLicence(file === undefined ? settings : { ...settings, ...own });
  if (licence === undefined) {
    if (file !== undefined) throw new Error(`${file} has no licence in it`);
    const text = 'no licence is set: connections are not limited';
    return void process.stdout.write(`${options.json === true ? '{"licensed":false}' : text}\n`);
  }
  const { daysLeft, isExpired } = lifeOf(licence, Date.now());
  const { licensee, maxConnections, expiration, serverUrl } = licence;
  if (isExpired) process.exitCode = 1;
  if (options.json === true) {
    const view = { licensed: true, licensee, maxConnections, expiration, serverUrl, daysLeft, isExpired };
    return void process.stdout.write(`${JSON.stringify(view)}\n`);
  }
  const lines = [
    isExpired ? 'the signature is valid, and the licence has expired' : 'valid licence',
    `licensee     ${licensee}`,
    `connections  ${maxConnections}`,
    `expiration   ${expiration}${isExpired ? '' : ` (${daysLeft} days left)`}`,
    `pool         ${serverUrl || 'any'}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Refuses a file that is there. */
function writeNew(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { mode, flag: 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const reason = isThere ? 'is there already, and is not overwritten' : (cause as Error).message;
    throw new Error(`${path}: ${reason}`, { cause });
  }
}
