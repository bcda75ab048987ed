// Answers a statement: signs with a key that is read from a file and goes nowhere. What it says stands in the form's data; what it
// signs is what FORMATS.md calls a response payload.
(function () {
  var box = document.querySelector('[data-statement]');
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
  // members in the order of canonical JSON
  function said(verdict) {
    var o = { at: new Date().toISOString(), disputed: verdict === 'dispute' ? lines() : [], issuer: d.issuer, party: d.party };
    if (verdict === 'dispute' && f.elements.reason.value) o.reason = f.elements.reason.value;
    o.statement_sha256 = d.sha256; o.typ = 'countersign-response'; o.verdict = verdict;
    return o;
  }
  function key(text) {
    var k;
    try { k = JSON.parse(text); } catch (e) { k = {}; }
    if (!k || k.kty !== 'OKP' || k.crv !== 'Ed25519' || !k.x || !k.d) throw d.badFile;
    if (k.x !== d.x) throw d.otherKey;
    return crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x: k.x, d: k.d }, { name: 'Ed25519' }, false, ['sign']);
  }
  async function sign(verdict) {
    var file = f.querySelector('[type=file]').files[0];
    if (!self.crypto || !crypto.subtle) throw d.noCrypto;
    if (!file) throw d.noFile;
    var k = await key(await file.text());
    var kid = b64u(await crypto.subtle.digest('SHA-256', bytes('{"crv":"Ed25519","kty":"OKP","x":"' + d.x + '"}')));
    var text = b64u(bytes(JSON.stringify({ alg: 'EdDSA', kid: kid }))) + '.' + b64u(bytes(JSON.stringify(said(verdict))));
    f.elements.jws.value = text + '.' + b64u(await crypto.subtle.sign({ name: 'Ed25519' }, k, bytes(text)));
    f.submit();
  }
  box.hidden = false;
  f.querySelectorAll('[data-verdict]').forEach(function (b) {
    b.addEventListener('click', function () {
      told.textContent = '';
      sign(b.dataset.verdict).catch(function (e) { told.textContent = typeof e === 'string' ? e : d.noCrypto; });
    });
  });
})();
