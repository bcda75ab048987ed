// Pages of those who are signed in, in a real Chromium: takes {chromium, base, visits: [{name, token, language, paths, save, widths, between}], sizes} as JSON
// from standard input; each signs in by the form, opens its paths at each width, and signs out. Prints what was found of each page.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });

// what stands out of the page to the right
const wide = () => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width > 1 && box.right > document.documentElement.clientWidth + 0.5 && getComputedStyle(one).position !== 'absolute' && !one.closest('.vh, .skip');
}).map((one) => one.outerHTML.slice(0, 120));

// through the protocol, which no policy of the page keeps out
async function faults(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(' | ')}`);
}

// cards that were stretched beside a longer one: more empty than an empty line or two
const hollow = () => [...document.querySelectorAll('.card:not(:has(.bulk))')].filter((one) => one.offsetHeight && innerWidth >= 900).map((one) => {
  const ends = [...one.querySelectorAll('*')].map((part) => part.getBoundingClientRect()).filter((box) => box.height > 0).map((box) => box.bottom);
  return [Math.round(one.getBoundingClientRect().bottom - Math.max(...ends)), one.outerHTML.slice(0, 120)];
}).filter(([empty]) => empty > 150).map(String);

// what a sheet of A4 cuts off, or has and should not
const A4 = 680;
const onPaper = () => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.height > 1 && box.width > 1 && !one.closest('.vh') && (box.right > innerWidth + 1 || one.matches('.top, .foot, .main'));
}).map((one) => one.outerHTML.slice(0, 120));

// the stop of the Tab key that has the focus: what it is, and why nobody sees that it is there
const stop = () => {
  const one = document.activeElement, box = one.getClientRects()[0] || new DOMRect(), x = box.left + Math.min(box.width, 12) / 2, y = box.top + Math.min(box.height, 12) / 2;
  if (one === document.body) return null;
  const why = [];
  if (getComputedStyle(one).outlineStyle === 'none') why.push('has no ring');
  for (let up = one; up; up = up.parentElement) if (getComputedStyle(up).clipPath !== 'none') why.push('is clipped');
  if (!box.width || !box.height || box.right < 0 || x > innerWidth || box.bottom < 0 || y > innerHeight) why.push('is nowhere');
  else if (!one.contains(document.elementFromPoint(x, y)) && !document.elementFromPoint(x, y)?.contains(one)) why.push('is behind another');
  return { html: one.outerHTML.slice(0, 160), why };
};

// by the Tab key from the top to the bottom, twenty presses at a time
async function unseen(page) {
  await page.evaluate(`(() => { const stop = ${stop}; globalThis.stops = []; addEventListener('keyup', () => stops.push(stop())); scrollTo(0, 0); document.activeElement.blur(); })()`);
  for (let n = 0; n < 20; n++) {
    for (let i = 0; i < 20; i++) await page.keyboard.press('Tab');
    const stops = await page.evaluate(() => globalThis.stops);
    if (stops.includes(null)) return stops.slice(0, stops.indexOf(null)).filter((at) => at.why.length).map((at) => `${at.why.join(', ')}: ${at.html}`);
  }
  return ['the focus stays in the page'];
}

const told = {};
for (const visit of given.visits) {
  for (const width of visit.widths || given.widths) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, locale: visit.language, colorScheme: visit.scheme || 'light', javaScriptEnabled: true });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    let bytes = 0;
    page.on('response', async (answer) => { bytes += Number((await answer.allHeaders())['content-length'] || 0); });
    const seen = [];
    async function look(name) {
      const between = [];
      await page.waitForLoadState('load');
      for (const w of visit.between || []) {
        await page.setViewportSize({ width: w, height: 900 });
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) between.push(w);
      }
      let printed = [];
      if (visit.language === 'fr') {
        await page.emulateMedia({ media: 'print' });
        await page.setViewportSize({ width: A4, height: 900 });
        printed = await page.evaluate(onPaper);
        await page.emulateMedia({ media: null });
      }
      await page.setViewportSize({ width, height: 900 });
      seen.push({ name, between, printed, title: await page.title(), lang: await page.getAttribute('html', 'lang'), wide: await page.evaluate(wide),
        scrolls: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), hollow: await page.evaluate(hollow), text: await page.innerText('body'), axe: await faults(page),
        h1: await page.locator('h1').count(), unseen: visit.language === 'en' || await page.locator('.bulk').count() ? await unseen(page) : [] });
      if (visit.save) await page.screenshot({ path: `${visit.save}.${name.replace(/\W+/g, '_')}.${width}.png`, fullPage: true });
    }
    await page.goto(given.base + visit.paths[0], { waitUntil: 'load' });
    if (page.url() === given.base + '/') {
      await look('front');
      await page.goto(given.base + '/sign-in', { waitUntil: 'load' });
    }
    await look('sign-in');
    await page.fill('[name=token]', visit.token);
    await Promise.all([page.waitForNavigation(), page.press('[name=token]', 'Enter')]);
    for (const path of visit.paths) {
      await page.goto(given.base + path, { waitUntil: 'load' });
      await look(path.split('?')[0].slice(0, 12));
    }
    await Promise.all([page.waitForNavigation(), page.click('form[action="/sign-out"] button')]);
    const out = page.url();
    told[`${visit.name} ${width}`] = { seen, complaints, out, bytes, cookies: (await context.cookies()).filter((one) => one.name !== 'lang').length };
    await context.close();
  }
}
console.log(JSON.stringify(told));
await browser.close();
