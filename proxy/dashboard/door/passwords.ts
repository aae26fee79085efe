/**
 * Who may log in by a password: the users of the settings, or one whose password the first front door of the pool makes, logs
 * once and keeps in the directory, hashed. A password is compared in constant time, and for whoever there is not, too.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AdminRole } from '#shared/admin-operation.ts';
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import type { Log } from '#shared/log.ts';
import { hashPassword, isPasswordHash, verifyPassword } from '#shared/password-hash.ts';
import { adminUserOf } from '#shared/settings/dashboard-settings.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Directory } from '../../directory/directory.ts';
import { parseStored } from '../../directory/stored-json.ts';

export interface Account {
  readonly user: string;
  readonly role: AdminRole;
  /** Plain as somebody set it, or hashed. */
  readonly password: string;
}

interface PasswordOptions {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly log: Log;
}

const storedName = 'dashboard';
/** More than there are accounts. */
const provenMax = 8;
const storedSchema = z.strictObject({ password: z.string().refine(isPasswordHash) });

export class Passwords {
  readonly #options: PasswordOptions;
  /** In place of a password that there is not: looking at it takes as long. */
  #made: string | undefined;
  /** Of this process: what was compared with a hash once is compared by this. */
  readonly #memoryKey = randomBytes(32);
  readonly #proven = new Map<string, string>();

  constructor(options: PasswordOptions) {
    this.#options = options;
  }

  /** Learns the password that the pool has made, or makes it. Rejects where the directory cannot be reached, or has what is none. */
  async prepare(): Promise<void> {
    if (this.#settled().some(({ role }) => role === 'admin')) return;
    this.#made ??= (await this.#read()) ?? (await this.#make());
  }

  accountOf(user: string): Account | undefined {
    return this.#accounts().find((account) => account.user === user);
  }

  /** Whoever it is; undefined where there is no such user with this password. Throws `too-many-waiting`. */
  async verify(user: string, password: string): Promise<Account | undefined> {
    await this.prepare();
    const account = this.accountOf(user);
    const kept = account?.password ?? this.#accounts()[0]!.password;
    const isRight = await this.#matches(password, kept);
    return isRight && account !== undefined ? account : undefined;
  }

  #accounts(): readonly Account[] {
    const settled = this.#settled();
    if (settled.some(({ role }) => role === 'admin') || this.#made === undefined) return settled;
    return [{ user: this.#adminUser, role: 'admin', password: this.#made }, ...settled];
  }

  /** Of the settings. */
  #settled(): readonly Account[] {
    const { settings } = this.#options;
    const password = settings.CT_DASHBOARD_PASSWORD || settings.CT_LOGS_PASSWORD;
    const accounts: Account[] = [];
    if (password !== '') accounts.push({ user: this.#adminUser, role: 'admin', password });
    if (settings.CT_DASHBOARD_READER_PASSWORD !== '')
      accounts.push({
        user: settings.CT_DASHBOARD_READER_USER,
        role: 'reader',
        password: settings.CT_DASHBOARD_READER_PASSWORD,
      });
    return accounts;
  }

  get #adminUser(): string {
    return adminUserOf(this.#options.settings);
  }

  async #read(): Promise<string | undefined> {
    const stored = await this.#options.directory.readFleetSetting(storedName);
    if (stored === undefined) return undefined;
    const found = storedSchema.safeParse(parseStored(stored.value)).data;
    if (found === undefined) throw new AppError('stored-unreadable', { facts: { setting: storedName } });
    return found.password;
  }

  async #make(): Promise<string> {
    const { directory, log } = this.#options;
    const password = randomBytes(15).toString('base64url');
    const hash = await hashPassword(password, 'made');
    const isOurs = await directory.writeFleetSetting(storedName, JSON.stringify({ password: hash }), 0);
    // Another front door was faster, and has told its own.
    if (!isOurs) return (await this.#read()) ?? hash;
    log.warn('dashboard.password-made', { user: this.#adminUser, password });
    return hash;
  }

  async #matches(password: string, kept: string): Promise<boolean> {
    const digest = this.#digest(password);
    if (!isPasswordHash(kept)) return secretsEqual(digest, this.#digest(kept));
    const proven = this.#proven.get(kept);
    if (proven !== undefined && secretsEqual(digest, proven)) return true;
    const isRight = await verifyPassword(password, kept);
    if (isRight) this.#keepProven(kept, digest);
    return isRight;
  }

  #keepProven(kept: string, digest: string): void {
    if (this.#proven.size >= provenMax) this.#proven.clear();
    this.#proven.set(kept, digest);
  }

  #digest(password: string): string {
    return createHmac('sha256', this.#memoryKey).update(password.normalize('NFC')).digest('base64url');
  }
}
