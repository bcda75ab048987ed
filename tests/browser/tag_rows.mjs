// What pages do, and what the tag makes of it. A row: its pages (from the kit that tag.mjs gives: tag, form, other origin, codes), the
// steps, and the values wanted; id1, id2, ... stand for real click ids.
//
// A page that the tag cannot help says why in the row's `why`. A row that needs more than a browser's engine has `whole`.

const fromForm = (form) => `fetch('submit', { method: 'POST', body: new URLSearchParams(new FormData(${form})) })`;
const fields = '<input type="hidden" name="click_id"><input type="hidden" name="touches">';
const one = { click_id: 'id1', touches: 'id1' };
const library = (name) => `<script src="/library/${name}.js"></script>`;
const plain = (k) => k.tag() + k.form();
const inOrder = (tags) => tags.replaceAll(' async>', '>');

export const builders = {
  contact_form_7_sends_twice_from_one_page: {
    pages: { index: (k) => `${k.tag()}<div class="wpcf7"><form class="wpcf7-form init" action="submit" method="post">
      <input type="hidden" name="_wpcf7" value="5"><input class="wpcf7-form-control wpcf7-hidden" value="" type="hidden" name="click_id">
      <span class="wpcf7-form-control-wrap"><input type="text" style="display:none" name="touches"></span>
      <input type="email" name="email" class="wpcf7-email"><button class="wpcf7-submit">Send</button></form></div>
      <script>document.querySelector('form').addEventListener('submit', (e) => { e.preventDefault(); ${fromForm('e.target')}
        .then(() => e.target.reset()); });</script>` },
    async go(v) {
      await v.land();
      const first = await v.lead();
      await v.sleep(50);
      return { first, again: await v.lead() };
    },
    want: { first: { _wpcf7: '5', ...one }, again: { _wpcf7: '5', ...one } },
  },
  wpforms_has_the_class_on_the_container: {
    pages: { index: (k) => `<form class="wpforms-validate wpforms-form wpforms-ajax-form"><div class="wpforms-field-container">
      <div id="wpforms-13-field_7-container" class="wpforms-field wpforms-field-hidden cs-click-id" data-field-type="hidden">
      <input type="hidden" id="wpforms-13-field_7" name="wpforms[fields][7]" value="{query_var key=&quot;click_id&quot;}"></div></div>
      <button type="submit" name="wpforms[submit]">Submit</button></form>${k.tag()}
      <script>document.querySelector('form').onsubmit = (e) => { e.preventDefault(); ${fromForm('e.target')}; };</script>` },
    async go(v) { await v.land(); return v.lead(); },
    want: { 'wpforms[fields][7]': 'id1' },
  },
  elementor_names_fields_by_suffix: {
    pages: { index: (k) => `${k.tag()}<div class="elementor-widget-form"><form class="elementor-form" method="post" name="Lead">
      <input type="hidden" name="form_id" value="a1b2"><div class="elementor-field-type-hidden elementor-field-group elementor-column">
      <input type="hidden" name="form_fields[click_id]" id="form-field-click_id" class="elementor-field elementor-size-sm"></div>
      <input type="hidden" name="form_fields[touches]" value=""><button type="submit">Send</button></form></div>
      <script>document.querySelector('form').addEventListener('submit', (e) => { e.preventDefault(); ${fromForm('e.target')}; });</script>` },
    async go(v) { await v.land(); return v.lead(); },
    want: { form_id: 'a1b2', 'form_fields[click_id]': 'id1', 'form_fields[touches]': 'id1' },
  },
  gravity_submits_by_script_into_a_frame: {
    pages: { index: (k) => `<form method="post" target="gform_ajax_frame_1" id="gform_1" action="submit"><ul class="gform_fields">
      <li id="field_1_5" class="gfield gform_hidden cs-click-id"><input name="input_5" id="input_1_5" type="hidden" class="gform_hidden" value=""></li>
      <li id="field_1_6" class="gfield"><input name="input_6" value="x"></li></ul>
      <input type="button" class="gform_button" onclick="document.getElementById('gform_1').submit()" value="Submit"></form>
      <iframe style="display:none" src="about:blank" name="gform_ajax_frame_1"></iframe>${k.tag()}` },
    async go(v) { await v.land(); return v.lead(() => v.page.evaluate(() => document.querySelector('.gform_button').onclick())); },
    want: { input_5: 'id1', input_6: 'x' },
  },
  gravity_renders_the_form_anew_out_of_its_frame: {
    pages: {
      index: (k) => `<div id="gform_wrapper_1"><form method="post" target="gform_ajax_frame_1" id="gform_1" action="answer">
        <li class="gfield gform_hidden cs-click-id"><input name="input_5" type="hidden"></li><button>Submit</button></form></div>
        <iframe style="display:none" src="about:blank" name="gform_ajax_frame_1" id="gform_ajax_frame_1"></iframe>${k.tag()}<script>
        document.getElementById('gform_ajax_frame_1').onload = (e) => {
          const anew = e.target.contentDocument.getElementById('gform_wrapper_1');
          if (anew) document.getElementById('gform_wrapper_1').outerHTML = anew.outerHTML;
        };</script>`,
      answer: () => `<div id="gform_wrapper_1" class="gform_validation_error"><form method="post" action="submit"><p>Check the e-mail.</p>
        <li class="gfield gform_hidden cs-click-id"><input name="input_5" type="hidden" value="{query:click_id}"></li><button>Submit</button></form></div>`,
    },
    async go(v) {
      await v.land();
      await v.page.click('button');
      await v.page.waitForSelector('.gform_validation_error');
      return v.lead();
    },
    want: { input_5: 'id1' },
  },
  hubspot_builds_its_form_in_a_frame_of_the_page: {
    pages: { index: (k) => `${k.tag()}<div id="hbspt-form"></div><script>setTimeout(() => {
      const frame = document.createElement('iframe');
      frame.className = 'hs-form-iframe';
      document.getElementById('hbspt-form').append(frame);
      setTimeout(() => {
        frame.contentDocument.body.innerHTML = '<form class="hs-form"><input name="email"><input name="click_id" class="hs-input" type="hidden" value=""><input name="touches" type="hidden"><input type="submit" class="hs-button" value="Go"></form>';
        frame.contentDocument.querySelector('form').addEventListener('submit', (e) => { e.preventDefault(); ${fromForm('e.target')}; });
      }, 60);
    }, 60);</script>` },
    async go(v) { await v.land(); return v.lead(() => v.page.frameLocator('.hs-form-iframe').locator('.hs-button').click()); },
    want: one,
  },
  hubspot_keeps_the_state_of_its_framed_form_in_the_page: {
    pages: { index: (k) => `${k.tag()}<div id="hbspt-form"></div>${library('react')}${library('react-dom')}<script>
      const { createElement: h, useState } = React;
      function Lead() {
        const [state, set] = useState({ click_id: '', touches: '', email: '' });
        const input = (name, type) => h('input', { name, type, value: state[name], onChange: (e) => { const value = e.target.value; set((old) => ({ ...old, [name]: value })); } });
        return h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
          input('click_id', 'hidden'), input('touches', 'hidden'), input('email', 'email'), h('input', { type: 'submit', className: 'hs-button' }));
      }
      setTimeout(() => {
        const frame = document.createElement('iframe');
        document.getElementById('hbspt-form').append(frame);
        ReactDOM.createRoot(frame.contentDocument.body.appendChild(frame.contentDocument.createElement('div'))).render(h(Lead));
      }, 60);</script>` },
    async go(v) {
      await v.land();
      await v.page.frameLocator('iframe').locator('[name=email]').fill('zoe@example.com');
      return v.lead(() => v.page.frameLocator('iframe').locator('.hs-button').click());
    },
    want: one,
  },
  a_frame_of_the_page_is_written_at_once: {
    pages: { index: (k) => `${k.tag()}<main></main>` },
    async go(v) {
      await v.land();
      await v.page.evaluate((html) => {
        const frame = document.createElement('iframe');
        document.querySelector('main').append(frame);
        frame.contentDocument.open();
        frame.contentDocument.write(html);
        frame.contentDocument.close();
      }, v.kit.form());
      await v.page.evaluate((id) => history.pushState({}, '', `?click_id=${id}`), v.ids[1]);
      return v.lead(() => v.page.frameLocator('iframe').locator('button').click());
    },
    want: { click_id: 'id2', touches: 'id1,id2' },
  },
  typeform_is_given_the_id_in_the_address_of_its_frame: {
    why: 'A frame of another origin cannot be filled: its address has to hold {click_id}.',
    pages: {
      index: (k) => `${k.tag()}<iframe src="${k.other}/embedded#click_id={click_id}"></iframe>`,
      embedded: () => `<script>const told = location.hash.slice(1);</script><button onclick="fetch('submit', { method: 'POST', body: told })">Send</button>`,
    },
    async go(v) {
      await v.land();
      await v.page.waitForFunction(() => !document.querySelector('iframe').src.includes('{'));
      await v.until(() => v.page.frames()[1]?.evaluate(() => document.readyState === 'complete' && told).catch(() => 0));
      return v.lead(() => v.page.frames()[1].evaluate(() => document.querySelector('button').click()));
    },
    want: { click_id: 'id1' },
  },
  typeform_builds_its_frame_from_an_attribute: {
    why: 'As above: data-tf-hidden, of which the embed makes the fragment, holds the macro.',
    pages: {
      index: (k) => `${k.tag()}<div data-tf-widget="a1" data-tf-hidden="click_id={click_id},from=page"></div><script>setTimeout(() => {
        const widget = document.querySelector('[data-tf-widget]'), frame = document.createElement('iframe');
        frame.src = '${k.other}/embedded?embed=1#' + new URLSearchParams(widget.dataset.tfHidden.replaceAll(',', '&'));
        widget.append(frame);
      }, 100);</script>`,
      embedded: () => `<script>const told = location.hash.slice(1);</script><button onclick="fetch('submit', { method: 'POST', body: told })">Send</button>`,
    },
    async go(v) {
      await v.land();
      await v.page.waitForFunction(() => /click_id=[\w-]{51}/.test(document.querySelector('iframe')?.src));
      await v.until(() => v.page.frames()[1]?.evaluate(() => document.readyState === 'complete' && told).catch(() => 0));
      return v.lead(() => v.page.frames()[1].evaluate(() => document.querySelector('button').click()));
    },
    want: { click_id: 'id1', from: 'page' },
  },
  another_origins_frame_without_a_macro_stays_empty: {
    why: 'Nothing of a frame of another origin can be read or filled from here.',
    pages: { index: (k) => `${k.tag()}<iframe src="${k.other}/embedded"></iframe>`, embedded: (k) => k.form() },
    async go(v) { await v.land(); return v.lead(() => v.page.frameLocator('iframe').locator('button').click()); },
    want: { click_id: '', touches: '' },
  },
  react_state_gets_the_id: {
    pages: { index: (k) => `<div id="root"></div>${library('react')}${library('react-dom')}<script>
      const { createElement: h, useState } = React;
      function Lead() {
        const [state, set] = useState({ click_id: '', touches: '', email: '' });
        const input = (name, type) => h('input', { name, type, value: state[name], onChange: (e) => { const value = e.target.value; set((old) => ({ ...old, [name]: value })); } });
        return h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
          input('click_id', 'hidden'), input('touches', 'text'), input('email', 'email'), h('button', null, 'Send'));
      }
      ReactDOM.createRoot(document.getElementById('root')).render(h(Lead));</script>${k.tag()}` },
    async go(v) { await v.land(); await v.page.fill('[name=email]', 'zoe@example.com'); return v.lead(); },
    want: one,
  },
  react_hydrates_what_was_filled_before: {
    pages: { index: (k) => `<div id="root"><form><input name="click_id" value=""><input name="touches" value=""><button>Send</button></form></div>
      ${k.tag()}${library('react')}${library('react-dom')}<script>
      const { createElement: h, useState } = React;
      function Lead() {
        const [state, set] = useState({ click_id: '', touches: '' });
        const input = (name) => h('input', { name, value: state[name], onChange: (e) => { const value = e.target.value; set((old) => ({ ...old, [name]: value })); } });
        return h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
          input('click_id'), input('touches'), h('button', null, 'Send'));
      }
      window.hydrate = () => ReactDOM.hydrateRoot(document.getElementById('root'), h(Lead));</script>` },
    async go(v) {
      await v.land();
      await v.page.waitForFunction(() => document.querySelector('input').value);
      await v.page.evaluate(() => { window.hydrate(); });
      await v.page.waitForFunction(() => Object.keys(document.querySelector('form')).some((key) => key.startsWith('__reactProps')));
      return v.lead();
    },
    want: one,
  },
  vue_models_get_the_id: {
    pages: { index: (k) => `<div id="app"></div>${library('vue')}<script>
      const { createApp, h, reactive, vModelText, withDirectives } = VueRuntimeDOM;
      const state = reactive({ click_id: '', touches: '', email: '' });
      const input = (name, type) => withDirectives(h('input', { name, type, 'onUpdate:modelValue': (value) => { state[name] = value; } }), [[vModelText, state[name]]]);
      createApp({ render: () => h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
        [input('click_id', 'hidden'), input('touches', 'text'), input('email', 'email'), h('button', 'Send')]) }).mount('#app');</script>${k.tag()}` },
    async go(v) { await v.land(); await v.page.fill('[name=email]', 'zoe@example.com'); return v.lead(); },
    want: one,
  },
  vue_models_that_wait_for_change_get_the_id: {
    pages: { index: (k) => `<div id="app"></div>${library('vue')}<script>
      const { createApp, h, reactive, vModelText, withDirectives } = VueRuntimeDOM;
      const state = reactive({ click_id: '', touches: '', email: '', shown: false });
      const input = (name, type) => withDirectives(h('input', { name, type, 'onUpdate:modelValue': (value) => { state[name] = value; } }), [[vModelText, state[name], '', { lazy: true, trim: true }]]);
      createApp({ render: () => state.shown ? h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
        [input('click_id', 'hidden'), input('touches', 'hidden'), input('email', 'email'), h('button', 'Send')]) : h('a', { onClick: () => { state.shown = true; } }, 'Ask') }).mount('#app');</script>${k.tag()}` },
    async go(v) {
      await v.land();
      await v.page.click('#app a');
      await v.page.fill('[name=email]', 'zoe@example.com');
      const { shown, ...rest } = await v.lead();
      return rest;
    },
    want: one,
  },
  next_router_tidies_the_address_and_renders_the_form_on_another_route: {
    slow: 200,
    pages: { index: (k) => `<div id="__next"><a href="/contact">Contact</a></div>${k.tag('', '', { copy: true })}<script>
      history.replaceState({ __N: true }, '', location.pathname);
      document.querySelector('a').onclick = (e) => {
        e.preventDefault();
        history.pushState({ __N: true }, '', 'contact');
        setTimeout(() => { document.getElementById('__next').innerHTML = ${JSON.stringify(k.form())}; }, 30);
      };</script>` },
    async go(v) {
      await v.land();
      await v.page.click('a');
      await v.page.waitForSelector('form');
      return { ...(await v.lead()), views: await v.seen() };
    },
    want: { ...one, views: ['A id1'] },
  },
  a_router_in_react_mounts_its_form_on_each_visit_of_a_route: {
    pages: { index: (k) => `<div id="__next"></div>${library('react')}${library('react-dom')}<script>
      const { createElement: h, useEffect, useState } = React;
      const Link = ({ to, go }) => h('a', { href: to, onClick: (e) => { e.preventDefault(); history.pushState({ __NA: true }, '', to); go(to); } }, to);
      function Lead() {
        const [state, set] = useState({ click_id: '', touches: '' });
        const input = (name) => h('input', { name, type: 'hidden', value: state[name], onChange: (e) => { const value = e.target.value; set((old) => ({ ...old, [name]: value })); } });
        return h('form', { onSubmit: (e) => { e.preventDefault(); fetch('submit', { method: 'POST', body: new URLSearchParams(state) }); } },
          input('click_id'), input('touches'), h('button', null, 'Send'));
      }
      function App() {
        const [path, go] = useState('offer');
        useEffect(() => { const back = () => go(location.pathname.split('/').pop()); addEventListener('popstate', back); return () => removeEventListener('popstate', back); }, []);
        return h('div', null, h(Link, { to: 'offer', go }), h(Link, { to: 'contact', go }), path === 'contact' && h(Lead));
      }
      history.replaceState({ __NA: true }, '', 'offer');
      ReactDOM.createRoot(document.getElementById('__next')).render(h(App));</script>${k.tag()}` },
    async go(v) {
      await v.land();
      await v.page.click('[href=contact]');
      const first = await v.lead();
      await v.page.click('[href=offer]');
      await v.page.waitForSelector('form', { state: 'detached' });
      await v.page.goBack();
      await v.page.waitForSelector('form');
      return { first, again: await v.lead(), views: await v.seen() };
    },
    want: { first: one, again: one, views: ['A id1'] },
  },
};

export const forms = {
  fields_are_found_by_name_suffix_class_and_selector: {
    pages: { index: (k) => k.tag('data-field="#own, .wrapped"') + k.form(`<input name="click_id"><input name="lead[click_id]"><input name="a" class="x cs-click-id">
      <div class="cs-click-id"><p><input name="b"></p></div><input name="c" id="own"><li class="wrapped"><textarea name="d"></textarea></li><input name="e">
      <input name="my_click_id"><input name="lead[touches]"><input name="website">`) },
    async go(v) { await v.land(); return v.lead(); },
    want: { click_id: 'id1', 'lead[click_id]': 'id1', a: 'id1', b: 'id1', c: 'id1', d: 'id1', e: '', my_click_id: '', 'lead[touches]': 'id1', website: '' },
  },
  a_selector_that_is_none_spoils_nothing_else: {
    pages: { index: (k) => k.tag('data-field="[[" data-inject="form:nope("') + k.form() },
    async go(v) { await v.land(); return v.lead(); },
    want: one,
  },
  options_come_in_the_address_where_attributes_are_stripped: {
    pages: { index: (k) => k.tag('', '&amp;field=%23own&amp;inject&amp;param=sub.id') + k.form('<input id="own" name="own">') },
    async go(v) { await v.land('index', '?click_id=id2&sub.id=id1'); return v.lead(); },
    want: { own: 'id1', ...one },
  },
  placeholders_count_as_empty: {
    pages: { index: (k) => k.tag() + k.form(['{click_id}', '[click_id]', 'undefined', 'null', '%%click_id%%', 'organic', ''].map((value, n) =>
      `<input name="f${n}[click_id]" value="${value}">`).join('')) },
    async go(v) { await v.land(); return v.lead(); },
    want: Object.fromEntries([...'0123456'].map((n) => [`f${n}[click_id]`, 'id1'])),
  },
  a_visitor_without_an_id_sends_no_placeholder: {
    pages: { index: (k) => k.tag() + k.form(['{click_id}', 'null', 'organic'].map((value, n) => `<input name="f${n}[click_id]" value="${value}">`).join('')) },
    async go(v) { await v.land('index', '?click_id={click_id}'); return v.lead(); },
    want: { 'f0[click_id]': '', 'f1[click_id]': '', 'f2[click_id]': 'organic' },
  },
  values_in_the_address_that_are_no_ids_are_none: {
    pages: { index: plain },
    async go(v) {
      await v.land('index', '?click_id=undefined');
      const landed = await v.stored();
      const got = await v.page.evaluate(async (values) => values.map((value) => {
        history.replaceState({}, '', `?click_id=${value}`);
        return localStorage.cs_touch ?? '';
      }), ['null', '[click_id]', '%7Bclick_id%7D', `${v.ids[0]}x`, '', v.ids[0].slice(1), '%E0%A4%A']);
      return { landed, got };
    },
    want: { landed: '', got: ['', '', '', '', '', '', ''] },
  },
  the_parameter_is_read_however_it_is_spelled: {
    pages: { index: plain },
    async go(v) {
      await v.land('index', '?click%5Fid=id1');
      const spelled = ['?click%5Fid=id1', '?a=1&amp;click_id=id2', '#click_id=id3', '#/offer?click_id=id4', '?click_id=id5%20', '?x=%E0%A4%A&click_id=id6',
        '?click_id=&click_id=id7', '?xclick_id=id8'].map((query) => query.replace(/id(\d)/, (_, n) => v.ids[n - 1]));
      return v.page.evaluate((queries) => queries.map((query) => {
        history.replaceState({}, '', query);
        return document.querySelector('[name=click_id]').value;
      }), spelled);
    },
    want: ['id1', 'id2', 'id3', 'id4', 'id5', 'id6', 'id7', 'id7'],
  },
  an_id_that_the_page_set_stays_until_one_lands: {
    pages: { index: (k) => k.tag() + `<input name="click_id" value="-${'F'.repeat(50)}">` },
    async go(v) {
      await v.land('index', '');
      const organic = await v.value();
      await v.land('index');
      const landed = await v.value();
      await v.land('index', '');
      return { organic: organic.slice(0, 2), landed, later: (await v.value()).slice(0, 2) };
    },
    want: { organic: '-F', landed: 'id1', later: '-F' },
  },
  hidden_fields_are_added_where_asked: {
    pages: { index: (k) => k.tag('data-inject') + k.form(''), one: (k) => `${k.tag('data-inject="form.lead"')}<form id="search"></form>${k.form('<input name="x[click_id]">', 'class="lead"')}` },
    async go(v) {
      await v.land('index', '');
      const organic = await v.lead();
      await v.land();
      const landed = await v.lead();
      await v.land('one');
      return { organic, landed, some: await v.lead(), search: await v.page.evaluate(() => document.querySelectorAll('#thanks input').length) };
    },
    want: { organic: {}, landed: one, some: { 'x[click_id]': 'id1', touches: 'id1' }, search: 0 },
  },
  a_form_that_is_still_being_read_gets_no_second_field: {
    pages: { index: (k) => `${k.tag('data-inject')}<form method="post" action="submit"><input name="email"><!--pause--><input name="x[click_id]"><button>Send</button></form>` },
    async go(v) { await v.land(); return v.lead(); },
    want: { 'x[click_id]': 'id1', touches: 'id1' },
  },
  open_shadow_roots_are_filled: {
    pages: { index: (k) => `${k.tag()}<early-form></early-form><declared-form><template shadowrootmode="open"><input name="click_id"></template></declared-form><late-form></late-form>
      <script>
      const within = (host) => { const inner = document.createElement('div'); host.attachShadow({ mode: 'open' }).append(inner);
        inner.attachShadow({ mode: 'open' }).innerHTML = ${JSON.stringify(k.form())}; };
      within(document.querySelector('early-form'));
      window.later = () => customElements.define('late-form', class extends HTMLElement { constructor() { super(); within(this); } });</script>` },
    async go(v) {
      await v.land();
      const declared = await v.value('declared-form [name=click_id]');
      await v.page.evaluate(() => window.later());
      const early = await v.value('early-form [name=click_id]');
      return { declared, early, late: await v.lead(() => v.page.click('late-form button')) };
    },
    want: { declared: 'id1', early: 'id1', late: one },
  },
  a_closed_shadow_root_stays_empty: {
    why: 'A closed shadow root is closed to every script of the page but its own: countersign("touches") gives it the ids.',
    pages: { index: (k) => `${k.tag()}<div id="host"></div><script>const root = document.getElementById('host').attachShadow({ mode: 'closed' });
      root.innerHTML = '<input name="click_id">'; window.read = () => root.querySelector('input').value;</script>` },
    async go(v) { await v.land(); return { field: await v.page.evaluate(() => window.read()), asked: await v.page.evaluate(() => window.countersign('touches').join()) }; },
    want: { field: '', asked: 'id1' },
  },
  frames_of_the_same_origin_are_filled: {
    pages: { index: (k) => `${k.tag()}<iframe src="inner"></iframe>`, inner: (k) => `<a href="deeper">next</a>${k.form()}`, deeper: (k) => k.form(fields, 'class="deep"') },
    async go(v) {
      await v.land();
      const frame = v.page.frameLocator('iframe');
      await v.page.frames()[1].waitForFunction(() => document.querySelector('[name=click_id]')?.value, null, { timeout: 2000 });
      await frame.locator('a').click();
      await frame.locator('.deep').waitFor();
      return v.lead(() => v.page.frames()[1].evaluate(() => document.querySelector('form').submit()));
    },
    want: one,
  },
  a_late_form_is_filled_before_a_script_reads_it: {
    pages: { index: (k) => `${k.tag()}<main></main>` },
    async go(v) {
      await v.land();
      return v.page.evaluate(async (html) => {
        document.querySelector('main').innerHTML = html;
        await 0;
        const late = document.querySelector('[name=click_id]').value;
        document.querySelector('main').innerHTML = html;
        await 0;
        const again = document.querySelector('[name=click_id]').value;
        const alone = document.createElement('input');
        alone.name = 'click_id';
        document.querySelector('form').append(alone);
        await 0;
        return { late, again, alone: alone.value };
      }, v.kit.form());
    },
    want: { late: 'id1', again: 'id1', alone: 'id1' },
  },
  a_form_made_and_sent_by_script_in_one_go_is_filled_without_formdata: {
    before: () => { addEventListener('formdata', (e) => e.stopImmediatePropagation(), true); },
    pages: { index: (k) => `${k.tag()}<main></main>` },
    async go(v) {
      await v.land();
      return v.lead(() => v.page.evaluate((html) => {
        document.querySelector('main').innerHTML = html;
        document.querySelector('form').submit();
      }, v.kit.form()));
    },
    want: one,
  },
  form_data_has_the_id_whatever_the_page_made_of_the_field: {
    pages: { index: plain },
    async go(v) {
      await v.land();
      return v.page.evaluate(() => {
        const form = document.querySelector('form'), field = form.click_id;
        field.value = '';
        const emptied = new FormData(form).get('click_id');
        field.addEventListener('input', () => { field.value = ''; });
        field.value = '';
        const stubborn = new FormData(form).get('click_id');
        return { emptied, stubborn, named: [...new FormData(form).keys()].join() };
      });
    },
    want: { emptied: 'id1', stubborn: 'id1', named: 'email,click_id,touches' },
  },
  a_reset_form_is_filled_again: {
    pages: { index: (k) => k.tag() + k.form('<input name="click_id"><input name="touches">') },
    async go(v) {
      await v.land();
      await v.page.evaluate(() => document.querySelector('form').reset());
      await v.sleep(50);
      return v.value();
    },
    want: 'id1',
  },
  a_button_that_reads_the_field_itself_finds_it_filled: {
    pages: { index: (k) => `${k.tag()}<input name="click_id"><button onclick="fetch('submit', { method: 'POST', body: 'click_id=' + document.querySelector('input').value })">Send</button>` },
    async go(v) {
      await v.land();
      await v.page.evaluate(() => { document.querySelector('input').value = ''; });
      return v.lead(() => v.page.evaluate(() => document.querySelector('button').click()));
    },
    want: { click_id: 'id1' },
  },
  input_and_change_are_told_once: {
    pages: { index: (k) => `<script>window.told = []; ['input', 'change'].forEach((type) => addEventListener(type, (e) => told.push(type + ' ' + e.target.name)));</script>${k.form()}${k.tag()}` },
    async go(v) {
      await v.land();
      await v.page.focus('[name=email]');
      await v.page.click('[name=email]');
      return v.page.evaluate(() => window.told.join());
    },
    want: 'input click_id,change click_id,input touches,change touches',
  },
  links_to_other_sites_take_the_id_along: {
    pages: { index: (k) => `${k.tag()}<a href="https://shop.example/?click_id={click_id}">a</a><a href="https://shop.example/?sub=%7Bclick_id%7D#x">b</a><a href="/?click_id=7">c</a>` },
    async go(v) {
      const hrefs = () => v.page.$$eval('a', (found) => found.map((a) => a.getAttribute('href')));
      await v.land('index', '');
      const organic = await hrefs();
      await v.land();
      const landed = await hrefs();
      await v.page.evaluate((id) => history.pushState({}, '', `?click_id=${id}`), v.ids[1]);
      const later = await hrefs();
      await v.page.evaluate(() => { document.querySelector('a').setAttribute('href', '/mine'); countersign('withdraw'); });
      const changed = await hrefs();
      await v.page.evaluate(() => countersign('consent'));
      return { organic, landed, later, changed, again: await hrefs() };
    },
    want: {
      organic: ['https://shop.example/?click_id=', 'https://shop.example/?sub=#x', '/?click_id=7'],
      landed: ['https://shop.example/?click_id=id1', 'https://shop.example/?sub=id1#x', '/?click_id=7'],
      later: ['https://shop.example/?click_id=id2', 'https://shop.example/?sub=id2#x', '/?click_id=7'],
      changed: ['/mine', 'https://shop.example/?sub=#x', '/?click_id=7'],
      again: ['/mine', 'https://shop.example/?sub=id2#x', '/?click_id=7'],
    },
  },
};

export const touches = {
  ids_that_come_by_history_changes_are_noticed: {
    pages: { index: plain },
    async go(v) {
      await v.land('index', '');
      const got = [];
      const step = async (f, id) => { await v.page.evaluate(f, id); got.push(await v.value()); };
      await step((id) => history.pushState({}, '', `?click_id=${id}`), v.ids[0]);
      await step((id) => history.replaceState({}, '', `?click_id=${id}`), v.ids[1]);
      await v.page.evaluate((id) => { location.hash = `click_id=${id}`; }, v.ids[2]);
      await v.page.waitForFunction((id) => document.querySelector('[name=click_id]').value === id, v.ids[2]);
      got.push(await v.value());
      await v.page.goBack();
      return { got, touches: await v.value('[name=touches]'), views: await v.seen() };
    },
    want: { got: ['id1', 'id2', 'id3'], touches: 'id1,id2,id3', views: ['A'] },
  },
  an_address_tidied_before_the_script_ran_is_remembered: {
    slow: 150,
    pages: { index: (k) => `<script>history.replaceState({}, '', location.pathname)</script>${k.tag('', '', { copy: true })}${k.form()}` },
    async go(v) { await v.land(); return { ...(await v.lead()), search: new URL(v.url('index')).search }; },
    want: { ...one, search: '' },
  },
  a_redirect_by_script_is_survived_by_the_referrer: {
    pages: { index: () => '<script>location.replace("french")</script>', french: plain },
    async go(v) {
      await v.page.goto(v.url('index', '?click_id=id1'));
      await v.page.waitForFunction(() => window.countersign?.join);
      return v.lead();
    },
    want: one,
  },
  the_last_ten_are_kept_in_order: {
    pages: { index: plain },
    async go(v) {
      await v.land();
      await v.page.evaluate((ids) => ids.forEach((id) => history.pushState({}, '', `?click_id=${id}`)), v.ids.slice(1, 10));
      await v.land('index', '?click_id=id11');
      await v.land('index', '?click_id=id12');
      return v.stored();
    },
    want: 'id3,id4,id5,id6,id7,id8,id9,id10,id11,id12',
  },
  ids_are_forgotten_after_ninety_days: {
    pages: { index: plain },
    async go(v) {
      await v.land('index', '');
      await v.page.evaluate(([old, fresh]) => localStorage.setItem('cs_touch', JSON.stringify([[old, Date.now() - 90.1 * 864e5], [fresh, Date.now() - 89.9 * 864e5], 7, 'x'])), v.ids);
      await v.land('index', '');
      return v.lead();
    },
    want: { click_id: 'id2', touches: 'id2' },
  },
  what_others_left_in_storage_is_no_hindrance: {
    pages: { index: plain },
    async go(v) {
      const got = [];
      await v.land('index', '');
      for (const junk of ['{', '{}', 'null', '[null]', '[["x",1]]']) {
        await v.page.evaluate((text) => localStorage.setItem('cs_touch', text), junk);
        await v.land();
        got.push(await v.stored());
      }
      return got;
    },
    want: ['id1', 'id1', 'id1', 'id1', 'id1'],
  },
  without_storage_the_page_itself_still_works: {
    before: () => { Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } }); },
    pages: { index: plain },
    async go(v) { await v.land(); await v.page.focus('[name=email]'); return { ...(await v.lead()), views: await v.seen() }; },
    want: { ...one, views: ['A id1'] },
  },
  a_full_storage_is_no_hindrance: {
    before: () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; },
    pages: { index: plain },
    async go(v) { await v.land(); await v.page.focus('[name=email]'); return v.lead(); },
    want: one,
  },
  two_tabs_share_and_the_later_id_wins: {
    pages: { index: plain },
    async go(v) {
      await v.land();
      const second = await v.tab();
      await v.land('index', '?click_id=id2', second);
      const heard = await v.page.waitForFunction((id) => document.querySelector('[name=click_id]').value === id, v.ids[1]).then(() => true);
      await v.page.reload();
      await v.page.waitForFunction(() => window.countersign?.join);
      return { heard, ...(await v.lead()) };
    },
    want: { heard: true, click_id: 'id2', touches: 'id1,id2' },
  },
  a_tab_that_heard_nothing_reads_again_when_the_form_is_sent: {
    before: () => { addEventListener('storage', (e) => e.stopImmediatePropagation(), true); },
    pages: { index: plain },
    async go(v) {
      await v.land();
      await v.page.evaluate((id) => localStorage.setItem('cs_touch', JSON.stringify([...JSON.parse(localStorage.cs_touch), [id, Date.now()]])), v.ids[1]);
      return v.lead(() => v.page.evaluate(() => document.querySelector('form').submit()));
    },
    want: { click_id: 'id2', touches: 'id1,id2' },
  },
  a_page_out_of_the_back_forward_cache_reads_again_and_counts_no_view: {
    whole: true, // keeps pages to go back to
    before: () => { for (const type of ['storage', 'focus']) addEventListener(type, (e) => e.stopImmediatePropagation(), true); },
    pages: { index: (k) => `${plain(k)}<script>addEventListener('pageshow', (e) => { if (e.persisted) setTimeout(() => fetch('submit', { method: 'POST',
      body: 'read=' + document.querySelector('[name=click_id]').value })); });</script>`, next: plain },
    async go(v) {
      await v.land();
      await v.seen();
      await v.land('next', '?click_id=id2');
      return { ...(await v.lead(() => v.page.evaluate(() => { setTimeout(() => history.back()); }))), views: await v.seen(2) };
    },
    want: { read: 'id2', views: ['A id1', 'A id2'] },
  },
  a_restored_form_gets_the_later_id: {
    pages: { index: (k) => `<script>addEventListener('unload', () => {});</script>${k.tag()}${k.form('<input name="click_id"><input name="touches"><input name="note">')}`, next: plain },
    async go(v) {
      await v.land('index', '?click_id=id1');
      await v.page.evaluate((id) => { const f = document.querySelector('[name=click_id]'); f.autocomplete = 'on'; f.value = id; }, v.ids[0]);
      await v.page.fill('[name=note]', 'mine');
      await v.land('next', '?click_id=id2');
      await v.page.evaluate(() => { history.back(); });
      await v.page.waitForURL('**/index**');
      await v.page.waitForFunction(() => document.querySelector('[name=note]')?.value === 'mine');
      return v.lead();
    },
    want: { click_id: 'id2', touches: 'id1,id2', note: 'mine' },
  },
  no_cookie_and_no_name_but_one_are_left: {
    pages: { index: (k) => `<script>window.before = Object.getOwnPropertyNames(window);</script>${plain(k)}` },
    async go(v) {
      await v.land();
      return v.page.evaluate(() => ({ cookie: document.cookie, stored: Object.keys(localStorage).join(),
        names: Object.getOwnPropertyNames(window).filter((name) => !window.before.includes(name) && name !== 'before').join() }));
    },
    want: { cookie: '', stored: 'cs_touch', names: 'countersign' },
  },
};

const stub = "window.countersign = window.countersign || function () { (countersign.q = countersign.q || []).push(arguments) };";
const quiet = async (v) => {
  await v.sleep(200);
  return { stored: await v.stored(), field: await v.value(), views: v.views.length };
};
const nothing = { stored: '', field: '', views: 0 };

export const consent = {
  any_word_but_off_waits: {
    pages: Object.fromEntries(['', 'required', 'false', '0', 'marketing'].map((word, n) => [`p${n}`, (k) => k.tag(`data-consent="${word}"`) + k.form()])
      .concat([['bare', (k) => k.tag('data-consent') + k.form()], ['address', (k) => k.tag('', '&consent=required') + k.form()], ['off', (k) => k.tag('data-consent="off"') + k.form()]])),
    async go(v) {
      const got = {};
      for (const page of Object.keys(this.pages)) {
        await v.land(page);
        got[page] = Object.values(await quiet(v)).join(' ');
      }
      return got;
    },
    want: { p0: '  0', p1: '  0', p2: '  0', p3: '  0', p4: '  0', bare: '  0', address: '  0', off: 'id1 id1 1' },
  },
  the_same_code_twice_waits_only_where_both_do: {
    pages: {
      one: (k) => inOrder(k.tag('data-consent') + k.tag('', '', { copy: true })) + k.form(),
      other: (k) => inOrder(k.tag('', '', { copy: true }) + k.tag('data-consent')) + k.form(),
      both: (k) => inOrder(k.tag('data-consent') + k.tag('data-consent', '', { copy: true })) + k.form(),
    },
    async go(v) {
      const got = {};
      for (const page of ['both', 'one', 'other']) {
        await v.land(page);
        await v.page.evaluate(() => localStorage.clear());
        await v.land(page);
        await v.sleep(300);
        const { stored, field } = await quiet(v);
        got[page] = `${stored} ${field}`;
      }
      return got;
    },
    want: { both: ' ', one: 'id1 id1', other: 'id1 id1' },
  },
  the_landed_id_waits_in_memory: {
    pages: { index: (k) => k.tag('data-consent="required"') + k.form() },
    async go(v) {
      await v.land();
      await v.page.evaluate(() => history.replaceState({}, '', 'tidy'));
      await v.page.evaluate((id) => history.pushState({}, '', `other?click_id=${id}`), v.ids[1]);
      await v.page.evaluate(() => history.replaceState({}, '', 'index'));
      const before = await quiet(v);
      await v.page.evaluate(() => countersign('consent'));
      return { before, views: await v.seen(), ...(await v.lead()) };
    },
    want: { before: nothing, views: ['A id2'], click_id: 'id2', touches: 'id1,id2' },
  },
  global_privacy_control_waits_like_that: {
    before: () => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }); },
    pages: { index: plain },
    async go(v) {
      await v.land();
      const before = await quiet(v);
      await v.page.evaluate(() => countersign('consent'));
      return { before, views: await v.seen(), ...(await v.lead()) };
    },
    want: { before: nothing, views: ['A id1'], ...one },
  },
  a_page_after_the_landing_page_learns_the_id_from_its_referrer: {
    pages: { index: (k) => `${k.tag('data-consent="required"')}<a href="form">form</a>`, form: (k) => k.tag('data-consent="required"') + k.form() },
    async go(v) {
      await v.land();
      await v.page.click('a');
      await v.page.waitForURL('**/form');
      await v.page.waitForFunction(() => window.countersign?.join);
      const before = await quiet(v);
      await v.page.evaluate(() => countersign('consent'));
      return { before, ...(await v.lead()) };
    },
    want: { before: nothing, ...one },
  },
  words_said_before_the_script_came_count: {
    slow: 200,
    pages: {
      yes: (k) => `<script>${stub} countersign('consent'); countersign('touches', (ids) => { window.told = ids.join(); });</script>${k.tag('data-consent', '', { copy: true })}${k.form()}`,
      no: (k) => `<script>${stub} countersign('withdraw');</script>${k.tag('', '', { copy: true })}${k.form()}`,
      changed: (k) => `<script>${stub} countersign('withdraw'); countersign('consent');</script>${k.tag('', '', { copy: true })}${k.form()}`,
    },
    async go(v) {
      await v.land('yes');
      const yes = { ...(await quiet(v)), told: await v.page.evaluate(() => window.told) };
      await v.land('no');
      const no = await quiet(v);
      await v.land('changed');
      return { yes, no, changed: await quiet(v) };
    },
    want: { yes: { stored: 'id1', field: 'id1', views: 1, told: 'id1' }, no: { ...nothing, views: 1 }, changed: { stored: 'id1', field: 'id1', views: 2 } },
  },
  withdrawal_clears_what_was_kept_and_filled: {
    pages: { index: (k) => k.tag() + k.form('<input name="click_id"><input name="touches"><input name="email2" value="x">') },
    async go(v) {
      await v.land();
      await v.seen();
      const answered = await v.page.evaluate(() => countersign('withdraw').length);
      const after = await quiet(v);
      const sent = await v.lead(() => v.page.evaluate(() => { history.replaceState({}, '', '?x'); document.querySelector('form').submit(); }));
      await v.page.waitForSelector('#thanks');
      await v.land('index', '');
      const next = await v.stored();
      await v.land();
      await v.page.evaluate(() => { countersign('withdraw'); countersign('consent'); });
      return { answered, after, sent, next, again: await v.value() };
    },
    want: { answered: 0, after: { ...nothing, views: 1 }, sent: { click_id: '', touches: '', email2: 'x' }, next: '', again: 'id1' },
  },
  tags_of_two_codes_share_consent_and_fire_one_view_each: {
    before: () => {
      window.fired = 0;
      window.Image = class extends Image { set src(url) { window.fired++; super.src = url; } };
    },
    pages: { index: (k) => k.tag('data-consent') + `<script src="${k.src('&consent').replace(k.codes[0], k.codes[1])}" async></script>` + k.tag('data-consent') + k.form() },
    async go(v) {
      await v.land();
      const before = await quiet(v);
      await v.page.evaluate(() => countersign('consent'));
      await v.seen(2);
      await v.page.evaluate(([id, src]) => new Promise((resolve) => {
        history.replaceState({}, '', `?click_id=${id}`);
        const again = Object.assign(document.createElement('script'), { src, onload: resolve });
        document.head.append(again);
      }), [v.ids[1], v.kit.src()]);
      return { before, views: await v.seen(2), fired: await v.page.evaluate(() => window.fired), ...(await v.lead()) };
    },
    want: { before: nothing, views: ['A id1', 'B id1'], fired: 2, click_id: 'id2', touches: 'id1,id2' },
  },
};

export const places = {
  a_tag_manager_makes_the_element: {
    pages: { index: (k) => `<script>const s = document.createElement('script'); s.async = true; s.src = ${JSON.stringify(k.src())}; document.head.append(s);</script>${k.form()}` },
    async go(v) { await v.land(); return { ...(await v.lead()), views: await v.seen() }; },
    want: { ...one, views: ['A id1'] },
  },
  attributes_alone_say_the_code: {
    pages: { index: (k) => `<script src="${k.src().split('?')[0]}" data-code="${k.codes[1]}" data-param="sub" async></script>${k.form()}` },
    async go(v) { await v.land('index', '?sub=id1'); return { ...(await v.lead()), views: await v.seen() }; },
    want: { ...one, views: ['B id1'] },
  },
  copies_of_optimisers_know_the_tracker: {
    pages: {
      address: (k) => `<script src="t.js?code=${k.codes[0]}&host=${encodeURIComponent(k.base)}" async></script>${k.form()}`,
      renamed: (k) => `<script src="0a1b2c.js" data-code="${k.codes[0]}" data-host="${k.base.replace(/^http:/, '')}/" defer></script>${k.form()}`,
      inlined: (k) => `<script data-code="${k.codes[0]}" data-host="${k.base.replace('http://', '')}">${k.script}</script>${k.form()}`,
      bundled: (k) => `<script type="text/plain" src="${k.base}/t.js?code=${k.codes[0]}"></script><script src="bundle.js"></script>${k.form()}`,
      module: (k) => `<script type="module" src="t.js?code=${k.codes[0]}&host=${encodeURIComponent(k.base)}"></script>${k.form()}`,
      lost: (k) => `<script src="bundle.js"></script>${k.form()}`,
    },
    async go(v) {
      const got = {};
      for (const page of Object.keys(this.pages)) {
        v.views.length = 0;
        await v.land(page);
        got[page] = `${await v.value()} ${await v.seen(page === 'lost' ? 0 : 1)}`;
      }
      return got;
    },
    want: { address: 'id1 A id1', renamed: 'id1 A id1', inlined: 'id1 A id1', bundled: 'id1 A id1', module: 'id1 A id1', lost: 'id1 ' },
  },
  a_strict_policy_is_kept_to: {
    headers: (k) => ({ 'content-security-policy': `default-src 'none'; script-src ${k.base} ${k.landing}; img-src ${k.base}; form-action 'self'; require-trusted-types-for 'script'` }),
    pages: { index: (k) => k.tag('data-inject') + k.form('') },
    async go(v) {
      const said = [];
      v.page.on('console', (message) => { if (/polic|trusted/i.test(message.text()) && !/icon|data:/.test(message.text())) said.push(message.text()); });
      await v.land();
      return { ...(await v.lead()), views: await v.seen(), said };
    },
    want: { ...one, views: ['A id1'], said: [] },
  },
  an_element_named_like_the_function_is_no_hindrance: {
    pages: { index: (k) => `<form id="countersign"></form>${plain(k)}` },
    async go(v) { await v.land(); return v.lead(() => v.page.click('form[action] button')); },
    want: one,
  },
  a_page_that_froze_its_prototypes_is_no_hindrance: {
    before: () => { Object.freeze(HTMLFormElement.prototype); Object.freeze(Element.prototype); Object.freeze(history); },
    pages: { index: plain },
    async go(v) { await v.land(); return { ...(await v.lead()), views: await v.seen() }; },
    want: { ...one, views: ['A id1'] },
  },
  a_page_that_answers_every_input_by_a_change_is_not_run_in_circles: {
    pages: { index: (k) => `<script>window.count = 0;
      addEventListener('input', (e) => { window.count++; e.target.value = ''; e.target.after(e.target.cloneNode()); e.target.remove(); history.replaceState({}, ''); });</script>${k.tag()}<input name="click_id">` },
    async go(v) { await v.land(); await v.sleep(200); return v.page.evaluate(() => window.count < 1500); },
    want: true,
  },
};

export const rows = { ...builders, ...forms, ...touches, ...consent, ...places };

// name, row, what stands once in the tag's source, what stands there instead
export const controls = [
  ['no suffixes', 'elementor_names_fields_by_suffix', ',input[name$="[', ',input[nope$="['],
  ['no form.submit', 'a_form_made_and_sent_by_script_in_one_go_is_filled_without_formdata', "['submit'], onMove", "[], onMove"],
  ['no frames', 'hubspot_builds_its_form_in_a_frame_of_the_page', "!== 'iframe'", "!== 'nope'"],
  ['no macros in addresses', 'typeform_is_given_the_id_in_the_address_of_its_frame', "'*=click_id]'", "'*=nope]'"],
  ['a plain setter', 'react_state_gets_the_id', "Reflect.set(Object.getPrototypeOf(field), 'value', text, field)", 'field.value = text'],
  ['no navigation timing', 'next_router_tidies_the_address_and_renders_the_form_on_another_route', 'navigation', 'nope'],
  ['no observer', 'a_late_form_is_filled_before_a_script_reads_it', 'observer.observe(root', '[].concat(root'],
  ['no attachShadow', 'open_shadow_roots_are_filled', "['attachShadow']", '[]'],
  ['no formdata', 'form_data_has_the_id_whatever_the_page_made_of_the_field', 'if (event.formData)', 'if (0)'],
  ['no history', 'ids_that_come_by_history_changes_are_noticed', "['pushState', 'replaceState']", '[]'],
  ['foreign ids overwritten', 'an_id_that_the_page_set_stays_until_one_lands', 'wanted && foreign', 'wanted && 0'],
  ['no storage event', 'two_tabs_share_and_the_later_id_wins', "'storage', ", ''],
  ['consent not asked for', 'any_word_but_off_waits', "consent !== undefined && consent !== 'off' ||", ''],
  ['privacy control passed over', 'global_privacy_control_waits_like_that', ' || navigator.globalPrivacyControl', ''],
  ['no hidden fields of React', 'react_state_gets_the_id', "field.type === 'hidden' &&", 'false &&'],
  ['withdrawal forgets to clear', 'withdrawal_clears_what_was_kept_and_filled', 'localStorage.removeItem(KEY)', '0'],
  ['the same code twice', 'tags_of_two_codes_share_consent_and_fire_one_view_each', 'tag.code === code', 'false'],
  ['the first of a code decides', 'the_same_code_twice_waits_only_where_both_do', 'same.asks && asks', 'same.asks'],
  ['links keep what is withdrawn', 'links_to_other_sites_take_the_id_along', 'links.push(', '[].push('],
  ['no host', 'copies_of_optimisers_know_the_tracker', "option('host')", '0'],
];

// for the long run
export const moreControls = [
  ['adds while reading', 'a_form_that_is_still_being_read_gets_no_second_field', "form.ownerDocument.readyState === 'loading' || ", ''],
  ['no class', 'wpforms_has_the_class_on_the_container', ',.cs-click-id input', ''],
  ['no class in what is rendered anew', 'gravity_renders_the_form_anew_out_of_its_frame', ',.cs-click-id input', ''],
  ['no frames of frameworks', 'hubspot_keeps_the_state_of_its_framed_form_in_the_page', "!== 'iframe'", "!== 'nope'"],
  ['no written frames', 'a_frame_of_the_page_is_written_at_once', "!== 'iframe'", "!== 'nope'"],
  ['no macros in late frames', 'typeform_builds_its_frame_from_an_attribute', '(\\{|%7B)click_id(\\}|%7D)', '(\\{)click_id(\\})'],
  ['no change', 'vue_models_that_wait_for_change_get_the_id', "['input', 'change'], type => field", "['input'], type => field"],
  ['no events for routes', 'a_router_in_react_mounts_its_form_on_each_visit_of_a_route', "each(['input', 'change'],", 'each([],'],
  ['no first address of a router', 'a_router_in_react_mounts_its_form_on_each_visit_of_a_route', 'navigation', 'nope'],
  ['no events', 'react_state_gets_the_id', "each(['input', 'change'],", 'each([],'],
  ['no second telling', 'react_hydrates_what_was_filled_before', ' || was[1] === own', ' || true'],
  ['no events for Vue', 'vue_models_get_the_id', "each(['input', 'change'],", 'each([],'],
  ['no shadow roots', 'open_shadow_roots_are_filled', 'if (element.shadowRoot)', 'if (0)'],
  ['no reset', 'a_reset_form_is_filled_again', "event.type === 'reset'", '0'],
  ['no click', 'a_button_that_reads_the_field_itself_finds_it_filled', "'focus', 'click', ", "'focus', "],
  ['no pageshow', 'a_page_out_of_the_back_forward_cache_reads_again_and_counts_no_view', "'pageshow', ", ''],
  ['no popstate', 'ids_that_come_by_history_changes_are_noticed', "['popstate', 'hashchange']", '[]'],
  ['no referrer', 'a_page_after_the_landing_page_learns_the_id_from_its_referrer', 'look(doc.referrer, 1)', 'look("", 1)'],
  ['foreign ids kept for ever', 'an_id_that_the_page_set_stays_until_one_lands', ' && !landed', ''],
  ['placeholders sent', 'a_visitor_without_an_id_sends_no_placeholder', '!MACRO.test(now)', 'true'],
  ['anything is an id', 'values_in_the_address_that_are_no_ids_are_none', '/^[\\w-]{51}$/', '/^/'],
  ['no limit', 'the_last_ten_are_kept_in_order', 'MOST = 10', 'MOST = 11'],
  ['no age', 'ids_are_forgotten_after_ninety_days', 'AGE_MS = 7776e6', 'AGE_MS = 7786e6'],
  ['a reload lands again', 'two_tabs_share_and_the_later_id_wins', 'known(row[0]) || rows.push(row)', '(rows = rows.filter(old => old[0] !== row[0])) && rows.push(row)'],
  ['no queue', 'words_said_before_the_script_came_count', 'each(queue, call => countersign(call[0]))', '0'],
  ['one tag alone', 'tags_of_two_codes_share_consent_and_fire_one_view_each', 'if (earlier && earlier.join) return', 'if (0) return'],
  ['more patience', 'a_page_that_answers_every_input_by_a_change_is_not_run_in_circles', 'PATIENCE = 200', 'PATIENCE = 3000'],
];
