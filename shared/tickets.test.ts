/** Tickets say what was signed, for a minute, and nothing else is one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { AffinityKey, Epoch } from './ids.ts';
import { Tickets } from './tickets.ts';

const claims = { key: 'a~key' as AffinityKey, epoch: 7 as Epoch, owner: 'edge-1:3' };

test('a ticket says what was signed until it expires', () => {
  let now = 1_000;
  const tickets = new Tickets('a secret', () => now);
  const { ticket, expiresAtMs } = tickets.issue(claims);
  assert.deepEqual(tickets.verify(ticket), { kind: 'valid', claims });
  now = expiresAtMs - 1;
  assert.equal(tickets.verify(ticket).kind, 'valid');
  now = expiresAtMs;
  assert.deepEqual(tickets.verify(ticket), { kind: 'refused', code: 'ticket-expired' });
});

test('no other text is a ticket: of another secret, changed anywhere, cut, doubled, too long or by chance', () => {
  const tickets = new Tickets('a secret', () => 0);
  const { ticket } = tickets.issue(claims);
  const isRefused = (text: string): void =>
    assert.deepEqual(tickets.verify(text), { kind: 'refused', code: 'ticket-invalid' }, text);
  isRefused(new Tickets('another secret', () => 0).issue(claims).ticket);
  for (const text of [
    '',
    '.',
    '..',
    'a.b',
    `${ticket}.`,
    `.${ticket}`,
    `${ticket}.${ticket}`,
    ticket.split('.')[0]!,
  ])
    isRefused(text);
  isRefused('a'.repeat(100_000));
  fc.assert(
    fc.property(
      fc.nat({ max: ticket.length - 1 }),
      fc.constantFrom('a', 'B', '0', '-', '_', '.', '='),
      (at, letter) => {
        const changed = ticket.slice(0, at) + letter + ticket.slice(at + 1);
        // The last letter of base64 has bits that mean nothing; the signature is compared as text.
        if (changed !== ticket) isRefused(changed);
      },
    ),
  );
  fc.assert(fc.property(fc.string({ maxLength: 200 }), isRefused));
});
