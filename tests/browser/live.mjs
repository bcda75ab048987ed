// A home that is open, in a real Chromium: takes {chromium, base, token} from standard input, signs in, prints "open", and then, for each line that
// comes, what the page shows: {leads, fresh, alive}. Without a reload: what was put into the page's window at the beginning is there to the end.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse((await lines.next()).value);
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const page = await browser.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
await page.goto(given.base + '/sign-in');
await page.fill('[name=token]', given.token);
await Promise.all([page.waitForNavigation(), page.press('[name=token]', 'Enter')]);
await page.evaluate(() => { window.same = true; });
console.log('"open"');
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const seen = await page.evaluate(() => ({ leads: [...document.querySelectorAll('[data-live=latest] a.id')].map((a) => a.getAttribute('href').slice(7)),
    today: document.querySelector('[data-live=today]').innerText, fresh: document.querySelectorAll('tr.new').length, same: window.same === true }));
  console.log(JSON.stringify({ ...seen, complaints }));
}
await browser.close();
