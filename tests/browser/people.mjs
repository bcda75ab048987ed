// People in a real Chromium, one after the other, each with a profile of their own: takes {chromium, people: [{name, steps}]} as JSON from
// standard input, prints by name what each was told last. A step is a word and its arguments.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
  executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

async function until(url, pattern) {
  for (let n = 0; n < 750; n++) {
    if (new RegExp(pattern, 'm').test(await (await fetch(url)).text())) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${pattern} in ${url}`);
}

const steps = {
  goto: (page, url) => page.goto(url, { waitUntil: 'networkidle' }),
  async press(page, selector) {
    await Promise.all([page.waitForNavigation(), page.click(selector)]);
    await page.waitForLoadState('networkidle');
  },
  check: (page, selector) => page.check(selector),
  uncheck: (page, selector) => page.uncheck(selector),
  async fill(page, fields) {
    for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
  },
  until: (_, url, pattern) => until(url, pattern),
  value: async (page, name, pattern) => page.waitForFunction(([field, wanted]) => new RegExp(wanted).test(document.getElementsByName(field)[0].value), [name, pattern]),
};

const told = {};
for (const { name, steps: todo } of given.people) {
  // a person's: its own says HeadlessChrome, which is a bot
  const context = await browser.newContext({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36' });
  context.setDefaultTimeout(20000);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    for (const [step, ...rest] of todo) await steps[step](page, ...rest);
  } catch (error) {
    throw new Error(`${name}: ${error}`);
  }
  const texts = Object.fromEntries(await page.$$eval('[id]', (found) => found.map((one) => [one.id, one.textContent.trim()])));
  const values = Object.fromEntries(await page.$$eval('input[name]', (found) => found.map((one) => [one.name, one.value])));
  told[name] = { texts, values, complaints, wide: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth) };
  await context.close();
}
console.log(JSON.stringify(told));
await browser.close();
