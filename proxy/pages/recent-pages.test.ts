/** Pages are rendered once a moment for each address, are never older than that, and are never many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentPages } from './recent-pages.ts';

class Scene {
  nowMs = 5_000;
  readonly rendered: string[] = [];
  readonly pages = new RecentPages(
    (origin) => `${this.rendered.push(origin)} für ${origin}`,
    () => this.nowMs,
  );

  ask(origin: string): string {
    return this.pages.of(origin).toString();
  }
}

test('a page is rendered once for all who ask within a quarter of a second, and then anew', () => {
  const scene = new Scene();
  assert.equal(scene.ask('http://a'), '1 für http://a');
  scene.nowMs += 249;
  assert.equal(scene.ask('http://a'), '1 für http://a');
  scene.nowMs += 1;
  assert.equal(scene.ask('http://a'), '2 für http://a');
});

test('each address has its own page, and none is older than the first of them', () => {
  const scene = new Scene();
  scene.ask('http://a');
  scene.nowMs += 200;
  assert.equal(scene.ask('http://b'), '2 für http://b');
  scene.nowMs += 50;
  assert.equal(scene.ask('http://b'), '3 für http://b');
});

test('whoever makes up addresses has each rendered, and sixteen kept', () => {
  const scene = new Scene();
  for (let i = 0; i < 16; i++) scene.ask(`http://${i}`);
  assert.equal(scene.ask('http://0'), '17 für http://0');
  for (let i = 16; i < 30; i++) scene.ask(`http://${i}`);
  assert.equal(scene.ask('http://0'), '17 für http://0');
  assert.deepEqual(scene.rendered.length, 31);
});

test('what cannot be rendered is not kept', () => {
  let isFit = false;
  const pages = new RecentPages(() => {
    if (!isFit) throw new Error('not now');
    return 'page';
  });
  assert.throws(() => pages.of('http://a'), /not now/);
  isFit = true;
  assert.equal(pages.of('http://a').toString(), 'page');
});
