// The whole story by clicks and typing alone, in a real Chromium, each person in a browser of their own: takes {chromium, base, operator, script,
// landing, state, folder, programs} as JSON from standard input; prints which words of the pages each used, in order, what was run, and what was
// complained of. Without script, what needs a key is done by the commands that stand on the pages.
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const told = { used: {}, complaints: [], ran: [], statements: [] };

class Person {
  constructor(name) {
    this.name = name;
    told.used[name] = this.used = [];
  }

  async begin(more) {
    this.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', acceptDownloads: true, ...more });
    this.context.setDefaultTimeout(20000);
    this.page = await this.context.newPage();
    this.page.on('console', (message) => told.complaints.push(`${this.name}: ${message.text()}`));
    this.page.on('pageerror', (error) => told.complaints.push(`${this.name}: ${error}`));
    return this;
  }

  // by what it is called: a link, a button, or what opens a part of the page
  named(word) {
    const { page } = this;
    return page.getByRole('link', { name: word, exact: true }).or(page.getByRole('button', { name: word, exact: true }))
      .or(page.locator('summary', { hasText: new RegExp(`^${word}$`) })).first();
  }

  async press(word) {
    this.used.push(word);
    await this.named(word).click();
    await this.page.waitForLoadState('load');
  }

  field(word) {
    this.used.push(word);
    return this.page.getByLabel(word, { exact: true }).first();
  }

  async type(word, text) { await this.field(word).fill(text); }
  async choose(word, text) { await this.field(word).selectOption(typeof text === 'string' ? { label: text } : text); }

  async see(word) {
    this.used.push(word);
    await this.page.getByText(word, { exact: true }).first().waitFor({ state: 'visible' });
  }

  text(id) { return this.page.locator('#' + id).innerText(); }

  // a command as it stands on the page
  async run(id, change = (text) => text) {
    const text = change(await this.text(id));
    const done = spawnSync('bash', ['-e', '-c', text], { cwd: given.folder, encoding: 'utf8',
      env: { ...process.env, PATH: `${given.programs}:${process.env.PATH}`, TOKEN: this.token, COUNTERSIGN_TOKEN: this.token } });
    told.ran.push({ who: this.name, text, status: done.status, said: done.stdout + done.stderr });
  }
}

const people = given.script ? {} : { javaScriptEnabled: false };
const [operator, advertiser, publisher, auditor] = await Promise.all(['operator', 'advertiser', 'publisher', 'auditor'].map((name) => new Person(name).begin(people)));
const key = (one) => `${given.folder}/${one.name}.jwk`;

async function invite(one, name, role) {
  await operator.press('Parties');
  await operator.type('Name that others see', name);
  await operator.choose('Role', role);
  await operator.press('Make it and its invitation');
  await operator.see('Link of the invitation');
  const link = await operator.text('invite_url');
  await operator.press('I have kept it');
  await one.page.goto(link);
  await one.press('Make them and show them');
  one.token = await one.text('token');
  one.kid = await one.text('kid');
  one.secret = await one.text('postback_secret');
  await one.press('Sign in');
}

async function enrol(one) {
  await one.press('Settings');
  if (given.script) {
    const [saved] = await Promise.all([one.page.waitForEvent('download'), one.press('Make a key')]);
    told.file = saved.suggestedFilename();
    await saved.saveAs(key(one));
    await one.field('Your key file').setInputFiles(key(one));
    await Promise.all([one.page.waitForNavigation(), one.press('Put the key on record')]);
  } else {
    await one.run('enrol');
    renameSync(`${given.folder}/party.key`, key(one));
    await one.page.reload();
  }
  one.kept = await one.page.locator('#key code').innerText();
}

// from the list, or from the statement itself
async function answer(one, through) {
  await one.press('Money');
  if (through) await one.named(through).click();
  await one.press('Answer');
  if (given.script) {
    await one.field('Your key file').setInputFiles(key(one));
    await Promise.all([one.page.waitForNavigation(), one.press('Accept it')]);
  } else {
    spawnSync('chmod', ['600', key(one)]);
    await one.run('accept', (text) => text.replace('KEY.jwk', key(one)));
  }
}

// ---- everybody comes in

await operator.page.goto(given.base + '/sign-in');
await operator.type('API token', given.operator);
await operator.press('Sign in');
await invite(advertiser, 'Assurances Lumen', 'Advertiser');
await invite(publisher, 'Comparateur Nord', 'Publisher');
await invite(auditor, 'Cabinet Vérif', 'Auditor');
await enrol(advertiser);
await enrol(publisher);

// ---- campaign, landing page, contract, link

await advertiser.press('Campaigns');
await advertiser.press('New campaign');
await advertiser.type('Name', 'Home insurance');
await advertiser.type('Landing page', given.landing);
await advertiser.type('Country of numbers without a prefix', 'FR');
await advertiser.press('Make it');
await advertiser.press('Landing page');
await advertiser.press('Make one');
const campaign = new URL(advertiser.page.url()).pathname.split('/')[2];
const tag = await advertiser.page.locator('pre').first().innerText();

await operator.press('Contracts');
await operator.choose('Campaign', 'Home insurance · Assurances Lumen');
await operator.choose('Publisher', 'Comparateur Nord');
await operator.type('Price of a lead', '12.50');
await operator.press('Make it');
await operator.choose('Auditor', 'Cabinet Vérif');
await operator.press('Let read');

await publisher.press('Links');
await publisher.choose('Offer', { index: 0 });
await publisher.type('Name, for you', 'newsletter');
await publisher.press('Make the link');
await publisher.see('Ready to use');
const link = await publisher.text('link');

// ---- what the advertiser puts on its own site, and two visitors

writeFileSync(given.state, JSON.stringify({ tracker: given.base, campaign, kid: advertiser.kid, secret: advertiser.secret, tag,
  links: [{ name: 'Comparateur Nord', url: link }], publishers: {} }));
for (const n of [1, 2]) {
  // a person's: its own says HeadlessChrome, which is a bot
  const visitor = await new Person(`visitor ${n}`).begin({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36' });
  await visitor.page.goto(link, { waitUntil: 'networkidle' });
  await visitor.page.check('[data-consent]');
  await visitor.page.waitForFunction(() => document.getElementsByName('click_id')[0].value.length > 40);
  for (const [word, text] of [['Postcode', '75011'], ['Electricity a month, EUR', '90'], ['Last name', 'Zoé'], ['E-mail', `zoe.${n}@example.com`], ['Phone', `+3361234567${n}`]]) {
    await visitor.type(word, text);
  }
  await visitor.page.check('[name=call]');
  await visitor.press('Get my estimate');
  told[visitor.name] = await visitor.text('verdict');
  await visitor.context.close();
}

// ---- review, statement, both answers

await publisher.press('Leads');
await advertiser.press('Review');
told.waits = await advertiser.page.locator('h1').innerText();
for (const box of await advertiser.page.locator('[name=lead]').all()) await box.check();
await advertiser.press('Approve');
told.reviewed = await advertiser.page.locator('[role=status]').first().innerText();

await operator.press('Money');
await operator.press('Issue');
await operator.press('Money');
await advertiser.page.goto(given.base + '/');
told.asked = await advertiser.page.locator('a[href$="/answer"]').count(); // the first page asks, too
await answer(advertiser);
await answer(publisher, 'No. 1');
await operator.press('Money');
told.month = await operator.page.locator('main').innerText();

// ---- the auditor, at home

await auditor.press('Contracts');
await auditor.see('Take a copy and check it at home');
await auditor.run('pull');
told.keys = [advertiser.kept, publisher.kept];
console.log(JSON.stringify(told));
await browser.close();
