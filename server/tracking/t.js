/* Countersign's tag for landing pages: <script src="https://SERVER/t.js?code=CODE" async></script>
 *
 * It keeps the click ids that visitors land with (the last 10, for 90 days, in localStorage), puts them into the page's forms and fires
 * the view pixel. README says what it does for whom, and what each option means; an option stands in the script's own URL or, as
 * data-OPTION, on its element: code, host, param, field, inject, consent.
 *
 * Served as server/minify.py makes it: ES2015, a semicolon after each statement. Nothing may throw into the page, which comes first. */
(() => {
  var KEY = 'cs_touch', MOST = 10, PATIENCE = 200, AGE_MS = 7776e6, ID = /^[\w-]{51}$/, CODE = /^[\w-]{35}$/, MACRO = /^[^\w-]|^undefined$|^null$/;
  var CLICK_ID = 'click_id', NAMES = [CLICK_ID, 'touches'];
  var win = window, doc = document, place = location, earlier = win.countersign;
  var tags = [], roots = [], links = [], written = new WeakMap(), selectors, fields, forms;
  var rows = [], waiting = [], seen = {}, landed, storageFails; /* of [id, when it landed] */
  var granted, active, busy, observer, patience = PATIENCE;

  var each = (list, f) => [].forEach.call(list, f);
  var listen = (target, type, f) => target.addEventListener(type, f, 1);
  var safe = f => (a, b, c, d) => { try { return f(a, b, c, d); } catch (e) { /* not the page's business */ } };

  /* The values of a parameter in a URL, in its query or its fragment, however it was spelled. */
  var values = (url, name) => {
    var found = [];
    each(url.match(/[?&#][^?&#]*/g) || [], safe(pair => {
      var parts = /^.(?:amp;)?([^=]*)=?(.*)/.exec(pair).map(decodeURIComponent);
      if (parts[1] === name) found.push(parts[2].trim());
    }));
    return found;
  };

  /* ---- the ids ---- */

  /* What landed in this document waits in memory until it may be kept. */
  var look = (url, passed) => each(tags, tag => each(values(url, tag.param), id => {
    if (!ID.test(id) || seen[id]) return;
    waiting.push([id, Date.now()]);
    seen[id] = 1;
    if (!passed) landed = 1;
  }));

  /* The page before this one may have had no tag, or no consent to keep its id: the referrer still has it. A router may have tidied the
   * URL. */
  var lookAround = () => {
    if (!doc.referrer.indexOf(place.origin + '/')) look(doc.referrer, 1);
    safe(() => look(performance.getEntriesByType('navigation')[0].name))();
    look(place.href);
  };

  var ids = () => rows.map(row => row[0]);
  var known = id => ids().indexOf(id) >= 0;
  var value = name => name === CLICK_ID ? ids().pop() || '' : ids().join();

  /* Other tabs write as well: what is stored counts, and memory where nothing can be stored. */
  var refresh = () => {
    safe(() => {
      if (storageFails) return;
      var text = localStorage.getItem(KEY);
      rows = [];
      rows = JSON.parse(text).filter(row => ID.test(row[0]) && Math.abs(Date.now() - row[1]) < AGE_MS);
    })();
    if (!waiting.length) return;
    each(waiting, row => known(row[0]) || rows.push(row));
    waiting = [];
    rows = rows.slice(-MOST);
    try { localStorage.setItem(KEY, JSON.stringify(rows)); } catch (e) { storageFails = 1; }
  };

  /* ---- the fields ---- */

  /* By the prototype's setter: frameworks put one of their own on the element, and believe what comes with an event. React believes none
   * of a hidden field. */
  var put = safe((field, text) => {
    var hidden = field.type === 'hidden' && field.hasOwnProperty('value');
    if (hidden) field.type = 'text';
    Reflect.set(Object.getPrototypeOf(field), 'value', text, field);
    busy = 1;
    each(['input', 'change'], type => field.dispatchEvent(new Event(type, {bubbles: 1})));
    busy = 0;
    if (hidden) field.type = 'hidden';
  });

  /* A value that the page set itself stays: an id that we do not know, unless one landed since. What the page took back is put again at
   * the next event only, and new fields are filled so often between two events: no page makes us run in circles. A field that a framework
   * took over meanwhile is told again. */
  var fill = (field, name, event) => {
    var now = field.value, wanted = value(name), was = written.get(field) || [], own = field.hasOwnProperty('value');
    if (now === wanted ? !event || !now || was[0] !== now || was[1] === own : wanted && was[0] === wanted && !event) return;
    var foreign = now && now !== was[0] && !landed && now.split(',').every(id => ID.test(id) && !known(id));
    if (!wanted && now !== was[0] && !MACRO.test(now) || wanted && foreign) {
      written.delete(field);
      return;
    }
    if (!event && patience-- < 0) return;
    written.set(field, [wanted, own]);
    field.autocomplete = 'off'; /* or the browser restores it when the visitor comes back */
    if (now === wanted) put(field, '');
    put(field, wanted);
  };

  var all = (node, selector) => {
    var found = [];
    safe(() => { /* the page's own selector may be none, and a document matches none */
      found = [...node.querySelectorAll(selector)];
      if (node.matches(selector)) found.push(node);
    })();
    return found;
  };

  /* Not while the parser may be inside the form. */
  var inject = (form, name) => {
    if (form.ownerDocument.readyState === 'loading' || !value(name) || all(form, selectors[name])[0]) return;
    var field = doc.createElement('input');
    field.type = 'hidden';
    field.name = name;
    form.appendChild(field);
  };

  /* Links and frames to other origins, which no script of this page gets into. What the page changes is its own again. A frame is told
   * once: it would lose what the visitor has typed. */
  var point = (element, name) => {
    var now = element.getAttribute(name) || '', was = written.get(element) || [], url = was[1] === now ? was[0] : now;
    var full = url.replace(/(\{|%7B)click_id(\}|%7D)/gi, value(CLICK_ID)), frame = name === 'src';
    if (full === now || frame && !rows[0]) return;
    element.setAttribute(name, full);
    if (frame) element.replaceWith(element); /* one whose fragment alone has changed would not load again */
    else {
      if (!was[0]) links.push([element, name]);
      written.set(element, [url, full]);
    }
  };

  var scan = (node, event) => {
    each(NAMES, name => {
      each(all(node, forms), safe(form => inject(form, name)));
      each(all(node, selectors[name]), safe(field => fill(field, name, event)));
    });
    each(all(node, fields), safe(field => fill(all(field, 'input,textarea')[0], CLICK_ID, event)));
    each(['href', 'src', 'action'], name => each(all(node, '[' + name + '*=click_id]'), safe(element => point(element, name))));
  };

  var fillAll = event => {
    if (!active || busy) return;
    refresh();
    roots = roots.filter(root => root.defaultView || root.host && root.isConnected);
    each(roots, root => scan(root, event));
    each(links, link => point(link[0], link[1]));
  };

  /* ---- what happens in the page ---- */

  var onMove = safe(event => {
    look(place.href);
    fillAll(event);
  });

  var onEvent = safe(event => {
    patience = PATIENCE;
    onMove(event);
    if (event.type === 'reset') setTimeout(onMove, 0, 1); /* fields are emptied after it */
    if (event.formData) each(event.target.elements, field => {
      var was = written.get(field);
      if (was && was[0] && event.formData.has(field.name)) event.formData.set(field.name, was[0]);
    });
  });

  var wrap = safe((owner, names, before, after) => each(names, name => {
    var native = owner[name];
    owner[name] = function () {
      if (before) before(this);
      var result = native.apply(this, arguments);
      if (after) after(result);
      return result;
    };
  }));

  var onFrame = safe(event => watch(event.target.contentDocument));

  var discover = node => {
    scan(node);
    each(all(node, '*'), element => {
      if (element.shadowRoot) watch(element.shadowRoot);
      if (element.localName !== 'iframe') return;
      listen(element, 'load', onFrame);
      onFrame({target: element});
    });
  };

  /* A document or an open shadow root. Most events of the latter do not leave it. */
  var watch = root => {
    var view = root.defaultView;
    if (roots.indexOf(root) < 0) {
      roots.push(root);
      each(['submit', 'formdata', 'reset', 'focus', 'click', 'pageshow', 'storage', 'DOMContentLoaded'], type => listen(view || root, type, onEvent));
      if (view) {
        wrap(view.HTMLFormElement.prototype, ['submit'], onMove);
        wrap(view.Element.prototype, ['attachShadow'], 0, safe(made => made.mode === 'open' && watch(made)));
      }
      observer.observe(root, {childList: 1, subtree: 1});
    }
    if (active) discover(root);
  };

  /* ---- tags and consent ---- */

  var may = tag => granted || granted !== 0 && !tag.asks;

  var run = safe(() => {
    active = !doc.prerendering && tags.some(may);
    if (!active) return;
    refresh();
    if (observer) fillAll(1);
    else {
      observer = new MutationObserver(safe(records => {
        if (active) each(records, record => each(record.addedNodes, node => node.matches && discover(node)));
      }));
      watch(doc);
    }
    each(tags, tag => {
      if (tag.viewed || !tag.code || !tag.base || !may(tag)) return;
      tag.viewed = 1;
      new Image().src = tag.base + '/p/' + tag.code + '.gif?event=view' + (rows[0] ? '&click_id=' + value(CLICK_ID) : '');
    });
  });

  var countersign = (word, then) => {
    if (word === 'consent') {
      granted = 1;
      lookAround();
    }
    if (word === 'withdraw') {
      granted = 0;
      safe(() => localStorage.removeItem(KEY))();
      rows = [];
      waiting = [];
      seen = {};
      landed = 0;
      fillAll(1);
    }
    run();
    var answer = active ? ids() : [];
    if (then) then(answer);
    return answer;
  };

  /* A tag of the page: this script's element, or that of one which was loaded later and finds this one at work. One without a code counts
   * where there is no other: an optimiser's bundle may hold the script, and the tag stand elsewhere. */
  var join = (script, whole) => {
    var option = name => {
      var given = script.getAttribute('data-' + name);
      return given === null ? values(script.src, name)[0] : given;
    };
    var code = option('code'), host = option('host'), field = option('field'), injected = option('inject'), consent = option('consent');
    if (!CODE.test(code)) {
      if (!whole) return;
      code = '';
    }
    var asks = consent !== undefined && consent !== 'off' || navigator.globalPrivacyControl, same = tags.filter(tag => tag.code === code)[0];
    if (same) {
      same.asks = same.asks && asks;
      return;
    }
    tags.push({
      code: code,
      base: host ? host.replace(/^(?!.*\/\/)/, '//').replace(/\/+$/, '') : (/^([^?#]*)\/t\.js/.exec(script.src) || [])[1],
      param: option('param') || CLICK_ID,
      asks: asks
    });
    if (field) fields = (fields ? fields + ',' : '') + field;
    if (injected !== undefined && injected !== 'off') forms = /\W|^form$/.test(injected) ? injected : 'form';
  };

  safe(() => {
    var joinAll = safe(script => {
      if (script) join(script);
      if (!script || !tags[0]) each(doc.querySelectorAll('script[src*="t.js"],script[data-code]'), other => join(other));
      if (script && !tags[0]) join(script, 1);
      lookAround();
      run();
    });
    if (earlier && earlier.join) return earlier.join(doc.currentScript);
    selectors = {};
    each(NAMES, name => { selectors[name] = 'input[name=' + name + '],input[name$="[' + name + ']"]'; });
    selectors.click_id += ',input.cs-click-id,.cs-click-id input';
    countersign.join = joinAll;
    win.countersign = countersign;
    var queue = earlier && earlier.q || [];
    each(queue, call => countersign(call[0]));
    wrap(history, ['pushState', 'replaceState'], 0, onMove);
    each(['popstate', 'hashchange'], type => listen(win, type, onMove));
    listen(doc, 'prerenderingchange', run);
    joinAll(doc.currentScript);
    each(queue, safe(call => countersign(0, call[1])));
  })();
})();
