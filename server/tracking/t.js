/* Countersign's tag: <script src="https://SERVER/t.js" data-code="CODE" async></script>
 *
 * Keeps the click ids that land in this page's URL (?click_id=) in localStorage (the last 10, 90 days), puts them into form fields named
 * click_id (the newest) and touches (all, comma-separated), and fires the view pixel. Waits for activation when the page is prerendered.
 *
 * With data-consent="required", or when the browser sends Global Privacy Control, it does nothing at all (no storage, no pixel, no fields)
 * until the page calls window.countersign.consent() or dispatches a "countersign:consent" event on window or document. A page that knows
 * of the consent before this script has loaded sets window.countersign = {consented: true}. */
(function () {
  'use strict';
  var KEY = 'cs_touch', MAX = 10, AGE_MS = 90 * 864e5, ID = /^[\w-]{51}$/;
  var script = document.currentScript || document.querySelector('script[data-code][src*="t.js"]');
  if (!script) return;
  var code = script.getAttribute('data-code');
  var base = script.src.replace(/\/t\.js(?:[?#].*)?$/, '');
  var api = window.countersign = window.countersign || {};
  var started = false, touches = [];

  function load() {
    var rows;
    try {
      rows = JSON.parse(localStorage.getItem(KEY));
    } catch (e) { /* no storage, or not ours: start over */ }
    if (!Array.isArray(rows)) rows = [];
    var oldest = Date.now() - AGE_MS;
    return rows.filter(function (r) {
      return Array.isArray(r) && ID.test(r[0]) && r[1] > oldest;
    });
  }

  function keep() {
    var found = /[?&]click_id=([^&#]*)/.exec(location.search);
    var id = found && found[1];
    touches = load();
    if (id && ID.test(id)) {
      touches = touches.filter(function (r) { return r[0] !== id; });
      touches.push([id, Date.now()]);
    }
    touches = touches.slice(-MAX);
    try {
      if (touches.length) localStorage.setItem(KEY, JSON.stringify(touches));
    } catch (e) { /* private mode: this page's own id still counts */ }
  }

  function value(name) {
    var ids = touches.map(function (r) { return r[0]; });
    return name === 'touches' ? ids.join(',') : ids[ids.length - 1] || '';
  }

  function fill() {
    ['click_id', 'touches'].forEach(function (name) {
      document.querySelectorAll('input[name="' + name + '"]').forEach(function (input) {
        if (!input.value) input.value = value(name);
      });
    });
  }

  function start() {
    if (started) return;
    started = true;
    keep();
    fill();
    document.addEventListener('DOMContentLoaded', fill);
    document.addEventListener('focusin', fill);
    document.addEventListener('submit', fill, true);
    document.addEventListener('formdata', function (e) { /* form.submit() fires no submit event */
      ['click_id', 'touches'].forEach(function (name) {
        if (e.formData.has(name) && !e.formData.get(name)) e.formData.set(name, value(name));
      });
    }, true);
    var id = value('click_id');
    if (code) new Image().src = base + '/p/' + code + '.gif?event=view' + (id ? '&click_id=' + id : '');
  }

  function activate() {
    if (document.prerendering) document.addEventListener('prerenderingchange', start, {once: true});
    else start();
  }

  api.consent = activate;
  api.touches = function () { return value('touches').split(',').filter(Boolean); };
  var asks = script.getAttribute('data-consent') === 'required' || navigator.globalPrivacyControl;
  if (!asks || api.consented) activate();
  [window, document].forEach(function (target) {
    target.addEventListener('countersign:consent', activate);
  });
})();
