// The page's own script, before the tag: the consent switch, and what this page tells about the tag.
// eslint-disable-next-line no-undef
window.countersign = window.countersign || function () { (window.countersign.q = window.countersign.q || []).push(arguments); };

(function () {
  var KEY = 'demo_consent', box = document.querySelector('[data-consent]'), tag = document.getElementById('tag'), click = document.getElementById('click');

  // What was chosen is kept by the page: the tag asks on every page.
  function stored(value) {
    try {
      if (value === undefined) return localStorage.getItem(KEY) === '1';
      if (value) localStorage.setItem(KEY, '1');
      else localStorage.removeItem(KEY);
    } catch (e) { /* a private window */ }
    return value;
  }

  function show() {
    if (!box.checked) {
      tag.textContent = 'waits for consent: nothing is stored, filled in or sent';
      click.textContent = '–';
      return;
    }
    window.countersign('touches', function (ids) {
      tag.textContent = 'works: the page view was sent, the form is filled';
      click.textContent = ids.length ? ids[ids.length - 1] : 'none: you did not come by a publisher’s link';
    });
  }

  function apply() {
    window.countersign(box.checked ? 'consent' : 'withdraw');
    show();
  }

  box.addEventListener('change', function () { stored(box.checked); apply(); });
  window.addEventListener('pageshow', function () { box.checked = stored(); apply(); });
  show();
})();
