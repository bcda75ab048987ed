// The page that checks statements, in a real Chromium: takes {chromium, cases: [{name, url, pin, files: [{path, base64}]}]} as JSON from
// standard input, prints by name what it says. Files go in as a folder that is dropped would: with their paths.
import { mkdtempSync, mkdirSync, writeFileSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
  executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const told = {};
for (const one of given.cases) {
  const context = await browser.newContext({ locale: one.locale || 'en-GB', viewport: one.viewport || { width: 1000, height: 900 } });
  context.setDefaultTimeout(20000);
  const page = await context.newPage();
  const complaints = [], asked = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => asked.push(request.url()));
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  try {
    await page.goto(one.url);
    if (one.pin) await page.fill('#pin', one.pin);
    for (const { path, base64 } of one.files) {
      mkdirSync(dirname(join(folder, 'mirror', path)), { recursive: true });
      writeFileSync(join(folder, 'mirror', path), Buffer.from(base64, 'base64'));
    }
    if (one.whole) await page.setInputFiles('#folder', join(folder, 'mirror'));
    else await page.setInputFiles('#files', one.files.map(({ path }) => join(folder, 'mirror', path)));
    await page.waitForFunction(() => document.querySelector('#out .card'));
    if (one.picture) await page.screenshot({ path: one.picture, fullPage: true });
    told[one.name] = {
      verdicts: await page.$$eval('#out [data-verdict]', (found) => found.map((e) => e.dataset.verdict)),
      rows: await page.$$eval('#out .row', (found) => found.map((e) => [e.className.split(' ')[1], e.querySelector('b').textContent])),
      text: await page.$eval('#out', (e) => e.innerText), lang: await page.evaluate(() => document.documentElement.lang),
      wide: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), complaints, asked,
      // whatever a page could be made to do, nothing leaves it
      leaks: await page.evaluate(() => fetch('/healthz').then(() => 'sent', () => 'refused')),
    };
  } finally {
    rmSync(folder, { recursive: true });
    await context.close();
  }
}
console.log(JSON.stringify(told));
await browser.close();
