/** Rules of the pool on an edge: whatever order front doors tell them in, the newest of each holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyHosting, ownEnds } from '#shared/pool-rules.ts';
import { RulesDesk } from './rules-desk.ts';

const settings = {
  CT_END_WITHOUT_GUESTS_MINUTES: 0,
  CT_END_AFTER_GUESTS_MINUTES: 0,
  CT_END_IDLE_MINUTES: 90,
};
const minute = 60_000;
const hosting = { ...anyHosting, minimumVersion: '0.3.5' };
const ends = { ...ownEnds, idleMinutes: 15 };
const old = 'OCT_CODE_VSCodium@0.3.1';

test('where two front doors change one rule each at the same moment, both changes hold', () => {
  const knowsHosting = { version: 1, versions: { hosting: 1, ends: 0 }, hosting, ends: ownEnds };
  const knowsEnds = { version: 1, versions: { hosting: 0, ends: 1 }, hosting: anyHosting, ends };
  for (const told of [
    [knowsHosting, knowsEnds],
    [knowsEnds, knowsHosting],
  ]) {
    const desk = new RulesDesk(settings);
    for (const rules of told) desk.take(rules, rules);
    assert.notEqual(desk.hostingRefusal(old), undefined);
    assert.equal(desk.life.idleMs, 15 * minute);
  }
});

test('an older rule counts only of the front door that told the newest, whose store has gone back', () => {
  const desk = new RulesDesk(settings);
  const [one, other] = [{}, {}];
  desk.take({ version: 2, versions: { hosting: 2, ends: 0 }, hosting, ends: ownEnds }, one);
  desk.take({ version: 1, versions: { hosting: 1, ends: 0 }, hosting: anyHosting, ends: ownEnds }, other);
  assert.notEqual(desk.hostingRefusal(old), undefined);
  desk.take({ version: 1, versions: { hosting: 1, ends: 0 }, hosting: anyHosting, ends: ownEnds }, one);
  assert.equal(desk.hostingRefusal(old), undefined);
});

test('a front door of the version before, which tells no versions of each rule, is heard', () => {
  const desk = new RulesDesk(settings);
  const teller = {};
  desk.take({ version: 3, hosting, ends: ownEnds }, teller);
  desk.take({ version: 4, hosting, ends }, teller);
  assert.equal(desk.life.idleMs, 15 * minute);
  desk.take({ version: 1, versions: { hosting: 1, ends: 0 }, hosting: anyHosting, ends: ownEnds }, {});
  assert.equal(desk.hostingRefusal(old), undefined);
});
