// The pictures of the README's tour: node screenshots.mjs URL WHO OPERATOR_TOKEN DIR, with what month.py says of who takes part.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../tests/package.json', import.meta.url))('playwright-core');
const [url, who, operator, dir] = process.argv.slice(2);
const tokens = { operator: readFileSync(operator, 'utf8').trim() };
for (const [role, one] of Object.entries(JSON.parse(readFileSync(who, 'utf8')))) tokens[role] = one.token;

// name, role, path (or a path and the first link there that begins so), and how it is looked at
const pictures = [
  ['publisher', 'publisher', '/'],
  ['publisher-phone', 'publisher', '/', { phone: true }],
  ['links', 'publisher', '/links'],
  ['reports', 'publisher', '/reports?group=sub1&compare=previous'],
  ['review', 'advertiser', '/review'],
  ['statement', 'publisher', ['/statements', '/statements/']],
  ['month-end', 'operator', '/month-end'],
  ['advertiser-dark-zh', 'advertiser', '/', { dark: true, language: 'zh' }],
];
const PHONE = { width: 390, height: 844 }, DESK = { width: 1180, height: 820 };

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
  '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
for (const [name, role, place, { phone, dark, language } = {}] of pictures) {
  const context = await browser.newContext({ viewport: phone ? PHONE : DESK, colorScheme: dark ? 'dark' : 'light', locale: language || 'en' });
  const page = await context.newPage();
  const [first, then] = [place].flat();
  for (let tries = 0; ; tries++) { // it may not serve yet
    try { await page.goto(`${url}/sign-in`); break; } catch (error) { if (tries === 50) throw error; await page.waitForTimeout(100); }
  }
  await page.fill('[name=token]', tokens[role]);
  await Promise.all([page.waitForNavigation(), page.press('[name=token]', 'Enter')]);
  await page.goto(url + first);
  if (then) await page.goto(new URL(await page.locator(`main a[href^="${then}"]`).first().getAttribute('href'), url).href);
  await page.screenshot({ path: `${dir}/${name}.png` });
  await context.close();
}
await browser.close();
