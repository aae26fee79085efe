/** The ledger of seats in a real directory, by two front doors at once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Incarnation } from '#shared/ids.ts';
import { parseEdgeId } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import type { Directory } from '../directory/directory.ts';
import { openSqliteDirectory } from '../directory/sqlite-directory.ts';
import { SeatBook } from './seat-book.ts';

const max = 100;

async function openBooks(
  t: TestContext,
): Promise<{ books: SeatBook[]; directories: Directory[]; lost: readonly number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-seats-'));
  const open = async (): Promise<Directory> => await openSqliteDirectory(join(folder, 'directory.sqlite'));
  const directories = [await open(), await open()];
  t.after(async () => {
    for (const directory of directories) await directory.close();
    rmSync(folder, { recursive: true });
  });
  const lost: number[] = [];
  const books = directories.map(
    (directory, at) =>
      new SeatBook({ directory, max: () => max, onLost: () => void lost.push(at), log: silentLog() }),
  );
  return { books, directories, lost };
}

/** An edge that asks for one seat at a time, of whichever front door. */
class Asker {
  readonly #edge: string;
  #sequence = 0;
  held = 0;

  constructor(edge: string) {
    this.#edge = edge;
  }

  async ask(book: SeatBook, wanted: number): Promise<{ granted: number; isProvisional: boolean }> {
    const { held } = this;
    const claim = { edge: this.#edge, incarnation: 1, sequence: ++this.#sequence, held, wanted };
    const answer = await book.claim(claim);
    this.held += answer.granted;
    return answer;
  }
}

test('two front doors that are asked at once give away every seat of the licence, and none twice', async (t) => {
  const { books } = await openBooks(t);
  const edges = Array.from({ length: 8 }, (_, at) => new Asker(`edge-${at}`));
  const rounds = edges.map(async (edge, at) => {
    for (let i = 0; i < 40; i++) await edge.ask(books[(at + i) % 2]!, 1);
  });
  await Promise.all(rounds);
  assert.equal(
    edges.reduce((total, { held }) => total + held, 0),
    max,
  );
  for (const book of books) await book.refresh(() => true);
  assert.deepEqual(
    books.map(({ taken }) => taken),
    [max, max],
  );
});

test('whoever is in is never put out: an edge holds what it holds, also beyond the licence', async (t) => {
  const { books } = await openBooks(t);
  const edge = new Asker('edge-1');
  edge.held = max + 20;
  assert.equal((await edge.ask(books[0]!, 1)).granted, 0);
  await books[1]!.refresh(() => true);
  assert.equal(books[1]!.taken, max + 20);
  edge.held = max - 1;
  assert.equal((await edge.ask(books[1]!, 5)).granted, 1);
});

test('a claim that comes late or twice changes nothing', async (t) => {
  const { books } = await openBooks(t);
  const [book] = books as [SeatBook, SeatBook];
  const claim = { edge: 'edge-1', incarnation: 2, sequence: 7, held: 3, wanted: 2 };
  assert.equal((await book.claim(claim)).granted, 2);
  assert.equal((await book.claim({ ...claim, held: 50 })).granted, 0);
  assert.equal((await book.claim({ ...claim, incarnation: 1, sequence: 9 })).granted, 0);
  assert.equal(book.taken, 5);
});

test('seats of an edge that is over, as the directory says, are free', async (t) => {
  const { books, directories } = await openBooks(t);
  const [directory] = directories as [Directory];
  const id = parseEdgeId('edge-1')!;
  const registration = { id, kind: 'edge', bootId: 'boot-one', address: 'http://127.0.0.1:1', weight: 100 };
  const incarnation: Incarnation = await directory.registerEdge({ ...registration, kind: 'edge' });
  await directory.renewLease({ id, incarnation });
  const claim = { edge: id, incarnation, sequence: 1, held: 4, wanted: 1 };
  await books[0]!.claim(claim);
  await books[1]!.refresh(() => false);
  assert.equal(books[1]!.taken, 5, 'a front door that does not see it yet leaves it alone');
  await directory.markGone({ id, incarnation });
  await books[1]!.refresh(() => false);
  await books[0]!.refresh(() => true);
  assert.deepEqual([books[0]!.taken, books[1]!.taken], [0, 0]);
});

for (const content of ['no JSON', '', 'null', '[]', '{"edges":{"edge-1":{"seats":-1}}}', '{"edges":7}'])
  void test(`a ledger that is ${content === '' ? 'empty' : content} is told once, and edges claim anew what they hold`, async (t) => {
    const { books, directories, lost } = await openBooks(t);
    const edge = new Asker('edge-1');
    await edge.ask(books[0]!, 60);
    assert.ok(await directories[1]!.writeFleetSetting('licence-seats', content, 1));
    for (const book of [...books, ...books]) await book.refresh(() => true);
    assert.deepEqual(lost, [0, 1]);
    assert.deepEqual(await edge.ask(books[1]!, 0), { granted: 0, isProvisional: false });
    for (const book of books) await book.refresh(() => true);
    assert.deepEqual([books[0]!.taken, books[1]!.taken], [60, 60]);
    assert.equal((await new Asker('edge-2').ask(books[0]!, 50)).granted, 40);
    assert.deepEqual(lost, [0, 1]);
  });

test('without the store each front door gives away what it last saw to be free, and not more', async (t) => {
  const { books, directories } = await openBooks(t);
  const first = new Asker('edge-1');
  await first.ask(books[0]!, 90);
  await books[1]!.refresh(() => true);
  const broken = directories.map((directory) => withoutStore(directory));
  const edges = [new Asker('edge-2'), new Asker('edge-3')];
  const answers = [await edges[0]!.ask(books[0]!, 30), await edges[1]!.ask(books[1]!, 30)];
  assert.deepEqual(answers, [
    { granted: 10, isProvisional: true },
    { granted: 10, isProvisional: true },
  ]);
  assert.equal((await edges[1]!.ask(books[1]!, 1)).granted, 0);
  for (const mend of broken) mend();
  // What was given without the store is claimed again, and counts from then on.
  for (const [at, edge] of edges.entries())
    assert.deepEqual(await edge.ask(books[at]!, 1), { granted: 0, isProvisional: false });
  await books[0]!.refresh(() => true);
  assert.equal(books[0]!.taken, 110);
});

function withoutStore(directory: Directory): () => void {
  const readFleetSetting = directory.readFleetSetting.bind(directory);
  directory.readFleetSetting = () => Promise.reject(new AppError('directory-unavailable'));
  return () => void (directory.readFleetSetting = readFleetSetting);
}
