// Pixels in a real Chromium, over https: a tracker, a shop and a publisher, each a site of its own. Reads its setting as JSON from standard
// input, prints what the pages saw as JSON.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const tls = { key: readFileSync(given.key), cert: readFileSync(given.cert) };
const person = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

// The tracker stands behind a proxy that speaks TLS and changes nothing.
const tracker = createServer(tls, (from, to) => {
  const { hostname, port } = new URL(given.base);
  const on = ask({ hostname, port, path: from.url, method: from.method, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(to);
  });
  on.on('error', () => to.destroy());
  from.pipe(on);
}).listen(given.tracker_port, '127.0.0.1');

// Any page: what stands in its query. An isolated one takes nothing from elsewhere that does not say so.
const pages = createServer(tls, (request, response) => {
  const url = new URL(request.url, 'https://any.test');
  const isolated = url.pathname === '/isolated' ? { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-opener-policy': 'same-origin' } : {};
  response.writeHead(200, { 'content-type': 'text/html', ...isolated })
    .end(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>${url.searchParams.get('body') ?? ''}</body>`);
}).listen(given.pages_port, '127.0.0.1');

const page_of = (host, body, path = '/') => `https://${host}:${given.pages_port}${path}?body=${encodeURIComponent(body)}`;
const pixel = (query) => `${given.pixel_url}?${query}`;

const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'));
// an everyday browser of a person who allows that
mkdirSync(join(profile, 'Default'));
writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }));
const how = {
  executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.test 127.0.0.1'],
};
const browser = await chromium.launch(how); // its contexts bring no cookies to other sites' pages

async function visitor(headers = {}, everyday = false) {
  const settings = { ignoreHTTPSErrors: true, userAgent: person, extraHTTPHeaders: headers };
  const context = everyday ? await chromium.launchPersistentContext(profile, { ...how, ...settings }) : await browser.newContext(settings);
  context.setDefaultTimeout(30000);
  const page = await context.newPage(), errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('requestfailed', (request) => errors.push(`${request.method()} ${request.url()} ${request.failure().errorText}`));
  return { context, page, errors };
}

// What pages do with a pixel: each says what it saw, and nothing may have failed.
async function calls() {
  const { context, page, errors } = await visitor();
  const image = (attributes, query) => `<img ${attributes} src="${pixel(query)}">`;
  const seen = {};
  const loaded = () => page.evaluate(() => Promise.all([...document.images].map(async (img) => {
    await img.decode();
    const canvas = document.createElement('canvas');
    canvas.getContext('2d').drawImage(img, 0, 0);
    let read = true;
    try { canvas.toDataURL(); } catch { read = false; }
    return [img.naturalWidth, img.naturalHeight, read];
  })));
  await page.goto(page_of('shop.test', image('', 'event=view&n=plain') + image('crossorigin', 'event=view&n=anonymous') +
    image('crossorigin="use-credentials"', 'event=view&n=credentials')));
  seen.images = await loaded();
  await page.goto(page_of('shop.test', image('', 'event=impression'), '/isolated'));
  seen.isolated = [await page.evaluate(() => crossOriginIsolated), await loaded()];
  await page.goto(page_of('shop.test', ''));
  seen.fetched = await page.evaluate(async (url) => Promise.all([
    {}, { method: 'POST' }, { method: 'POST', body: new URLSearchParams({ event: 'view' }) }, { mode: 'no-cors', credentials: 'include' },
    { method: 'POST', headers: { 'content-type': 'application/json', 'x-anything': '1' }, body: '{}' }, { method: 'HEAD' },
    { credentials: 'include' }, { method: 'POST', credentials: 'include' },
  ].map(async (how) => {
    const answer = await fetch(url, how);
    return [answer.type, answer.status, (await answer.arrayBuffer()).byteLength];
  })), pixel('event=view'));
  const beacons = [];
  context.on('requestfinished', (request) => request.method() === 'POST' && beacons.push(request.url()));
  seen.beacons = await page.evaluate((url) => [
    navigator.sendBeacon(url + '&n=bare'), navigator.sendBeacon(url + '&n=text', 'event=impression'),
    navigator.sendBeacon(url + '&n=form', new URLSearchParams({ event: 'impression' })),
    navigator.sendBeacon(url + '&n=json', new Blob(['{}'], { type: 'application/json' })),
  ], pixel('a=1'));
  await page.waitForTimeout(1000);
  seen.errors = errors;
  await context.close();
  return seen;
}

// From the publisher's link to the shop's thank-you page.
async function journey(txid, { headers, query = '', everyday = false, tracker = 'track.test' } = {}) {
  const { context, page, errors } = await visitor(headers, everyday);
  const here = (url) => url.replace('track.test', tracker);
  await page.goto(page_of('publisher.test', `<a id="ad" href="${here(given.click_url)}?sub1=${txid}">offer</a>`));
  await page.click('#ad');
  await page.waitForURL((url) => url.hostname === 'shop.test');
  const id = new URL(page.url()).searchParams.get('click_id');
  const cookies = (await context.cookies(here(given.pixel_url))).map(({ name, value, sameSite, secure, httpOnly, expires }) =>
    ({ name, holds: value === id, sameSite, secure, httpOnly, days: Math.round((expires - Date.now() / 1000) / 86400) }));
  await page.goto(page_of('shop.test', `<img src="${here(pixel(`event=lead&txid=${txid}${query.replace('ID', id)}`))}">`));
  await page.evaluate(() => document.images[0].decode());
  await page.reload();
  await page.evaluate(() => document.images[0].decode());
  await context.close();
  return { cookies, errors };
}

async function stranger(txid) {
  const { context, page, errors } = await visitor();
  await page.goto(page_of('shop.test', `<img src="${pixel(`event=lead&txid=${txid}`)}">`));
  await page.evaluate(() => document.images[0].decode());
  await context.close();
  return { errors };
}

try {
  console.log(JSON.stringify({
    calls: await calls(),
    cookie: await journey('cookie', { everyday: true }),
    blocked: await journey('blocked'),
    blocked_with_id: await journey('blocked-id', { query: '&click_id=ID' }),
    own_domain: await journey('own-domain', { tracker: 'track.shop.test' }),
    gpc: await journey('gpc', { headers: { 'Sec-GPC': '1' } }),
    gpc_with_id: await journey('gpc-id', { headers: { 'Sec-GPC': '1' }, query: '&click_id=ID' }),
    stranger: await stranger('stranger'),
  }));
} finally {
  await browser.close();
  for (const server of [tracker, pages]) { server.closeAllConnections(); server.close(); }
  rmSync(profile, { recursive: true, force: true });
}
