/**
 * What a shared folder does not show: version control and our own temporary files, ever; secrets and what ignore files
 * name, unless the host asked for them. What is hidden cannot be read, written, made or renamed to.
 */
import ignore from 'ignore';
import type { Ignore } from 'ignore';
import { IgnoreChains } from './ignore-chain.ts';
import type { IgnoreTextOf } from './ignore-chain.ts';

export type Hidden = 'never shared' | 'secret' | 'ignored';

export interface SharingRules {
  /** Patterns, as in an ignore file, of what is shared though ignore files name it. */
  readonly include: readonly string[];
  /** Patterns of secrets that are shared. */
  readonly includeSecrets: readonly string[];
  /** Patterns that are hidden in addition to all ignore files. */
  readonly exclude: readonly string[];
}

/** Git runs what it finds in its folder, and keeps passwords there. */
const neverShared = ['.git', '.hg', '.svn', '.jj', '.mooring-*'];

const secrets = `
.env .env.* *.env .envrc !.env.example !.env.sample !.env.template !.env.dist !example.env !sample.env !template.env
*.pem *.key *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.gpg
id_rsa* id_dsa* id_ecdsa* id_ed25519* !id_*.pub
.ssh/ .gnupg/ .aws/ .azure/ .kube/ .docker/ .gcloud/ .password-store/
.netrc _netrc .npmrc .yarnrc.yml .pypirc .pgpass .my.cnf .git-credentials
.htpasswd .vault-token *.tfstate *.tfstate.* *.tfvars *.secret *.secrets
credentials.json service-account*.json secrets.json secrets.yaml secrets.yml`
  .trim()
  .split(/\s+/);

export class HiddenFiles {
  // Case does not count here: on some file systems `.ENV` opens `.env`.
  readonly #never = ignore({ ignorecase: true }).add(neverShared);
  readonly #secrets = ignore({ ignorecase: true }).add(secrets);
  readonly #include: Ignore;
  readonly #includeSecrets: Ignore;
  readonly #exclude: Ignore;
  readonly #ignoreFiles: IgnoreChains;

  constructor({ include, includeSecrets, exclude }: SharingRules, textOf: IgnoreTextOf) {
    this.#include = ignore({ ignorecase: false }).add(include);
    this.#includeSecrets = ignore({ ignorecase: false }).add(includeSecrets);
    this.#exclude = ignore({ ignorecase: false }).add(exclude);
    this.#ignoreFiles = new IgnoreChains(textOf);
  }

  /** Why a path is hidden, by its own name or by a folder above it; undefined for what is shared. */
  whyHidden(names: readonly string[], isFolder: boolean): Hidden | undefined {
    for (let depth = 1; depth <= names.length; depth += 1) {
      const reason = this.#judge(names.slice(0, depth), isFolder || depth < names.length);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #judge(names: readonly string[], isFolder: boolean): Hidden | undefined {
    const path = joinPath(names, isFolder);
    // By the bare name too: a folder that is shared may lie anywhere in what git or ssh keep.
    if (this.#never.ignores(path)) return 'never shared';
    if (this.#secrets.ignores(path)) return this.#includeSecrets.ignores(path) ? undefined : 'secret';
    if (this.#exclude.ignores(path)) return 'ignored';
    if (this.#ignoreFiles.hides(names, isFolder) && !this.#include.ignores(path)) return 'ignored';
    return undefined;
  }
}

function joinPath(names: readonly string[], isFolder: boolean): string {
  return names.join('/') + (isFolder ? '/' : '');
}
