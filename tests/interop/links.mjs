// Random links through ours and through the URL Standard's own reader (Node's URL and URLSearchParams): where they may go, and
// what they are with parameters set. Usage: links.mjs HELPER SEED COUNT [LIE]; prints how many were compared, exits 1 at a difference.
import { spawnSync } from 'node:child_process';

const [helper, seed, count, lie] = process.argv.slice(2);

let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
function below(n) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(n));
}
const pick = (list) => list[below(list.length)];
const some = (list, most, by = '') => Array.from({ length: below(most + 1) }, () => pick(list)).join(by);

const schemes = ['https://', 'https://', 'https://', 'http://', 'HTTPS://', 'Http://', 'ftp://', 'javascript:', '//', '/', 'https:/', 'https:'];
const hosts = ['shop.example', 'Shop.Example', 'bücher.shop.example', 'BÜCHER.example', 'faß.example', '例え.example', '127.0.0.1', '[::1]', '[2001:DB8::1]',
  'xn--bcher-kva.example', 'a-b.example', 'shop.example.', '', '.', 'a..b', 'sh op.example', 'shop%2eexample', 'user@shop.example', 'user:pw@shop.example',
  '-a.example', 'a_b.example', 'shop.example\\@evil.example', 'sh\top.example'];
const ports = ['', '', '', '', ':', ':443', ':80', ':8443', ':0', ':65535', ':65536', ':00443', ':x'];
const bits = ['?', 'a', 'offer', 'café', 'a b', 'a|b', '{x}', '"q"', "it's", '<t>', '`', '^', '~', '%20', '%', '%zz', '%C3%A9', '+', '[1]', ';', ',', '@', ':', '!', '*', '.', '..', '%2e', '€', '😀',
  '\u00a0', '\u200b'];
const names = ['click_id', 'sub1', 'utm_source', 'utm%5Fsource', 'click%5fid', 'x', 'y', 'X', '', 'a+b', 'a%20b', 'é', '%C3%A9', 'gclid'];
const wanted = ['click_id', 'utm_source', 'sub1', 'gclid', 'a b', 'é', 'new'];

function link() {
  const path = below(5) ? '/' + some([...bits, '/'], 6) : '';
  const pairs = Array.from({ length: below(6) }, () => (below(8) ? pick(names) + (below(5) ? '=' + some(bits, 3) : '') : ''));
  const query = below(3) ? '?' + pairs.join('&') : '';
  const hash = below(3) ? '' : '#' + some([...bits, '#', '/'], 4);
  const text = pick(below(4) ? schemes.slice(0, 6) : schemes) + pick(below(3) ? hosts.slice(0, 12) : hosts) + pick(ports) + path + query + hash;
  return below(10) ? text : pick([' ', '  ']) + text + pick(['', ' ']);
}

function cases() {
  return Array.from({ length: Number(count) }, () => {
    const params = wanted.filter(() => below(3) === 0).map((name) => [name, some([...bits, '&', '=', '#'], 3)]);
    return { text: link(), params };
  });
}

// Which links a click takes though a browser would not mind more: documented in common/decisions/link.h.
function refused(text, url) {
  if (/[\u0000-\u001f\u007f\\]/.test(text)) return 'control characters and backslashes';
  if (!/^ *https?:\/\//i.test(text)) return 'other schemes and relative links';
  const authority = text.replace(/^ +| +$/g, '').replace(/^https?:\/\//i, '').split(/[/?#]/)[0];
  if (authority.includes('@')) return 'user information';
  if (authority.includes('%')) return 'escapes in a host';
  if (/^[-.]|\.\.|[^A-Za-z0-9.:[\]\u0080-\u{10ffff}-]/u.test(authority)) return 'what is no host name';
  if (authority === '' || authority.startsWith(':')) return 'no host';
  if (/\u00a0/.test(authority)) return 'blanks in a host'; // U+200B is none: UTS 46 ignores it
  if (/[\u0080-\u{10ffff}]/u.test(authority) && /\p{S}/u.test(authority)) return 'symbols in a host: IDNA2008 has none, browsers keep those of 2003';
  if (/:\d{6,}/.test(authority)) return 'ports of many digits';
  return url === null ? 'not a URL' : '';
}

function parse(text) {
  try { return new URL(text); } catch { return null; }
}

// Bytes meant, whatever the spelling of escapes.
function meant(text) {
  const bytes = [];
  for (const byte of Buffer.from(text, 'utf8')) bytes.push(byte);
  const out = [];
  for (let i = 0; i < bytes.length; i++) {
    const hex = String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0);
    if (bytes[i] === 0x25 && /^[0-9a-f]{2}$/i.test(hex)) { out.push(parseInt(hex, 16)); i += 2; } else out.push(bytes[i]);
  }
  return Buffer.from(out).toString('hex');
}

function difference({ text, params }, ours) {
  const theirs = parse(text), why = refused(text, theirs);
  if (ours.clean === undefined) return why ? '' : 'refused though nothing is wrong with it';
  if (why) return `taken in spite of ${why}`;
  const clean = parse(ours.clean), set = parse(ours.set);
  if (clean === null || set === null) return 'ours does not read';
  if (!/^[\x21-\x7e]+$/.test(ours.set)) return 'ours holds a byte that no URL has';
  if (clean.origin !== theirs.origin) return `origin ${clean.origin}, theirs ${theirs.origin}`;
  for (const part of ['pathname', 'hash'])
    if (meant(clean[part]) !== meant(theirs[part]) || meant(set[part]) !== meant(theirs[part])) return `${part} ${clean[part]}, theirs ${theirs[part]}`;
  if (JSON.stringify([...clean.searchParams]) !== JSON.stringify([...theirs.searchParams])) return 'another query';
  for (const [name, value] of params) theirs.searchParams.set(name, lie ? value + lie : value);
  if (JSON.stringify([...set.searchParams]) !== JSON.stringify([...theirs.searchParams])) return `${set.search}, theirs ${theirs.search}`;
  return '';
}

const asked = cases();
const done = spawnSync(helper, { input: asked.map((one) => JSON.stringify(one)).join('\n') + '\n', encoding: 'utf8', maxBuffer: 1 << 28 });
if (done.status !== 0) throw new Error(`helper: ${done.status} ${done.stderr}`);
const answers = done.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
const bad = asked.map((one, i) => [one, answers[i], difference(one, answers[i])]).filter(([, , what]) => what);
for (const [one, ours, what] of bad.slice(0, 10)) console.log(JSON.stringify(one), JSON.stringify(ours), what);
console.log(`seed ${seed}: ${asked.length} links, ${answers.filter((a) => a.clean !== undefined).length} taken, ${bad.length} differ`);
process.exit(bad.length ? 1 : 0);
