/** What a setting is: its type, unit, default, bounds, and who reads it; and the shapes that many share. */
export type Role = 'direct' | 'proxy' | 'edge';

interface SettingBase {
  /** Roles that read the setting; a flag of another role is refused, its variable is ignored. */
  readonly roles: readonly Role[];
  /** `cluster` settings must be equal on all members, `process` settings may differ. */
  readonly scope: 'cluster' | 'process';
  /** A front door that runs takes another value with a reload; others need a restart. */
  readonly live?: true;
  /** One sentence for people. */
  readonly help: string;
}

export interface IntegerSetting extends SettingBase {
  readonly type: 'integer';
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface TextSetting extends SettingBase {
  readonly type: 'text';
  readonly default: string;
  /** Shown as `***` everywhere. */
  readonly secret?: true;
  readonly minLength?: number;
  /** What is wrong with a value that is not empty. */
  readonly faultOf?: (value: string) => string | undefined;
  /** Roles in which the setting must be given. */
  readonly requiredIn?: readonly Role[];
}

export interface ChoiceSetting extends SettingBase {
  readonly type: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}

/** A comma-separated list; `itemPattern` is what each item must match. */
export interface ListSetting extends SettingBase {
  readonly type: 'list';
  readonly default: string;
  readonly itemPattern: RegExp;
  readonly itemHelp: string;
  readonly requiredIn?: readonly Role[];
}

export type Setting = IntegerSetting | TextSetting | ChoiceSetting | ListSetting;

export const all: readonly Role[] = ['direct', 'proxy', 'edge'];
export const front: readonly Role[] = ['direct', 'proxy'];
export const engine: readonly Role[] = ['direct', 'edge'];
export const port = { type: 'integer', unit: 'port', min: 0, max: 65_535, scope: 'process' } as const;
export const milliseconds = { type: 'integer', unit: 'ms', scope: 'process' } as const;
export const secret = { type: 'text', default: '', secret: true, minLength: 16, scope: 'cluster' } as const;
