// A monkey in a real Chromium: takes {chromium, base, seed, steps, wild, walkers: [{name, token, language, width, script, marks, mark}]} as JSON from
// standard input. Each walker follows links, goes back, reloads, types and presses twice, in a context of its own, all at once; prints what was found.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const told = { found: [], done: {} };

// mulberry32: the same walk for the same seed
function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class Walker {
  constructor(about, n) {
    Object.assign(this, about);
    this.random = chance(given.seed + n);
    this.trail = [];
  }

  pick(list) { return list[Math.floor(this.random() * list.length)]; }

  tell(what, ...more) {
    const line = `${this.name}: ${what}: ${more.map((one) => String(one).slice(0, 500)).join(' ')}`;
    if (!told.found.some((one) => one.what === what && one.name === this.name)) told.found.push({ name: this.name, what, line, trail: this.trail.slice(-6) });
  }

  did(what) {
    told.done[what.split(' ')[0]] = (told.done[what.split(' ')[0]] || 0) + 1;
    this.trail.push(what.slice(0, 300));
  }

  async begin() {
    this.context = await browser.newContext({ viewport: { width: this.width, height: 850 }, locale: this.language, acceptDownloads: true, javaScriptEnabled: this.script,
      colorScheme: this.width < 500 ? 'dark' : 'light', reducedMotion: 'reduce' });
    this.context.setDefaultTimeout(8000);
    this.page = await this.context.newPage();
    this.page.on('console', (message) => { if (!/status of 4\d\d/.test(message.text())) this.tell('console', message.text(), this.page.url()); });
    this.page.on('pageerror', (error) => this.tell('pageerror', error));
    this.page.on('dialog', (dialog) => { this.tell('dialog', dialog.message()); dialog.dismiss(); });
    this.page.on('response', (answer) => { if (answer.status() >= 500) this.tell('5xx', answer.status(), answer.url()); });
    this.page.on('request', (request) => { if (!request.url().startsWith(given.base) && !/^(blob|data):/.test(request.url())) this.tell('elsewhere', request.url()); });
    await this.signIn();
  }

  async signIn() {
    this.did('sign-in');
    await this.page.goto(given.base + '/sign-in?lang=' + this.language, { waitUntil: 'load' });
    await this.page.fill('[name=token]', this.token);
    await this.page.press('[name=token]', 'Enter');
    await this.page.waitForLoadState('load');
  }

  // what holds of whatever is shown
  async look() {
    const { page } = this;
    await page.waitForLoadState('load');
    const seen = await page.evaluate((names) => ({
      language: document.documentElement.lang, h1: document.querySelectorAll('h1').length, title: document.title,
      text: document.body.innerText, html: document.documentElement.outerHTML.length,
      scrolls: document.documentElement.scrollWidth > innerWidth,
      wide: [...document.querySelectorAll('main *')].filter((one) => { const b = one.getBoundingClientRect(); return b.width > 1 && b.right > innerWidth + 1 && !one.closest('.vh, .skip, pre'); })
        .slice(0, 2).map((one) => one.outerHTML.slice(0, 200)),
      marks: [...document.documentElement.outerHTML.matchAll(/qz([a-z]{2})zq/g)].map((m) => m[1]).filter((m) => !names.includes(m)),
      own: !!document.querySelector('main'),
    }), this.marks);
    const path = page.url().slice(given.base.length).slice(0, 200);
    if (page.url() === 'chrome-error://chromewebdata/') { await page.goto(given.base + '/', { waitUntil: 'load' }); return null; } // back to what was sent: asked for anew by nobody
    if (!page.url().startsWith(given.base)) return this.tell('went elsewhere', page.url());
    if (!seen.own) return null; // a statement, a table
    if (seen.scrolls) this.tell('scrolls sideways', path, seen.wide.join(' | '));
    if (seen.h1 !== 1) this.tell('h1', path, seen.h1);
    if (seen.marks.length) this.tell('a mark of ' + seen.marks[0], path);
    if (!seen.title || /\bundefined\b|\bNaN\b|\[object/.test(seen.text)) this.tell('odd text', path, seen.title, seen.text.match(/.{0,30}(undefined|NaN|\[object).{0,30}/)?.[0] ?? '');
    if (this.script && this.random() < 0.08) {
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      told.done.axe = (told.done.axe || 0) + 1;
      for (const v of found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))) this.tell('axe ' + v.id, path, v.nodes[0].html);
    }
    return null;
  }

  async visible(selector) {
    const all = [];
    for (const one of await this.page.locator(selector).all()) if (await one.isVisible().catch(() => false)) all.push(one);
    return all;
  }

  async follow() {
    const hrefs = await this.page.evaluate(() => [...document.querySelectorAll('a[href]')].filter((a) => a.offsetParent !== null && !a.download).map((a) => a.getAttribute('href')));
    const own = hrefs.filter((href) => href.startsWith('/') && !/^\/(verify|v1|log|openapi|sign-out)|\.csv|format=|lang=|^\/statements\/\w+$/.test(href));
    if (!own.length) return this.page.goto(given.base + '/', { waitUntil: 'load' });
    const href = this.pick(own);
    this.did('follow ' + href);
    const answer = await this.page.goto(given.base + href, { waitUntil: 'load' });
    if (answer && answer.status() >= 400) this.tell('a link to ' + answer.status(), href);
    return null;
  }

  // by keyboard alone: Tab until something has the focus, and each has to be seen
  async tab() {
    this.did('tab');
    for (let n = 0; n < 1 + this.random() * 25; n++) await this.page.keyboard.press('Tab');
    const at = await this.page.evaluate(() => {
      const one = document.activeElement, box = one.getBoundingClientRect();
      const clipped = (up) => up && (getComputedStyle(up).clipPath !== 'none' || clipped(up.parentElement));
      return one === document.body ? null : { html: one.outerHTML.slice(0, 200), seen: box.width > 0 && box.height > 0 && !clipped(one),
        ring: getComputedStyle(one).outlineStyle !== 'none' };
    });
    if (at && !(at.seen && at.ring)) this.tell('focus that is not seen', this.page.url(), at.html);
  }

  async type() {
    const forms = [];
    for (const form of await this.visible('main form')) forms.push(form);
    if (!forms.length) return this.follow();
    const form = this.pick(forms);
    const typed = [];
    for (const field of await form.locator('input:visible, textarea:visible, select:visible').all()) {
      const kind = await field.evaluate((one) => [one.tagName.toLowerCase(), one.type, one.name, one.readOnly || one.disabled || getComputedStyle(one.closest('thead') || one).clipPath !== 'none']); // a clipped head is for who hears the page
      if (kind[3] || kind[1] === 'file' || this.random() < 0.3) continue;
      if (kind[0] === 'select') {
        await field.selectOption({ index: Math.floor(this.random() * await field.locator('option').count()) });
      } else if (kind[1] === 'checkbox' || kind[1] === 'radio') {
        await field.click({ timeout: 2000 }).catch((error) => this.tell('a box that cannot be ticked', this.page.url(), kind, error.message));
      } else {
        const text = this.random() < 0.5 ? `${this.mark} ${this.pick(['été', '广告', 'x'])}` : this.pick(given.wild).slice(0, 3000);
        await field.fill(kind[1] === 'date' ? this.pick(['2026-11-01', '2099-12-31', '0001-01-01']) : kind[1] === 'number' ? '12' : text);
        typed.push([kind[2], await field.inputValue()]);
      }
    }
    const buttons = await form.locator('button:visible').all();
    if (!buttons.length) return null;
    const button = this.pick(buttons), said = (await button.innerText()).trim();
    if (await button.evaluate((one) => ['end-token', 'lock'].includes(one.form?.elements?.act?.value))) return null;
    this.did(`press ${said} at ${this.page.url().slice(given.base.length)} with ${JSON.stringify(typed).slice(0, 300)}`);
    const before = this.page.url();
    await button.click({ clickCount: this.random() < 0.3 ? 2 : 1, noWaitAfter: false }).catch((error) => this.tell('cannot be pressed', before, said, error.message));
    await this.page.waitForLoadState('load');
    const refused = await this.page.locator('.note.bad[role=alert]').count();
    if (!refused) return null;
    told.done.refused = (told.done.refused || 0) + 1;
    for (const [name, value] of typed) {
      if (!value || value.length > 200 || /[\0-\x1f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(value)) continue;
      const kept = await this.page.evaluate(([n, v]) => { const all = [...document.getElementsByName(n)]; return !all.length || all.some((one) => one.value === v); }, [name, value]);
      if (!kept && name !== 'token') this.tell(`not kept: ${name}`, before, value, said);
    }
    return null;
  }

  async step() {
    const way = this.random();
    if (way < 0.4) await this.follow();
    else if (way < 0.75) await this.type();
    else if (way < 0.83) { this.did('back'); await this.page.goBack({ waitUntil: 'load' }).catch(() => null); }
    else if (way < 0.87) { this.did('reload'); await this.page.reload({ waitUntil: 'load' }).catch(() => null); }
    else if (way < 0.93) await this.tab();
    else if (way < 0.95) { this.did('stale'); await this.context.clearCookies({ name: /countersign/ }); await this.type(); }
    else { this.did('home'); await this.page.goto(given.base + '/', { waitUntil: 'load' }); }
    await this.look().catch(async (error) => { // it went on to another page meanwhile, as from one whose session is over: that one is looked at
      if (!/context was destroyed/.test(error.message)) throw error;
      await this.page.waitForLoadState('load');
      await this.look();
    });
    if (!(await this.page.locator('form[action="/sign-out"]').count())) {
      if (await this.page.locator('[name="kept.act"], [name=token]').count()) await this.page.fill('[name=token]', this.token).then(() => this.page.press('[name=token]', 'Enter'));
      else await this.signIn();
      await this.page.waitForLoadState('load');
    }
  }
}

const walkers = given.walkers.map((about, n) => new Walker(about, n));
await Promise.all(walkers.map(async (walker) => {
  await walker.begin();
  for (let n = 0; n < given.steps; n++) {
    try {
      await walker.step();
    } catch (error) {
      walker.tell('step ' + error.name, error.message.split('\n')[0], walker.page.url());
      await walker.page.goto(given.base + '/', { waitUntil: 'load' }).catch(() => null);
    }
  }
}));
console.log(JSON.stringify(told));
await browser.close();
