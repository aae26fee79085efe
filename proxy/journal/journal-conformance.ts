/** What every store of the journal keeps to; run by the tests of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { JournalEntry, UsageSample } from '#shared/journal/journal-record.ts';
import type { JournalStore } from './journal-store.ts';

/** Opens a place of its own; the function that it gives opens another connection to the same one. */
type OpenPlace = (t: TestContext) => Promise<() => Promise<JournalStore>>;

export interface JournalScene {
  readonly open: OpenPlace;
  /** Of a process of its own. */
  readonly newMaker: () => {
    entry(changes?: Partial<JournalEntry>): JournalEntry;
    usage(changes?: Partial<UsageSample>): UsageSample;
  };
}

const everything = { limit: 1_000 };
const minute = 60_000;

export function testJournal(name: string, scene: JournalScene): void {
  testContent(name, scene);
  testKeeping(name, scene);
}

async function openOne(t: TestContext, openPlace: OpenPlace): Promise<JournalStore> {
  const store = await (await openPlace(t))();
  t.after(async () => await store.close());
  return store;
}

function testContent(name: string, { open: openPlace, newMaker }: JournalScene): void {
  void test(`${name}: entries and samples come back as they were, newest first, with the store's own time`, async (t) => {
    const store = await openOne(t, openPlace);
    const maker = newMaker();
    const records = [maker.entry(), maker.usage(), maker.entry({ event: 'edge.lost', subject: '' })];
    await store.append(records);
    const [newest, oldest] = await store.listEntries(everything);
    assert.ok(newest!.id > oldest!.id);
    assert.ok(Math.abs(newest!.storedMs - Date.now()) < minute);
    assert.deepEqual(withoutPlace(oldest!), without(records[0]!, 'kind', 'person'));
    assert.deepEqual(withoutPlace(newest!), without(records[2]!, 'kind', 'person'));
    const samples = await store.listUsage(everything);
    assert.deepEqual(samples.map(withoutPlace), [withoutKind(records[1]!)]);
  });

  void test(`${name}: a record that is told again, by anybody, beside new ones, is kept once and in its place`, async (t) => {
    const open = await openPlace(t);
    const [one, two] = [await open(), await open()];
    t.after(async () => await Promise.all([one.close(), two.close()]));
    const maker = newMaker();
    const records = Array.from({ length: 50 }, () => maker.entry());
    const halves = [records.slice(0, 30), records.slice(0, 50), records.slice(10, 40)];
    await one.append(halves[0]!);
    await Promise.all([one.append(halves[1]!), two.append(halves[1]!), two.append(halves[2]!)]);
    const sequences = (await two.listEntries(everything)).map(({ sequence }) => sequence).toReversed();
    assert.deepEqual(
      sequences,
      records.map(({ sequence }) => sequence),
    );
  });

  void test(`${name}: a list is of one session or edge, since a time, and goes on page by page without a gap`, async (t) => {
    const store = await openOne(t, openPlace);
    const maker = newMaker();
    const keys = ['one', 'two', 'one', 'one', 'two'];
    await store.append(keys.map((key) => maker.entry({ key })));
    await store.append([maker.usage(), maker.usage({ origin: 'edge-2' })]);
    const pages: number[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await store.listEntries({ key: 'one', before, limit: 2 });
      pages.push(...page.map(({ sequence }) => sequence));
      before = page.at(-1)?.id;
      if (page.length < 2) break;
    }
    assert.deepEqual(pages, [4, 3, 1]);
    const [last] = await store.listEntries({ limit: 1 });
    assert.equal((await store.listEntries({ sinceMs: last!.storedMs, limit: 10 }))[0]!.id, last!.id);
    assert.deepEqual(await store.listEntries({ sinceMs: last!.storedMs + 1, limit: 10 }), []);
    assert.equal((await store.listUsage({ origin: 'edge-2', limit: 10 })).length, 1);
  });
}

function testKeeping(name: string, { open: openPlace, newMaker }: JournalScene): void {
  void test(`${name}: what was stored longer ago than it is kept goes, in parts, and nothing else`, async (t) => {
    const store = await openOne(t, openPlace);
    const maker = newMaker();
    await store.append([
      ...Array.from({ length: 5 }, () => maker.entry({ atMs: Date.now() })),
      maker.usage(),
    ]);
    assert.equal(
      (await store.removeOld({ auditKeepMs: minute, usageKeepMs: minute, historyKeepMs: minute, limit: 100 }))
        .removed,
      0,
    );
    // Stored before a moment that is still to come.
    const { removed } = await store.removeOld({
      auditKeepMs: -minute,
      usageKeepMs: minute,
      historyKeepMs: minute,
      limit: 3,
    });
    assert.equal(removed, 3);
    const left = (await store.listEntries(everything)).map(({ sequence }) => sequence);
    assert.deepEqual(left, [5, 4], 'the oldest go first');
    assert.equal((await store.listUsage(everything)).length, 1);
    assert.equal(
      (await store.removeOld({ auditKeepMs: minute, usageKeepMs: -minute, historyKeepMs: minute, limit: 3 }))
        .removed,
      1,
    );
  });

  void test(`${name}: a batch with something that does not fit is kept in no part`, async (t) => {
    const store = await openOne(t, openPlace);
    const maker = newMaker();
    const good = maker.entry();
    const bad = { ...maker.usage(), users: null as unknown as number };
    await assert.rejects(store.append([good, bad]), { code: 'journal-unavailable' });
    assert.deepEqual(await store.listEntries(everything), []);
    await store.append([good]);
    assert.equal((await store.listEntries(everything)).length, 1);
  });
}

function withoutPlace(stored: object): object {
  return without(stored, 'id', 'storedMs');
}

function withoutKind(record: object): object {
  return without(record, 'kind');
}

function without(record: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
