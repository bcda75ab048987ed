// A party's portal in a real Chromium: a page of another origin that calls the API by its token. Reads its setting as JSON from standard
// input, prints what each page's calls came to as JSON.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const pages = createServer((request, response) => response.writeHead(200, { 'content-type': 'text/html' })
  .end('<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">')).listen(given.pages_port);
const browser = await chromium.launch({ executablePath: given.chromium, headless: true, args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.test 127.0.0.1'] });

// What a page sees of a call: nothing at all where its browser keeps the answer from it.
const call = async ({ url, options }) => {
  try {
    const answer = await fetch(url, { cache: 'no-store', ...options });
    return { status: answer.status, text: (await answer.text()).slice(0, 200), id: answer.headers.get('Request-Id'), wait: answer.headers.get('Retry-After') };
  } catch (error) {
    return { error: error.name };
  }
};

const said = {};
try {
  for (const origin of given.origins) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    said[origin] = {};
    for (const [name, asked] of Object.entries(given.calls)) said[origin][name] = await page.evaluate(call, asked);
    await context.close();
  }
} finally {
  await browser.close();
  pages.close();
}
console.log(JSON.stringify(said));
