/** What differs between the database servers that tests start: their programs, data folders and own clients. */

export const sqlProducts = ['mariadb', 'postgresql'] as const;
export type SqlProductName = (typeof sqlProducts)[number];

/** One server's folder, readable by the account that it runs as. */
export interface SqlPlace {
  readonly folder: string;
  readonly dataFolder: string;
  readonly port: number;
  /** Where it speaks TLS, and nothing else on TCP. */
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  /** False for tests: what is committed outlives the process, and not the machine. */
  readonly isDurable: boolean;
  /** In the server's own words, over those of here. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface ProgramCall {
  readonly command: string;
  readonly args: readonly string[];
}

export interface SqlProduct {
  readonly name: SqlProductName;
  /** Of the Debian package that has it. */
  readonly packageName: string;
  /** Patterns of where the program that serves is; the first that is there counts. */
  readonly program: readonly string[];
  /** A server refuses to run as root. */
  readonly account: string;
  /** Fills an empty data folder. */
  readonly initialise: (program: string, dataFolder: string) => ProgramCall;
  /** Called before each start; the files that it writes are the account's own afterwards. */
  readonly configure: (place: SqlPlace) => void;
  readonly serve: (program: string, place: SqlPlace) => ProgramCall;
  /** The product's own client as administrator: rows of tab-separated columns, without headings. */
  readonly ask: (program: string, place: SqlPlace, database: string | undefined) => ProgramCall;
  /** Makes the account with which Mooring works, once per server. */
  readonly createUser: (user: string, password: string) => string;
  readonly createDatabase: (database: string, user: string) => readonly string[];
  /** Ends connections, then the server. */
  readonly stopSignal: NodeJS.Signals;
  /** What a copied data folder must not have. */
  readonly staleFiles: readonly string[];
}
