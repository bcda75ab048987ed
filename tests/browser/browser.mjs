// One scenario in a real Chromium. Reads its setting as JSON from standard input, prints what it saw as JSON.
//
// Three origins, as in life: the tracker (given), a publisher's page with the link, an advertiser's landing page with the tag and a form,
// whose backend reports the lead by a signed query.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify, createRemoteJWKSet } from 'jose';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const landing = `http://127.0.0.1:${given.landing_port}`;
const jwks = createRemoteJWKSet(new URL(`${given.base}/.well-known/jwks.json`));

// the advertiser's backend

async function report(form) {
  const fields = { click_id: form.click_id, touches: form.touches, email: form.email, phone: form.phone, f_website: form.website,
    txid: `form-${randomBytes(6).toString('hex')}`, kid: given.kid, ts: String(Math.floor(Date.now() / 1000)), nonce: randomBytes(16).toString('hex') };
  for (const name of Object.keys(fields)) if (!fields[name]) delete fields[name];
  const target = `/postback?${new URLSearchParams(fields)}`;
  const empty = createHash('sha256').update('').digest('hex');
  const sig = createHmac('sha256', Buffer.from(given.secret.replace('whsec_', ''), 'base64'))
    .update(`PBv1\nGET\n${new URL(given.base).host}\n${target}\n${empty}`).digest('hex');
  const answer = await fetch(`${given.base}${target}&sig=${sig}`);
  if (answer.status !== 200) throw new Error(`postback: ${answer.status} ${await answer.text()}`);
  const lead = await answer.json();
  const { payload } = await compactVerify(lead.receipt, jwks);
  return { form, lead, receipt: JSON.parse(new TextDecoder().decode(payload)) };
}

const page = (body) => `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body>${body}</body></html>`;
const tag = (attributes) => given.tag.replace(' async>', ` ${attributes} async>`); // as POST .../codes answers it
const form = `<form method="post" action="/submit"><input name="email" type="email"><input name="phone"><input name="website" hidden>
  <input type="hidden" name="click_id"><input type="hidden" name="touches"><button>Send</button></form>`;
let reported;

function landingPage(request, response) {
  const url = new URL(request.url, landing);
  const html = (body) => response.writeHead(200, { 'content-type': 'text/html' }).end(page(body));
  if (url.pathname === '/submit' && request.method === 'POST') {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        reported = await report(Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())));
        html('<p id="thanks">Thank you</p>');
      } catch (error) {
        reported = { error: String(error) };
        html(`<p id="thanks">${error}</p>`);
      }
    });
  } else if (url.pathname === '/hub') {
    html(`<a id="go" href="/offer?click_id=${url.searchParams.get('click_id')}">offer</a><script type="speculationrules">
      {"prerender":[{"source":"list","urls":["/offer?click_id=${url.searchParams.get('click_id')}"],"eagerness":"immediate"}]}</script>`);
  } else if (url.pathname === '/offer' || url.pathname === '/later') {
    html(tag(given.scenario === 'consent' ? 'data-consent="required"' : '') + form);
  } else {
    response.writeHead(404).end();
  }
}

const publisherPage = (request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end(page(`<a id="ad" href="${given.click_url}">See the offer</a>`));

// the visitor

const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'));
const servers = [createServer(landingPage).listen(given.landing_port, '127.0.0.1'), createServer(publisherPage).listen(given.publisher_port, '127.0.0.1')];
const browser = await chromium.launchPersistentContext(profile, {
  // a person's: its own says HeadlessChrome, which is a bot
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
browser.setDefaultTimeout(30000);
if (given.scenario === 'gpc') {
  await browser.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
}
let pixels = 0;
browser.on('requestfinished', (request) => { pixels += new URL(request.url()).pathname.startsWith('/p/'); });

const visitor = browser.pages()[0] ?? (await browser.newPage());
const stored = () => visitor.evaluate(() => Object.keys(localStorage));

async function until(what, condition) {
  for (let n = 0; n < 500; n++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function clickThrough() {
  await visitor.goto(`http://localhost:${given.publisher_port}/`);
  await visitor.click('#ad');
  await visitor.waitForURL(`${landing}/offer**`);
  await visitor.waitForLoadState('networkidle');
  return { click_id: new URL(visitor.url()).searchParams.get('click_id') };
}

async function submit() {
  const who = randomBytes(4).toString('hex');
  await visitor.fill('[name=email]', `zoe.${who}@example.com`);
  await visitor.fill('[name=phone]', `+336${String(parseInt(who, 16) % 1e8).padStart(8, '0')}`);
  await visitor.click('button');
  await visitor.waitForSelector('#thanks');
  if (reported.error) throw new Error(reported.error);
  return reported;
}

const scenarios = {
  async plain() {
    const landed = await clickThrough();
    await until('the view pixel', () => pixels);
    return { landed, ...(await submit()) };
  },
  async later() {
    const landed = await clickThrough();
    await until('the view pixel', () => pixels);
    await visitor.goto(`${landing}/later`);
    await visitor.waitForLoadState('networkidle');
    return { landed, ...(await submit()) };
  },
  async twice() {
    await clickThrough();
    const landed = await clickThrough();
    return { landed, ...(await submit()) };
  },
  async gpc() {
    const landed = await clickThrough();
    await new Promise((resolve) => setTimeout(resolve, 500)); // time in which a wrong pixel would have gone out
    return { landed, stored: await stored(), pixels };
  },
  async consent() {
    const landed = await clickThrough();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = { stored: await stored(), pixels };
    await visitor.evaluate(() => window.countersign('consent'));
    await until('the view pixel', () => pixels);
    const sent = await submit();
    return { landed, before, pixels, ...sent };
  },
  async prerender() {
    const { click_id } = await clickThrough();
    await until('the view pixel', () => pixels);
    const served = new Promise((resolve) => servers[0].on('request', (request) => request.headers['sec-purpose'] && resolve()));
    await visitor.goto(`${landing}/hub?click_id=${click_id}`);
    pixels = 0;
    await served;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const pixels_while_prerendered = pixels;
    await visitor.click('#go');
    await until('the view pixel', () => pixels);
    return { pixels_while_prerendered, pixels };
  },
};

try {
  console.log(JSON.stringify(await scenarios[given.scenario]()));
} finally {
  await browser.close();
  servers.forEach((server) => { server.closeAllConnections?.(); server.close(); });
  rmSync(profile, { recursive: true, force: true });
}
