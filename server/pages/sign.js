// Signs what a party says, with a key that is read from a file and goes nowhere: its answer to a statement, or that the key is its own. What
// it is about stands in the data of a box of the form; what is signed is what FORMATS.md calls a party's word.
(function () {
  var box = document.querySelector('[data-issuer]');
  if (!box) return;
  var f = box.closest('form'), d = box.dataset, told = box.querySelector('[role=alert]'), bytes = function (s) { return new TextEncoder().encode(s); };
  function b64u(b) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function lines() {
    var all = [].slice.call(f.querySelectorAll('[name=line]:checked')).map(function (e) { return e.value; });
    f.elements.further.value.split(',').forEach(function (t) { if (t.trim()) all.push(t.trim()); });
    return all.filter(function (t, i) { return all.indexOf(t) === i; }).map(Number);
  }
  // members in the order of canonical JSON, here and below
  function half(own) { return { crv: 'Ed25519', kty: 'OKP', x: own.x }; }
  function enrolment(own) { return { at: new Date().toISOString(), issuer: d.issuer, jwk: half(own), party: d.party, typ: 'countersign-key' }; }
  function response(verdict) {
    var o = { at: new Date().toISOString(), disputed: verdict === 'dispute' ? lines() : [], issuer: d.issuer, party: d.party };
    if (verdict === 'dispute' && !o.disputed.length && !f.elements.reason.value.trim()) throw d.noWhy;
    if (verdict === 'dispute' && f.elements.reason.value) o.reason = f.elements.reason.value;
    o.statement_sha256 = d.sha256; o.typ = 'countersign-response'; o.verdict = verdict;
    return o;
  }
  function subtle() {
    if (!self.crypto || !crypto.subtle) throw d.noCrypto;
    return crypto.subtle;
  }
  async function named(own) { return b64u(await subtle().digest('SHA-256', bytes(JSON.stringify(half(own))))); }
  function parsed(text) {
    var k;
    try { k = JSON.parse(text); } catch (e) { k = {}; }
    if (!k || k.kty !== 'OKP' || k.crv !== 'Ed25519' || !k.x || !k.d) throw d.badFile;
    return k;
  }
  async function chosen(which) {
    var file = f.querySelector(which).files[0];
    if (!file) throw d.noFile;
    return parsed(await file.text());
  }
  async function word(own, said) {
    var k = await subtle().importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x: own.x, d: own.d }, { name: 'Ed25519' }, false, ['sign']);
    var text = b64u(bytes(JSON.stringify({ alg: 'EdDSA', kid: await named(own) }))) + '.' + b64u(bytes(said));
    return text + '.' + b64u(await subtle().sign({ name: 'Ed25519' }, k, bytes(text)));
  }
  // A new key in the place of another one is said by both.
  async function sign(verdict) {
    subtle();
    var own = await chosen('#key-file'), swaps = f.elements.previous, said = JSON.stringify(verdict === 'enrol' ? enrolment(own) : response(verdict));
    if (swaps && own.x === d.x) throw d.sameKey;
    var old = swaps ? await chosen('#old-file') : own;
    if (d.x && old.x !== d.x) throw d.otherKey;
    if (swaps) swaps.value = await word(old, said);
    f.elements.jws.value = await word(own, said);
    f.submit();
  }
  // As `countersign keygen` writes it. What was saved is chosen again before it is put on record: so it was kept.
  async function make() {
    var pair = await subtle().generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']), k = await subtle().exportKey('jwk', pair.privateKey);
    var a = document.createElement('a');
    a.download = d.save;
    a.href = URL.createObjectURL(new Blob([JSON.stringify({ crv: k.crv, d: k.d, kid: await named(k), kty: k.kty, x: k.x }) + '\n']));
    a.click();
  }
  box.hidden = false;
  f.querySelectorAll('[data-verdict]').forEach(function (b) {
    b.addEventListener('click', function () {
      told.textContent = '';
      (b.dataset.verdict === 'make' ? make() : sign(b.dataset.verdict)).catch(function (e) { told.textContent = typeof e === 'string' ? e : d.noCrypto; });
    });
  });
})();
