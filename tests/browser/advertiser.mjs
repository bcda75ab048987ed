// What an advertiser does by keys and with a key, in a real Chromium: takes {chromium, base, token, statement, keys: {name: path}, line} as
// JSON from standard input, prints what came of each step.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const told = { complaints: [], sent: [] };
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
page.on('console', (message) => told.complaints.push(message.text()));
page.on('pageerror', (error) => told.complaints.push(String(error)));
page.on('request', (request) => { if (request.postData()) told.sent.push(request.postData()); });
const arrive = (what) => Promise.all([page.waitForNavigation(), what()]);

await page.goto(given.base + '/sign-in');
await page.fill('[name=token]', given.token);
await arrive(() => page.press('[name=token]', 'Enter'));

// by keys: the second line, and the one below it
await page.goto(given.base + '/review');
for (const key of ['j', 'j', 'x', 'j', 'x']) await page.keyboard.press(key);
told.chosen = await page.evaluate(() => [...document.querySelectorAll('[name=lead]:checked')].map((one) => one.value));
told.count = await page.innerText('output');
await page.fill('#reason', 'jar'); // letters that are keys elsewhere
told.after_typing = await page.evaluate(() => document.querySelectorAll('[name=lead]:checked').length);
await page.evaluate(() => document.activeElement.blur());
await arrive(() => page.keyboard.press('r'));
told.answered = await page.innerText('[role=status]');

// of a form that is too large nothing is sent and nothing lost; what the server itself refuses is told in a page, and the way back is open
const rows = 'lead,status\n' + 'x,approved\n'.repeat(130000); // by which line ends count as they are sent
const paste = (text) => page.evaluate((all) => { document.querySelector('[name=csv]').value = all; }, text);
await page.goto(given.base + '/answers');
await paste(rows);
const sent = told.sent.length;
await page.click('main form button.one');
told.large = await page.evaluate(() => [location.pathname, document.querySelector('[name=csv]').validationMessage, document.querySelector('[name=csv]').value.length]);
told.large_sent = told.sent.length - sent;
await page.fill('[name=csv]', 'lead,status\nx,approved\n');
await arrive(() => page.click('main form button.one'));
told.small = await page.innerText('[role=status]');
await page.goto(given.base + '/answers');
await paste(rows);
await arrive(() => page.evaluate(() => document.querySelector('[name=csv]').form.submit())); // as without a script
told.complaints = told.complaints.filter((one) => !one.includes('413')); // as it is answered
told.refused = [await page.innerText('h1'), await page.innerText('main p')];
await arrive(() => page.goBack());
told.back = await page.evaluate(() => [location.pathname, document.querySelector('[name=csv]').value.length]);

// by a key
const answer = `${given.base}/statements/${given.statement}/answer`;
const press = (verdict) => page.click(`[data-verdict=${verdict}]`);
async function choose(key) {
  await page.goto(answer);
  if (key) await page.setInputFiles('#key-file', key);
}
for (const [name, key] of Object.entries({ none: null, ...given.keys.wrong })) {
  await choose(key);
  await press('accept');
  await page.waitForFunction(() => document.querySelector('.err[role=alert]').textContent);
  told[name] = await page.innerText('.err[role=alert]');
}
await choose(given.keys.own);
await page.check(`[name=line][value="${given.line}"]`);
await page.fill('#reason', 'ünï “x”');
await arrive(() => press('dispute'));
told.disputed = page.url();
await choose(given.keys.own);
await arrive(() => press('accept'));
told.accepted = page.url();
console.log(JSON.stringify(told));
await browser.close();
