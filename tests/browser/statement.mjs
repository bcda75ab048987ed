// Pages of statements in a real Chromium, on a phone and on paper: takes {chromium, pages: [{name, url, save}]} as JSON from standard input,
// prints by name what was found. `save` (perhaps null) is a path without its ending for pictures and the PDF.
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: given.chromium, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
const PAPER = Math.floor((210 - 2 * 15) / 25.4 * 96); // what A4 leaves between the margins, in CSS pixels

// what stands out of the page to the right
const wide = () => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width > 1 && box.right > document.documentElement.clientWidth + 0.5 && getComputedStyle(one).position !== 'absolute';
}).map((one) => one.outerHTML.slice(0, 120));

const told = {};
for (const { name, url, save } of given.pages) {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, deviceScaleFactor: 1, isMobile: true });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const answer = await page.goto(url, { waitUntil: 'load' });
  const phone = { wide: await page.evaluate(wide), scrolls: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth) };
  const tree = await page.locator('body').ariaSnapshot(); // as it is read aloud
  if (save) await page.screenshot({ path: save + '.phone.png', fullPage: true });
  await context.close();

  const desk = await browser.newPage({ viewport: { width: PAPER, height: 1000 } });
  await desk.goto(url, { waitUntil: 'load' });
  await desk.emulateMedia({ media: 'print' });
  const said = () => [...document.querySelectorAll('.paper')].filter((one) => one.checkVisibility()).map((one) => one.textContent);
  const seen = (what) => desk.$$eval(what, (all) => all.filter((one) => one.checkVisibility()).map((one) => one.textContent));
  const paper = { wide: await desk.evaluate(wide), said: await desk.evaluate(said), sheet: await seen('.lines thead .sheet'),
    amounts: await seen('.lines tbody td:last-child'), total: await seen('.lines tfoot td:last-child'), links: await desk.$$eval('a', (all) => all.filter((one) => one.checkVisibility()).map((one) => one.getAttribute('href'))) };
  const pdf = await desk.pdf({ preferCSSPageSize: true });
  if (save) {
    writeFileSync(save + '.pdf', pdf);
    await desk.emulateMedia({ media: 'screen' });
    await desk.setViewportSize({ width: 1200, height: 1000 });
    await desk.screenshot({ path: save + '.desk.png', fullPage: true });
  }
  await desk.emulateMedia({ media: 'screen' });
  await desk.setViewportSize({ width: 1000, height: 1000 });
  const screen = { wide: await desk.evaluate(wide), said: await desk.evaluate(said), sheet: await seen('.lines thead .sheet'),
    links: await desk.$$eval('.lines td.k', (all) => Math.min(...all.filter((one) => one.textContent.length > 12).map((one) => one.clientWidth))) };
  await desk.close();
  told[name] = { status: answer.status(), phone, paper, screen, tree, complaints, text: pdf.toString('latin1').match(/share=/) !== null,
    sheets: (pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) || []).length };
}
console.log(JSON.stringify(told));
await browser.close();
