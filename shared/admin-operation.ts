/**
 * One operation of an admin port: where it is, who may ask for it, and what answers. `admin-server.ts` serves a list of
 * them and looks at path, method and caller before any of them is asked.
 */

/** A reader may look at everything; an admin may change what there is, too. */
export type AdminRole = 'reader' | 'admin';

export type AdminMethod = 'GET' | 'POST' | 'PUT';

export interface AdminCaller {
  readonly role: AdminRole;
  /** As it calls itself, in the header `mooring-actor`: a claim, and empty without one. */
  readonly name: string;
  /** How it came: the Unix-domain socket, or a token from an address. */
  readonly via: string;
}

export interface AdminRequest {
  readonly query: URLSearchParams;
  /** Whatever JSON came; undefined with GET. */
  readonly body: unknown;
  readonly caller: AdminCaller;
}

export interface AdminOperation {
  readonly method: AdminMethod;
  readonly path: string;
  readonly role: AdminRole;
  /** What it returns is sent as JSON. Throws an `AppError` to refuse. */
  readonly handle: (request: AdminRequest) => unknown;
}

/** The header by which a caller says who it is. */
export const actorHeader = 'mooring-actor';
