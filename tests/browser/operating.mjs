// What pages do beside the whole story, in a real Chromium: takes {chromium, base, operator, advertiser, publisher (tokens), folder, key} as JSON
// from standard input. The operator has the folder copied and checked by buttons; a publisher puts a new key in the place of its own; an
// advertiser chooses all leads on a phone; a refused form speaks French.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const told = { complaints: [] };

async function signedIn(token, more) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', acceptDownloads: true, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.on('console', (message) => { if (!/status of 4(09|22)/.test(message.text())) told.complaints.push(message.text()); });
  page.on('pageerror', (error) => told.complaints.push(String(error)));
  await page.goto(given.base + '/sign-in');
  await page.fill('[name=token]', token);
  await Promise.all([page.waitForNavigation(), page.press('[name=token]', 'Enter')]);
  return page;
}

// copies and checks
{
  const page = await signedIn(given.operator);
  await page.goto(given.base + '/system');
  for (const [button, last] of [['Back up now', 'Last one:'], ['Verify now', 'Last one:']]) {
    const part = page.locator('#copies');
    const before = await part.getByText(last).count();
    await Promise.all([page.waitForNavigation(), part.getByRole('button', { name: button, exact: true }).click()]);
    await page.waitForFunction((n) => [...document.querySelectorAll('#copies p')].filter((p) => p.textContent.startsWith('Last one:')).length > n, before);
    await part.getByRole('button', { name: button, exact: true }).waitFor(); // it came back by itself
  }
  told.copies = await page.locator('#copies').innerText();
  await page.goto(given.base + '/');
  told.figures = await page.locator('.kpis').first().innerText();
}

// another key in the place of one
{
  const page = await signedIn(given.publisher);
  const key = (name) => `${given.folder}/${name}.jwk`;
  await page.goto(given.base + '/settings');
  told.before = await page.locator('#key code').first().innerText();
  await page.getByText('Replace the key', { exact: true }).click();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Make a key' }).click()]);
  await saved.saveAs(key('next'));
  const swap = page.getByRole('button', { name: 'Put the new key in its place' });
  const says = async () => { await swap.click(); await page.waitForFunction(() => document.querySelector('#key [role=alert]').textContent !== ''); return page.locator('#key [role=alert]').innerText(); };
  told.noFile = await says();
  await page.getByLabel('New key file').setInputFiles(given.key);
  await page.getByLabel('Key file so far').setInputFiles(given.key);
  told.same = await says();
  await page.getByLabel('New key file').setInputFiles(key('next'));
  await page.getByLabel('Key file so far').setInputFiles(key('next'));
  told.other = await says();
  await page.getByLabel('Key file so far').setInputFiles(given.key);
  await Promise.all([page.waitForNavigation(), swap.click()]);
  told.after = await page.locator('#key code').first().innerText();
  told.made = JSON.parse(readFileSync(key('next'), 'utf8')).kid;
  await page.goto(given.base + '/settings?lang=fr');
  await page.locator('#tokens summary').click();
  await page.getByLabel('Valable jusqu', { exact: false }).fill('2001-01-31');
  await Promise.all([page.waitForNavigation(), page.locator('#tokens details button.one').click()]);
  told.french = await page.locator('#tokens [role=alert]').innerText();
}

// all of them, on a phone
{
  const page = await signedIn(given.advertiser, { viewport: { width: 390, height: 780 }, isMobile: true });
  await page.goto(given.base + '/review');
  const all = page.locator('.bulk .all');
  await all.check();
  told.phone = [await page.locator('[name=lead]').count(), await page.locator('[name=lead]:checked').count()];
  told.wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await page.setViewportSize({ width: 1280, height: 900 });
  told.desk = [await all.isVisible(), await page.locator('thead .all').first().isVisible()];
}
console.log(JSON.stringify(told));
await browser.close();
