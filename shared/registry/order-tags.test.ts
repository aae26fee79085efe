/** The order of tags: versions as people count them, and what is none at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageName } from './image-name.ts';
import { newestFirst } from './order-tags.ts';

test('tags stand newest first, a release before what came before it, and names at the end', () => {
  const given = [
    '1.9.0',
    'latest',
    'v1.10.0',
    '1.10.0-rc.2',
    '1.10.0-rc.10',
    '2',
    '2.0.1',
    'edge',
    '0.1.0',
    '1.9',
  ];
  assert.deepEqual(newestFirst(given), [
    '2.0.1',
    '2',
    'v1.10.0',
    '1.10.0-rc.10',
    '1.10.0-rc.2',
    '1.9',
    '1.9.0',
    '0.1.0',
    'edge',
    'latest',
  ]);
});

test('an image is named as Docker names it; only this machine is asked in plain text', () => {
  assert.deepEqual(parseImageName('registry.example.org/mooring/edge:1.0'), {
    host: 'registry.example.org',
    origin: 'https://registry.example.org',
    repository: 'mooring/edge',
  });
  assert.equal(parseImageName('localhost:5000/edge').origin, 'http://localhost:5000');
  assert.equal(
    parseImageName('http://registry.example.org:5000/edge').origin,
    'http://registry.example.org:5000',
  );
  for (const text of [
    'edge',
    'mooring/edge',
    'registry.example.org/',
    'registry.example.org/UPPER',
    'a.b/../c',
    '',
  ])
    assert.throws(() => parseImageName(text), /is no image: say HOST\/PATH/, text);
});
