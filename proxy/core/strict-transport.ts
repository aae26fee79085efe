/** HSTS (RFC 6797): what tells a browser to come by HTTPS alone. Over plain HTTP it may not be said (section 7.2). */

export const strictTransportName = 'strict-transport-security';

/** The field for an answer of our own; `policy` is empty where there is none. */
export function strictTransportField(policy: string, secure: boolean): Record<string, string> {
  return policy === '' || !secure ? {} : { [strictTransportName]: policy };
}
