/**
 * What a shared folder does not show: version control and our own temporary files, ever; secrets and what ignore files
 * name, unless the host asked for them. What is hidden cannot be read, written, made or renamed to.
 */
import ignore from 'ignore';
import type { Ignore } from 'ignore';

export type Hidden = 'never shared' | 'secret' | 'ignored';

export interface SharingRules {
  /** Patterns, as in an ignore file, of what is shared though ignore files name it. */
  readonly include: readonly string[];
  /** Patterns of secrets that are shared. */
  readonly includeSecrets: readonly string[];
  /** Patterns that are hidden in addition to all ignore files. */
  readonly exclude: readonly string[];
}

/** The text of a folder's ignore files; names below the shared folder, none for itself. Undefined where it has none. */
export type IgnoreTextOf = (folder: readonly string[]) => string | undefined;

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
  readonly #textOf: IgnoreTextOf;
  readonly #parsed = new Map<string, Ignore>();

  constructor({ include, includeSecrets, exclude }: SharingRules, textOf: IgnoreTextOf) {
    this.#include = ignore({ ignorecase: false }).add(include);
    this.#includeSecrets = ignore({ ignorecase: false }).add(includeSecrets);
    this.#exclude = ignore({ ignorecase: false }).add(exclude);
    this.#textOf = textOf;
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
    if (this.#isIgnored(names, isFolder) && !this.#include.ignores(path)) return 'ignored';
    return undefined;
  }

  /** The innermost folder with a word on it has the last. */
  #isIgnored(names: readonly string[], isFolder: boolean): boolean {
    for (let depth = names.length - 1; depth >= 0; depth -= 1) {
      const rules = this.#rulesOf(names.slice(0, depth));
      const said = rules?.test(joinPath(names.slice(depth), isFolder));
      if (said?.ignored === true) return true;
      if (said?.unignored === true) return false;
    }
    return false;
  }

  #rulesOf(folder: readonly string[]): Ignore | undefined {
    const text = this.#textOf(folder);
    if (text === undefined || text === '') return undefined;
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    if (this.#parsed.size >= parsedMax) this.#parsed.clear();
    const rules = ignore({ ignorecase: false }).add(text);
    this.#parsed.set(text, rules);
    return rules;
  }
}

/** Ignore files that are kept parsed; by their text, so that those of equal packages are one. */
const parsedMax = 1_000;

function joinPath(names: readonly string[], isFolder: boolean): string {
  return names.join('/') + (isFolder ? '/' : '');
}
