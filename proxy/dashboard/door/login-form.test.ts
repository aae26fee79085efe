/** The page that leads a browser on: whatever somebody put into the link, it stays within its attribute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadOn } from './login-form.ts';

test('a target is spelled out as it is, also where it looks like a pattern or like HTML', () => {
  const { body } = leadOn('/dashboard/?a=$&$`$\'$$1"><b>');
  const shown = "/dashboard/?a=$&amp;$`$'$$1&quot;&gt;&lt;b&gt;";
  assert.ok(body.includes(`<meta http-equiv="refresh" content="0;url=${shown}">`), body);
  assert.ok(body.includes(`<a href="${shown}">`), body);
});
