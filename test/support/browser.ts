/**
 * The machine's own Chromium, and pages in it that run bundled, unmodified clients under the origin of a front
 * door. Where there is no Chromium, root on Debian installs it; anybody else is told the command.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const installMaxMs = 180_000;
const waitMaxMs = 20_000;

/** Whoever opens it closes it. */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) installChromium();
  // Its sandbox refuses root.
  return await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}

function installChromium(): void {
  const command = 'apt-get install -y -q --no-install-recommends chromium';
  if (process.getuid?.() !== 0) throw new Error(`Chromium is needed for this test; as root: ${command}`);
  const options = { stdio: 'inherit', timeout: installMaxMs } as const;
  execFileSync('apt-get', ['update', '-q'], options);
  execFileSync('apt-get', command.split(' ').slice(1), options);
}

/** A tab at a page of the front door, with a script of `test/support/pages/` in it. */
export async function openPage(context: BrowserContext, url: string, script: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMaxMs);
  await page.goto(url);
  await page.addScriptTag({ content: await bundle(script) });
  return page;
}

const bundles = new Map<string, Promise<string>>();

async function bundle(script: string): Promise<string> {
  const known = bundles.get(script) ?? bundleAnew(script);
  bundles.set(script, known);
  return await known;
}

async function bundleAnew(script: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'pages', script)],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
