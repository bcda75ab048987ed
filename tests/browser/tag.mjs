// The tag in a real Chromium, against small copies of what form builders, frameworks, routers, optimisers and consent tools put into
// pages. Reads its setting as JSON from standard input, prints what each row of tag_rows.mjs gave as JSON: {row: {got, want}}.
//
// Every row has a browser context of its own. What it got is told in the names id1, id2, ... of real click ids. A control is a row run
// with one line of the tag's source broken, which must give something else.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { controls, moreControls, rows } from './tag_rows.mjs';

const given = JSON.parse(readFileSync(0, 'utf8'));
const source = readFileSync(given.source, 'utf8');
const served = await (await fetch(`${given.base}/t.js`)).text();
const landing = `http://127.0.0.1:${given.port}`;
const libraries = {
  'react.js': 'react/umd/react.production.min.js', 'react-dom.js': 'react-dom/umd/react-dom.production.min.js',
  'vue.js': '@vue/runtime-dom/dist/runtime-dom.global.prod.js',
};

// the landing pages' server: /RUN/PAGE is a page of the run's row, /RUN/submit takes a lead

const runs = new Map();

function answer(request, response) {
  const [, run, page] = new URL(request.url, landing).pathname.split('/');
  const known = runs.get(run);
  const say = (type, text, more) => response.writeHead(200, { 'content-type': type, ...more }).end(text);
  if (run === 'library') return say('text/javascript', readFileSync(new URL(`../node_modules/${libraries[page]}`, import.meta.url)));
  if (known === undefined) return response.writeHead(404).end();
  if (page === 'submit') {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      known.leads.push(Object.fromEntries(new URLSearchParams(body)));
      say('text/html', '<p id="thanks">Thank you</p>');
    });
    return undefined;
  }
  if (page.endsWith('.js')) return setTimeout(() => say('text/javascript', known.script), known.row.slow ?? 0);
  const body = known.row.pages[page];
  if (body === undefined) return response.writeHead(404).end();
  const [first, rest] = body(known.kit).split('<!--pause-->');
  const head = '<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body>';
  response.writeHead(200, { 'content-type': 'text/html', ...known.row.headers?.(known.kit) }).write(head + first);
  return setTimeout(() => response.end(rest), rest === undefined ? 0 : 700);
}

const server = createServer(answer).listen(given.port, '127.0.0.1');

// Pages get the real tag, from the tracker; those of a control a broken one, a copy of the landing page's own.
function kit(run, broken) {
  const src = (options) => broken || options.copy
    ? `${landing}/${run}/t.js?code=${given.codes[0]}&host=${encodeURIComponent(given.base)}` : `${given.base}/t.js?code=${given.codes[0]}`;
  return {
    codes: given.codes, base: given.base, run, landing, other: `http://localhost:${given.port}/${run}`, script: broken || served,
    tag: (attributes = '', query = '', options = {}) => `<script src="${src(options)}${query}" ${attributes} async></script>`,
    src: (query = '') => src({}) + query,
    form: (inside = '<input type="hidden" name="click_id"><input type="hidden" name="touches">', attributes = '') =>
      `<form method="post" action="submit" ${attributes}><input name="email">${inside}<button>Send</button></form>`,
  };
}

const browsers = await Promise.all([given.chromium, given.whole].map((executablePath) => chromium.launch({
  executablePath, headless: true, ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})));

// What a row's steps are given.
class Visit {
  constructor(run, context, state) {
    Object.assign(this, { run, context, state, patience: state.patience, ids: given.ids, kit: state.kit, views: [], errors: [] });
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname.startsWith('/p/')) {
        const code = given.codes.indexOf(url.pathname.slice(3, 38));
        const id = given.ids.indexOf(url.searchParams.get('click_id'));
        this.views.push('AB'[code] + (id < 0 ? '' : ` id${id + 1}`));
      }
    });
  }

  async tab() {
    const tab = await this.context.newPage();
    tab.setDefaultTimeout(this.patience);
    tab.on('pageerror', (error) => this.errors.push(String(error)));
    return tab;
  }

  url(page, query = '') { return `${landing}/${this.run}/${page}${query.replace(/\bid(\d+)/g, (_, n) => given.ids[n - 1])}`; }

  /** Goes to a page and waits for its tag. */
  async land(page = 'index', query = '?click_id=id1', tab = this.page) {
    await tab.goto(this.url(page, query), { waitUntil: 'load' });
    await tab.waitForFunction(() => window.countersign?.join);
  }

  /** Waits for the next lead that a form of the page sends once `act` is done; answers its fields, without the e-mail. */
  async lead(act = () => this.page.click('button')) {
    const before = this.state.leads.length;
    await act();
    await this.until(() => this.state.leads.length > before);
    const { email, ...rest } = this.state.leads[before];
    return rest;
  }

  async until(condition) {
    for (const end = Date.now() + this.patience; Date.now() < end; await this.sleep(10)) if (await condition()) return;
    throw new Error('waited in vain');
  }

  sleep(ms) { return new Promise((resolve) => setTimeout(resolve, ms)); }

  /** The view pixels that have gone out, when one more could have. */
  async seen(most = 1) {
    await this.until(() => this.views.length >= most).catch(() => {});
    await this.sleep(150);
    return [...this.views].sort();
  }

  stored(tab = this.page) { return tab.evaluate(() => JSON.parse(localStorage.cs_touch ?? '[]').map((row) => row[0]).join()); }

  value(selector = '[name=click_id]', tab = this.page) { return tab.locator(selector).first().inputValue(); }
}

async function perform(run, row, broken) {
  const context = await browsers[row.whole ? 1 : 0].newContext();
  const state = { row, kit: kit(run, broken), leads: [], script: broken || served, patience: broken ? given.impatience_ms : given.patience_ms };
  runs.set(run, state);
  const visit = new Visit(run, context, state);
  let got;
  try {
    if (row.before) await context.addInitScript(row.before);
    visit.page = await visit.tab();
    got = await row.go(visit);
  } catch (error) {
    got = { failed: String(error).split('\n')[0] };
  }
  if (visit.errors.length) got = { ...got, errors: visit.errors };
  await context.close();
  let text = JSON.stringify(got);
  given.ids.forEach((id, n) => { text = text.replaceAll(id, `id${n + 1}`); });
  return { got: JSON.parse(text), want: row.want };
}

const seen = {};
const work = Object.entries(rows).filter(([name]) => !given.only || name.includes(given.only)).map(([name, row]) => ({ name, run: name, row }));
const tried = given.long ? [...controls, ...moreControls] : controls.filter((_, n) => n % 3 === given.seed % 3);
for (const [name, row, from, to] of given.only ? [] : tried) {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`control ${name}: ${parts.length - 1} times in the tag: ${from}`);
  work.push({ name: `control ${name}`, run: `c-${name.replace(/\W+/g, '-')}`, row: rows[row], broken: parts.join(to) });
}
await Promise.all(Array.from({ length: 4 }, async () => {
  for (let next; (next = work.shift()) !== undefined;) {
    seen[next.name] = await perform(next.run, next.row, next.broken);
  }
}));
console.log(JSON.stringify(seen));
await Promise.all(browsers.map((browser) => browser.close()));
server.closeAllConnections?.();
server.close();
