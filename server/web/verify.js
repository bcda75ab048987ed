/* The page /verify: checks statements with their lines, checkpoints and mirrors, here, by WebCrypto. Everything is made as FORMATS.md says
 * ("Statement", "JWS, receipts", "Merkle trees, tiles, checkpoints", "A party's word"). It works from a saved file too. */
(function () {
  'use strict';
  var TEXTS = {
    title: ['Check a statement', 'Vérifier un relevé', '核验结算单'],
    intro: ['The files stay in this browser; nothing is uploaded. The page works without a network: save it and check there.',
      'Les fichiers restent dans ce navigateur ; rien n’est envoyé. La page marche sans réseau : enregistrez-la et vérifiez là.',
      '文件留在本浏览器，不上传。可保存本页后离线核验。'],
    files: ['Statement (.jws), its lines, checkpoint', 'Relevé (.jws), ses lignes, point de contrôle', '结算单（.jws）、明细、检查点'],
    folder: ['Or the whole mirror, the folder that “countersign pull” made', 'Ou le miroir entier, le dossier de « countersign pull »', '或整个镜像，即 countersign pull 所存的文件夹'],
    dropping: ['Files and folders can be dropped here too.', 'Fichiers et dossiers peuvent aussi être déposés ici.', '也可将文件或文件夹拖放到此处。'],
    pin: ['The key you expect', 'La clé que vous attendez', '您预期的密钥'],
    pinhint: ['From your contract or from an earlier check; without it the page names the key, and you compare.',
      'De votre contrat ou d’une vérification antérieure ; sans elle, la page nomme la clé et vous comparez.', '来自合同或以往核验；若无，本页列出密钥供您比对。'],
    save: ['Save this page', 'Enregistrer cette page', '保存本页'],
    foot: ['Checked here by WebCrypto. The whole of a contract: countersign verify.', 'Vérifié ici par WebCrypto. Un contrat entier : countersign verify.',
      '由 WebCrypto 在此核验。整份合同请用：countersign verify。'],
    holds: ['It holds', 'Cela tient', '成立'],
    fails: ['It does not hold', 'Cela ne tient pas', '不成立'],
    unknown: ['It cannot be told', 'On ne peut le dire', '无法判定'],
    not: ['not shown', 'non montré', '无法证明'],
    nothing: ['No statement among these files. It is the file that ends in .jws.', 'Aucun relevé parmi ces fichiers. C’est celui qui finit par .jws.', '所选文件中没有结算单（以 .jws 结尾的文件）。'],
    secure: ['This browser offers no WebCrypto here: save the page and open it from the file, or come by https.',
      'Ce navigateur n’offre pas WebCrypto ici : enregistrez la page et ouvrez le fichier, ou venez par https.', '此处浏览器不提供 WebCrypto：请保存本页后打开文件，或用 https 访问。'],
    broken: ['This page met a fault of its own: {0}. Use countersign verify.', 'Cette page a rencontré une faute : {0}. Utilisez countersign verify.', '本页出错：{0}。请用 countersign verify。'],
    pays: ['{0} pays {1}: {2}', '{0} paie {1} : {2}', '{0} 应付 {1}：{2}'],
    owes: ['{1} owes {0}: {2}', '{1} doit à {0} : {2}', '{1} 欠 {0}：{2}'],
    itself: ['nobody (own contract)', 'personne (contrat propre)', '无（自有合同）'],
    form: ['The document is written as one is', 'Le document est écrit comme il se doit', '文件格式规范'],
    formbad: ['The document is not as a server writes it', 'Le document n’est pas écrit comme par un serveur', '文件不是服务器所写格式'],
    sig: ['Signed by the key {0}', 'Signé par la clé {0}', '由密钥 {0} 签署'],
    sigbad: ['The signature is not that of the key {0}', 'La signature n’est pas celle de la clé {0}', '签名与密钥 {0} 不符'],
    sigwhat: ['The file, or what was signed, was changed. Keep it and show it to the other party.', 'Le fichier fut changé après signature. Gardez-le et montrez-le à l’autre partie.', '文件在签署后被改动。请保留并出示给对方。'],
    nokey: ['The key {0} is not known here', 'La clé {0} n’est pas connue ici', '此处不知密钥 {0}'],
    nokeyhint: ['Add the server’s jwks.json (in the mirror: .well-known/jwks.json).', 'Ajoutez le jwks.json du serveur (dans le miroir : .well-known/jwks.json).', '请加入服务器的 jwks.json（镜像中：.well-known/jwks.json）。'],
    noalg: ['This browser cannot check Ed25519', 'Ce navigateur ne sait vérifier Ed25519', '此浏览器不支持 Ed25519'],
    noalghint: ['Use a newer one, or countersign verify.', 'Prenez-en un plus récent, ou countersign verify.', '请用较新浏览器或 countersign verify。'],
    keyof: ['From {0}', 'De {0}', '来自 {0}'],
    keyfile: ['the files given; compare it with what you know', 'les fichiers donnés ; comparez-la à ce que vous savez', '所给文件；请自行比对'],
    keypage: ['this page, as the server gave it; compare it with what you know', 'cette page, telle que le serveur l’a donnée ; comparez', '本页（由服务器提供）；请自行比对'],
    keypin: ['your pin: it is the key that you expect', 'votre attente : c’est la clé attendue', '您的预期：一致'],
    pinbad: ['It is not the key that you expect', 'Ce n’est pas la clé attendue', '不是您预期的密钥'],
    money: ['The money adds up', 'L’argent tombe juste', '金额相符'],
    moneyhow: ['gross {0}, adjustments {1}, net {2}, carried in {3}, carried on {4}', 'brut {0}, corrections {1}, net {2}, report reçu {3}, report {4}', '总额 {0}，调整 {1}，净额 {2}，转入 {3}，转出 {4}'],
    moneybad: ['The money does not add up', 'L’argent ne tombe pas juste', '金额不符'],
    counts: ['The counts add up', 'Les nombres tombent juste', '数量相符'],
    countshow: ['{0} leads, {1} clicks', '{0} leads, {1} clics', '{0} 条线索，{1} 次点击'],
    countsbad: ['The counts do not add up', 'Les nombres ne tombent pas juste', '数量不符'],
    lines: ['The lines ({0}) are the ones that were signed', 'Les lignes ({0}) sont celles qui furent signées', '{0} 行与签署时一致'],
    lineshow: ['root {0}; their sums are the statement’s', 'racine {0} ; leurs sommes sont celles du relevé', '根 {0}；合计与结算单一致'],
    linesbad: ['The lines are not the ones that were signed', 'Les lignes ne sont pas celles qui furent signées', '明细与签署时不符'],
    linesnone: ['The lines ({0}) were not given', 'Les lignes ({0}) n’ont pas été données', '未提供 {0} 行明细'],
    prev: ['It follows statement {0}', 'Il suit le relevé {0}', '接续结算单 {0}'],
    first: ['It is the first of the contract', 'C’est le premier du contrat', '为合同首份'],
    prevbad: ['It does not follow statement {0}', 'Il ne suit pas le relevé {0}', '不接续结算单 {0}'],
    prevnone: ['The statement before was not given', 'Le relevé précédent n’a pas été donné', '未提供上一份结算单'],
    tree: ['The log had this head', 'Le journal avait cette tête', '日志当时树头一致'],
    treehow: ['entries {0} to {1}; root {2}', 'entrées {0} à {1} ; racine {2}', '条目 {0}–{1}；根 {2}'],
    treebad: ['The log does not have this head', 'Le journal n’a pas cette tête', '日志没有此树头'],
    treenone: ['No checkpoint of this size was given', 'Aucun point de contrôle de cette taille', '未提供该大小的检查点'],
    notebad: ['A checkpoint is not signed by the log’s key', 'Un point de contrôle n’est pas signé par la clé du journal', '检查点签名与日志密钥不符'],
    notekey: ['The key of a checkpoint is not known here: add log/keys', 'Clé d’un point de contrôle inconnue : ajoutez log/keys', '不知检查点密钥：请加入 log/keys'],
    answers: ['{0} of {1} parties have answered', '{0} parties sur {1} ont répondu', '{1} 方中 {0} 方已答复'],
    answersnone: ['Who has answered: the log was not given', 'Qui a répondu : le journal n’a pas été donné', '谁已答复：未提供日志'],
    answerbad: ['An answer is not signed by the party’s key', 'Une réponse n’est pas signée par la clé de la partie', '答复签名与该方密钥不符'],
    operator: ['Operator', 'Opérateur', '运营方'], advertiser: ['Advertiser', 'Annonceur', '广告主'], publisher: ['Publisher', 'Éditeur', '发布商'],
    signed: ['signed {0}', 'signé {0}', '签署于 {0}'], accept: ['accepts, {0}', 'accepte, {0}', '接受，{0}'],
    dispute: ['disputes, {0}: {1}', 'conteste, {0} : {1}', '异议，{0}：{1}'], silent: ['has not answered', 'n’a pas répondu', '尚未答复'],
    all: ['all of it', 'le tout', '全部'], row: ['lines {0}', 'lignes {0}', '行 {0}'],
    notshown: ['Not shown by these files', 'Non montré par ces fichiers', '这些文件无法证明'],
    notlog: ['That the log was decided by its rules, and holds every click and lead: that takes countersign verify over the whole mirror, with receipts and click ids of your own.',
      'Que le journal fut décidé selon ses règles et contient chaque clic et lead : il faut countersign verify sur le miroir entier, avec vos propres reçus et identifiants.',
      '日志是否按规则裁定、是否包含每次点击和线索：需对整个镜像用 countersign verify，并使用您自己的回执和点击编号。'],
    ignored: ['Files that were not needed: {0}', 'Fichiers qui n’étaient pas utiles : {0}', '未使用的文件：{0}'],
    unread: ['{0} does not read as what its name says', '{0} ne se lit pas comme son nom le dit', '{0} 的内容与其文件名不符'],
    unreadhint: ['It was changed or cut: fetch it again.', 'Il fut changé ou coupé : demandez-le de nouveau.', '文件被改动或截断：请重新获取。'],
    working: ['Checking', 'Vérification', '核验中']
  };
  var LANGS = ['en', 'fr', 'zh'], lang = 0, given = [], run = 0;
  var $ = function (id) { return document.getElementById(id); };
  var utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), encoder = new TextEncoder();

  function t(key) {
    var args = [].slice.call(arguments, 1);
    return TEXTS[key][lang].replace(/\{(\d)\}/g, function (_, n) { return args[n]; });
  }

  /* ---- bytes ---- */

  function hex(bytes) {
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join('');
  }
  function base64(text) {
    try {
      return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    } catch (_) {
      return null;
    }
  }
  function base64url(bytes) {
    return btoa(String.fromCharCode.apply(null, bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function unbase64url(text) { /* null: not the one spelling */
    if (typeof text !== 'string' || !/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
    var last = text.length % 4, spare = last === 2 ? 15 : last === 3 ? 3 : 0;
    if (spare && 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(text[text.length - 1]) & spare) return null;
    return base64(text.replace(/-/g, '+').replace(/_/g, '/'));
  }
  function text(bytes) { /* null: not UTF-8 */
    try {
      return bytes && utf8.decode(bytes);
    } catch (_) {
      return null;
    }
  }
  function same(a, b) {
    return a.length === b.length && a.every(function (byte, i) { return byte === b[i]; });
  }
  function joined() {
    var parts = [].slice.call(arguments), out = new Uint8Array(parts.reduce(function (n, p) { return n + p.length; }, 0)), at = 0;
    parts.forEach(function (p) { out.set(p, at); at += p.length; });
    return out;
  }
  function sha256(bytes) {
    return crypto.subtle.digest('SHA-256', bytes).then(function (d) { return new Uint8Array(d); });
  }
  function json(string) { /* undefined: none */
    try {
      return JSON.parse(string);
    } catch (_) {
      return undefined;
    }
  }
  function canonical(value) {
    if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']';
    if (value && typeof value === 'object')
      return '{' + Object.keys(value).sort().map(function (k) { return JSON.stringify(k) + ':' + canonical(value[k]); }).join(',') + '}';
    return JSON.stringify(value);
  }

  /* true, false; null: this browser cannot tell */
  async function verified(key, signature, bytes) {
    if (!key || key.length !== 32 || !signature || signature.length !== 64) return false;
    try {
      var imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
      return await crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, bytes);
    } catch (e) {
      return e.name === 'NotSupportedError' ? null : false;
    }
  }

  /* RFC 6962. Level by level: an odd one goes up as it is. */
  async function root(leaves, size) {
    var level = leaves.slice(0, size);
    if (size === 0) return sha256(new Uint8Array(0));
    while (level.length > 1) {
      var next = [];
      for (var i = 0; i + 1 < level.length; i += 2048) {
        var some = [];
        for (var k = i; k < i + 2048 && k + 1 < level.length; k += 2) some.push(sha256(joined([1], level[k], level[k + 1])));
        next = next.concat(await Promise.all(some));
      }
      if (level.length % 2) next.push(level[level.length - 1]);
      level = next;
    }
    return level[0];
  }
  async function hashed(items, tell) {
    var out = [];
    for (var i = 0; i < items.length; i += 2048) {
      out = out.concat(await Promise.all(items.slice(i, i + 2048).map(function (bytes) { return sha256(joined([0], bytes)); })));
      tell(i / items.length);
    }
    return out;
  }

  /* ---- what was given ---- */

  var BUNDLE = /^(.*?)\/?tile\/entries\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/;

  var NAMED_LINES = /(^|[\/._-])lines(\.\w+)?$/, NAMED = /(^|[\/._-])checkpoint(\.\w+)?$|\.jws$/;

  function note(string) {
    var m = /^([^\n]+)\n(\d+)\n([A-Za-z0-9+\/]{43}=)\n\n((?:\u2014 [^\n]+\n)+)$/.exec(string);
    return m && { origin: m[1], size: Number(m[2]), root: base64(m[3]), text: encoder.encode(m[1] + '\n' + m[2] + '\n' + m[3] + '\n'), lines: m[4].split('\n').slice(0, -1) };
  }
  function sort(files) {
    var found = { statements: [], lines: [], notes: [], jwks: [], logKeys: [], bundles: {}, logs: {}, unread: [], unused: 0 };
    ((json($('jwks').textContent) || {}).keys || []).forEach(function (k) { found.jwks.push({ key: k, from: 'keypage' }); });
    found.logKeys = $('vkeys').textContent.split('\n');
    files.forEach(function (file) {
      var path = BUNDLE.exec(file.path), string, document;
      if (path) {
        var n = Number(path[2].replace(/[x\/]/g, '')), log = found.bundles[path[1]] = found.bundles[path[1]] || {};
        if (!log[n] || log[n].length < file.bytes.length) log[n] = file.bytes;
        return;
      }
      string = /(^|\/)tile\//.test(file.path) ? null : text(file.bytes);
      if (NAMED_LINES.test(file.path)) { /* whatever it holds: its hash tells */
        found.lines.push({ path: file.path, bytes: file.bytes, text: string });
        return;
      }
      if (string === null) {
        if (NAMED.test(file.path)) found.unread.push(file.path);
        else found.unused++;
        return;
      }
      document = string[0] === '{' ? json(string) : undefined;
      if (document && 'payload' in document && Array.isArray(document.signatures)) found.statements.push({ path: file.path, text: string, document: document });
      else if (document && Array.isArray(document.keys)) document.keys.forEach(function (k) { found.jwks.push({ key: k, from: 'keyfile' }); });
      else if (note(string)) found.notes.push(Object.assign(note(string), { path: file.path }));
      else if (/^[^+\n]+\+[0-9a-f]{8}\+[A-Za-z0-9+\/]+=*\n/.test(string)) found.logKeys = found.logKeys.concat(string.split('\n'));
      else if (/^\{[^\n]*"kind":"(lead|disposition|adjustment|traffic)"/.test(string)) found.lines.push({ path: file.path, bytes: file.bytes, text: string });
      else if (NAMED.test(file.path)) found.unread.push(file.path);
      else found.unused++;
    });
    return found;
  }

  /* Files that cannot be read as what a statement needs of them. */
  function unread(p, found) {
    var foreign = found.notes.filter(function (n) { /* of no statement here: that of the root log is none */
      var whose = n.path.indexOf(p.id) >= 0 ? [{ payload: p }] : n.path.indexOf('/') < 0 && !/\/log$/.test(n.origin) ? found.statements : null;
      return whose && !whose.some(function (s) { return isOf(n, s.payload); });
    });
    return foreign.map(function (n) { return n.path; }).concat(found.unread.filter(function (path) { return found.statements.length === 1 || path.indexOf(p.id) >= 0 || path.indexOf(p.contract) >= 0; }));
  }
  function isOf(n, p) {
    var end = '/log/' + p.contract;
    return n.origin.slice(-end.length) === end;
  }

  /* The entries of a log in order, as many as hang together from 0. */
  function entries(bundles) {
    var out = [];
    for (var n = 0; bundles && bundles[n]; n++) {
      var b = bundles[n], at = 0;
      while (at + 2 <= b.length) {
        var len = b[at] * 256 + b[at + 1];
        if (at + 2 + len > b.length) return out;
        out.push(b.subarray(at + 2, at + 2 + len));
        at += 2 + len;
      }
      if (out.length !== 256 * (n + 1)) break;
    }
    return out;
  }

  /* ---- checks ---- */

  function money(micros, p) {
    var places = p.exponent, negative = micros < 0, whole = String(negative ? -micros : micros).padStart(7, '0');
    var head = whole.slice(0, -6), tail = whole.slice(-6).replace(/0+$/, '').padEnd(places, '0');
    head = head.replace(/\B(?=(\d{3})+$)/g, lang === 1 ? '\u202f' : ',');
    return (negative ? '\u2212' : '') + head + (tail ? (lang === 1 ? ',' : '.') + tail : '') + '\u00a0' + p.currency;
  }
  function short(id) {
    return id.length > 16 ? id.slice(0, 8) + '…' + id.slice(-4) : id;
  }
  function whole(value) {
    return Number.isSafeInteger(value);
  }
  function sum(object) {
    return Object.keys(object).reduce(function (n, k) { return n + (typeof object[k] === 'object' ? sum(object[k]) : object[k]); }, 0);
  }
  function amounts(p) {
    var unit = BigInt(Math.pow(10, 6 - p.exponent)), big = function (n) { return BigInt(n); };
    var moved = p.adjustments.reduce(function (n, a) { return n + big(a.micros); }, 0n);
    return { unit: unit, moved: moved, before: big(p.payable_minor) * unit + big(p.carried_micros) - big(p.net_micros) };
  }
  /* What of sums below nothing is carried; they become what is charged and credited here. */
  function setOff(sums, parts) {
    var left = parts.reduce(function (n, name) { return sums[name] > 0n ? n + sums[name] : n; }, 0n), carried = [];
    parts.forEach(function (name) {
      var all = sums[name];
      if (all > 0n) return;
      sums[name] = -all > left ? -left : all;
      left += sums[name];
      if (all !== sums[name]) carried.push([name, all - sums[name]]);
    });
    return carried;
  }
  /* Each in whole units, cut down; those with the largest remainders one more, as far as all come to it. */
  function rounded(parts, rest, unit) {
    var left = parts.map(function (n) { return (n % unit + unit) % unit; }), minors = parts.map(function (n, i) { return (n - left[i]) / unit; });
    var more = left.reduce(function (n, one) { return n + one; }, rest) / unit;
    parts.map(function (n, i) { return i; }).sort(function (i, j) { return left[i] === left[j] ? i - j : left[i] > left[j] ? -1 : 1; })
      .slice(0, Number(more)).forEach(function (i) { minors[i] += 1n; });
    return minors;
  }
  /* Whether what it comes to by each VAT is that of its parts, rounded row by row. */
  function vatHolds(p, a) {
    var x = p.tax, sums = {}, fresh = {}, rest = a.before, net = 0n, vat = 0n;
    function key(one) {
      return ['none', 'domestic', 'reverse_charge', 'outside'].indexOf(one.kind) + [one.vat_ppm, one.advertiser, one.publisher].map(function (n) { return String(n || 0).padStart(17, '0'); }).join('');
    }
    function add(one, micros) {
      if (micros) sums[key(one)] = (sums[key(one)] || 0n) + BigInt(micros);
    }
    function supply(one, micros) {
      add(one, micros);
      if (micros) fresh[key(one)] = (fresh[key(one)] || 0n) + BigInt(micros);
    }
    function vatOf(minor, ppm) {
      var size = minor < 0n ? -minor : minor, due = (size * BigInt(ppm) * 2n + 1000000n) / 2000000n;
      return minor < 0n ? -due : due;
    }
    function or(said, otherwise) {
      return said === undefined ? otherwise : said;
    }
    p.quantities.forEach(function (q) { supply({ kind: x.kind, vat_ppm: q.vat_ppm, advertiser: x.advertiser, publisher: x.publisher }, q.micros); });
    p.adjustments.forEach(function (one) {
      (one.lead === undefined || one.statement !== undefined ? add : supply)({ kind: one.vat_kind || x.kind, vat_ppm: one.vat_ppm, advertiser: or(one.vat_advertiser, x.advertiser), publisher: or(one.vat_publisher, x.publisher) }, one.micros);
    });
    x.brought.forEach(function (one) { add(one, one.micros), rest -= BigInt(one.micros); });
    var parts = Object.keys(sums).sort(), carried = p.carried_micros < 0 ? setOff(sums, parts) : [];
    if (carried.length > 0) carried[0][1] += rest, rest = 0n;
    carried = carried.filter(function (one) { return one[1] !== 0n; });
    if (x.rows.length !== parts.length || x.carried.length !== carried.length) return false;
    var minors = rounded(parts.map(function (name) { return sums[name]; }), rest, a.unit);
    var good = x.rows.every(function (one, i) {
      var minor = minors[i], due = vatOf(minor, one.vat_ppm), had = fresh[parts[i]] || 0n, supplied = had > 0n ? had / a.unit : 0n;
      if (sums[parts[i]] <= had && supplied < minor) supplied = minor;
      net += minor, vat += due;
      return key(one) === parts[i] && BigInt(one.net_minor) === minor && BigInt(one.vat_minor) === due &&
        BigInt(one.supplied_minor) === supplied && BigInt(one.supplied_vat_minor) === vatOf(supplied, one.vat_ppm);
    });
    return good && net === BigInt(p.payable_minor) && vat === BigInt(x.vat_minor) &&
      x.carried.every(function (one, i) { return key(one) === carried[i][0] && BigInt(one.micros) === carried[i][1]; });
  }
  function moneyHolds(p, a) {
    var due = BigInt(p.payable_minor) + BigInt(p.tax.vat_minor), by = due === 0n || p.publisher.id === '' ? '' : due > 0n ? 'advertiser' : 'publisher';
    return vatHolds(p, a) && BigInt(p.to_pay_minor) === due && p.payable_by === by && p.exponent >= 0 && p.exponent <= 4 && BigInt(p.gross_micros) + a.moved === BigInt(p.net_micros) && p.gross_micros >= 0 &&
      (p.carried_micros >= 0 || p.payable_minor === 0) && BigInt(p.carried_micros) < a.unit && a.before < a.unit && (p.prev_sha256 !== '' || a.before === 0n);
  }
  function countsHold(p) {
    var c = p.counts;
    return ['clicks', 'impressions', 'views', 'leads'].every(function (name) { return sum(c[name]) === 2 * c[name].total; }) &&
      c.payable.clicks <= c.clicks.total && c.payable.impressions <= c.impressions.total;
  }
  /* Whether the quantities are those of the lines: of clicks and impressions the lines say the sums alone. */
  function quantitiesAre(p, rows) {
    var sums = {};
    function add(sign, n, micros, name) {
      sums[name] = sums[name] || [0n, 0n];
      sums[name][0] += BigInt(sign * n);
      sums[name][1] += BigInt(sign) * BigInt(micros);
    }
    rows.forEach(function (row) {
      var sale = row.sale_micros || 0, part = 'share_to' in row, price = row.micros - sale;
      if ('terms' in row) add(1, 1, price, [part ? 'lead_part' : 'lead', row.terms, row.tier, part ? 0 : price, row.vat_ppm].join());
      if (sale) add(1, 1, sale, ['sale', '', '', 0, row.vat_ppm].join());
      if (row.kind === 'traffic') add(1, 0, row.click_micros, 'click,' + row.vat_ppm), add(1, 0, row.impression_micros, 'impression,' + row.vat_ppm);
    });
    p.quantities.forEach(function (q) {
      var traffic = q.what === 'click' || q.what === 'impression';
      add(-1, traffic ? 0 : q.n, q.micros, traffic ? q.what + ',' + q.vat_ppm : [q.what, q.terms, q.tier, q.unit_micros, q.vat_ppm].join());
    });
    return Object.keys(sums).every(function (name) { return sums[name][0] === 0n && sums[name][1] === 0n; });
  }
  /* Whether the lines are those by which the money comes about. */
  function linesAddUp(p, rows) {
    var adjusted = {}, gross = 0n, moved = 0n, leads = 0, last = -1, traffic = null;
    p.adjustments.forEach(function (a) { adjusted[a.index] = a; });
    var good = rows.every(function (row) {
      if (!row || !whole(row.micros)) return false;
      if (row.kind === 'traffic') return gross += BigInt(row.micros), traffic = [traffic ? traffic[0] + row.clicks : row.clicks, traffic ? traffic[1] + row.impressions : row.impressions], true;
      if (!(row.index > last) || row.index < p.period.from || row.index >= p.period.to) return false;
      last = row.index;
      leads += row.kind === 'lead';
      var a = adjusted[row.index];
      if (!a) return gross += BigInt(row.micros), row.micros >= 0;
      delete adjusted[row.index];
      moved += BigInt(row.micros);
      return a.micros === row.micros && a.lead === row.lead && a.vat_kind === row.vat_kind && a.vat_ppm === row.vat_ppm && a.vat_advertiser === row.vat_advertiser && a.vat_publisher === row.vat_publisher && a.reason === (row.kind === 'adjustment' ? row.kind : row.status);
    });
    good = good && (!traffic || (traffic[0] === p.counts.payable.clicks && traffic[1] === p.counts.payable.impressions));
    return good && quantitiesAre(p, rows) && Object.keys(adjusted).length === 0 && gross === BigInt(p.gross_micros) && gross + moved === BigInt(p.net_micros) && leads === p.counts.leads.total;
  }

  async function signature(s, found, rows) {
    var heads = s.document.signatures.map(function (one) { return text(unbase64url(one.protected)); });
    var kid = (json(heads[0]) || {}).kid, typ = 'countersign-statement';
    var plain = typeof kid === 'string' && /^[\w-]{43}$/.test(kid) && s.document.signatures.length === 2 && canonical(s.document) === s.text &&
      Object.keys(s.document).length === 2 && ['EdDSA', 'Ed25519'].every(function (alg, i) { return heads[i] === canonical({ alg: alg, kid: kid, typ: typ }); }) &&
      canonical(s.payload) === s.payloadText && s.payload.typ === typ && s.payload.revision === 1;
    rows.push(plain ? ['holds', t('form'), s.path] : ['fails', t('formbad'), s.path]);
    if (typeof kid !== 'string') return '';
    for (var i = 0; i < found.jwks.length; i++) {
      var k = found.jwks[i].key, x = unbase64url(k.x);
      if (k.kid !== kid || !x) continue;
      var thumb = base64url(await sha256(encoder.encode('{"crv":"Ed25519","kty":"OKP","x":"' + k.x + '"}')));
      var good = thumb === kid;
      for (var n = 0; n < 2 && good === true; n++) {
        var one = s.document.signatures[n];
        good = one ? await verified(x, unbase64url(one.signature), encoder.encode(one.protected + '.' + s.document.payload)) : false;
      }
      if (good === null) rows.push(['unknown', t('noalg'), t('noalghint')]);
      else if (!good) rows.push(['fails', t('sigbad', short(kid)), t('sigwhat')]);
      else {
        var pin = $('pin').value.trim();
        if (pin && pin !== kid) rows.push(['fails', t('pinbad'), kid]);
        else rows.push(['holds', t('sig', short(kid)), t('keyof', t(pin ? 'keypin' : found.jwks[i].from)) + ' · ' + kid]);
      }
      return kid;
    }
    rows.push(['unknown', t('nokey', short(kid)), t('nokeyhint')]);
    return kid;
  }

  async function checkLines(s, found, rows) {
    var p = s.payload, hit = null;
    for (var i = 0; i < found.lines.length && !hit; i++)
      if (hex(await sha256(found.lines[i].bytes)) === p.lines.sha256) hit = found.lines[i];
    var meant = found.lines.filter(function (l) { return found.statements.length === 1 || l.path.split(/[\/.]/).indexOf(p.id) >= 0; });
    if (!hit && meant.length === 0 && hex(await sha256(new Uint8Array(0))) === p.lines.sha256) hit = { text: '' }; /* there are none to be given */
    if (!hit && meant.length > 0) {
      rows.push(['fails', t('linesbad'), t('sigwhat')]);
      return;
    }
    if (!hit) {
      rows.push(['not', t('linesnone', p.lines.n), '']);
      return;
    }
    var lines = hit.text.split('\n').slice(0, -1);
    var tree = hex(await root(await hashed(lines.map(function (l) { return encoder.encode(l); }), function () {}), lines.length));
    var good = lines.length === p.lines.n && tree === p.lines.root && linesAddUp(p, lines.map(json));
    rows.push(good ? ['holds', t('lines', lines.length), t('lineshow', short(tree))] : ['fails', t('moneybad'), t('linesbad')]);
  }

  function checkBefore(s, found, rows) {
    var p = s.payload;
    if (p.prev_sha256 === '') return rows.push(p.period.from === 0 ? ['holds', t('first'), ''] : ['fails', t('prevbad', '–'), '']);
    var hit = found.statements.filter(function (o) { return o.sha256 === p.prev_sha256; })[0];
    if (!hit) return rows.push(['not', t('prevnone'), short(p.prev_sha256)]);
    var good = hit.payload.period.to === p.period.from && hit.payload.tree.to_root === p.tree.from_root && hit.payload.contract === p.contract &&
      BigInt(hit.payload.carried_micros) === amounts(p).before;
    return rows.push(good ? ['holds', t('prev', hit.payload.id), ''] : ['fails', t('prevbad', hit.payload.id), '']);
  }

  async function noteSigned(n, found) { /* true, false; undefined: no key known */
    var logs = n.origin.split('/log')[0], answer;
    for (var i = 0; i < found.logKeys.length; i++) {
      var part = found.logKeys[i].split('+'), key = base64(part.slice(2).join('+'));
      if (!key || key.length !== 33 || key[0] !== 1 || part[0].split('/log')[0] !== logs) continue;
      key = key.subarray(1);
      var id = (await sha256(joined(encoder.encode(n.origin), [10, 1], key))).subarray(0, 4);
      for (var k = 0; k < n.lines.length; k++) {
        var words = n.lines[k].split(' '), blob = base64(words[2] || '');
        if (words[1] !== n.origin || !blob || blob.length !== 68 || !same(blob.subarray(0, 4), id)) continue;
        var good = await verified(key, blob.subarray(4), n.text);
        if (good !== true) return good === null ? undefined : false;
        answer = true;
      }
    }
    return answer;
  }

  async function checkTree(s, found, rows, log) {
    var p = s.payload, sized = false, told = t('treehow', p.period.from, p.period.to - 1, short(p.tree.to_root));
    var notes = found.notes.filter(function (n) { return isOf(n, p); });
    if (p.tree.size !== p.period.to) return rows.push(['fails', t('treebad'), told]);
    if (log.leaves.length >= p.period.to) {
      sized = true;
      if (hex(await rootOf(log, p.period.to)) !== p.tree.to_root || hex(await rootOf(log, p.period.from)) !== p.tree.from_root) return rows.push(['fails', t('treebad'), told]);
    }
    for (var i = 0; i < notes.length; i++) {
      var signed = await noteSigned(notes[i], found);
      if (signed === false) return rows.push(['fails', t('notebad'), notes[i].origin + ' · ' + notes[i].size]);
      if (signed === undefined) return rows.push(['unknown', t('notekey'), notes[i].origin]);
      if (notes[i].size === p.period.to && hex(notes[i].root) !== p.tree.to_root) return rows.push(['fails', t('treebad'), told]);
      if (notes[i].size <= log.leaves.length && !same(await rootOf(log, notes[i].size), notes[i].root)) return rows.push(['fails', t('treebad'), notes[i].origin + ' · ' + notes[i].size]);
      sized = sized && notes.length > 0 || notes[i].size === p.period.to;
    }
    return rows.push(sized && notes.length > 0 ? ['holds', t('tree'), told] : ['not', t('treenone'), told]);
  }

  /* Of each party its last answer that its key signed. */
  async function answers(s, words, rows) {
    var keys = {}, out = {};
    for (var i = 0; i < words.length; i++) {
      var e = json(words[i]);
      if (e && e.kind === 'key') keys[e.party] = unbase64url(e.pub);
      if (!e || e.kind !== 'response' || e.statement !== s.payload.id) continue;
      var part = String(e.jws).split('.'), head = json(text(unbase64url(part[0]))), word = json(text(unbase64url(part[1])));
      var good = part.length === 3 && head && word && (head.alg === 'EdDSA' || head.alg === 'Ed25519') && word.typ === 'countersign-response' && word.party === e.party &&
        word.issuer === s.payload.issuer && word.statement_sha256 === s.sha256 && (word.verdict === 'accept' || word.verdict === 'dispute');
      if (good) good = await verified(keys[e.party], unbase64url(part[2]), encoder.encode(part[0] + '.' + part[1]));
      if (good === null) rows.push(['unknown', t('noalg'), t('noalghint')]);
      else if (!good) rows.push(['fails', t('answerbad'), e.party]);
      else out[e.party] = word;
    }
    return out;
  }

  async function statement(s, found, tell) {
    var rows = [], p = s.payload, log = await logOf(found, p.contract, tell), kid = await signature(s, found, rows), said = null;
    var shaped = p && p.counts && p.period && p.tree && p.lines && Array.isArray(p.adjustments) && p.adjustments.every(function (a) { return a && whole(a.micros); }) &&
      Array.isArray(p.quantities) && p.quantities.every(function (q) { return q && whole(q.n) && whole(q.micros); }) &&
      p.tax && [p.tax.rows, p.tax.brought, p.tax.carried].every(Array.isArray) && p.tax.rows.every(function (r) { return r && [r.net_minor, r.vat_minor, r.vat_ppm, r.supplied_minor, r.supplied_vat_minor].every(whole); }) &&
      p.tax.brought.concat(p.tax.carried).every(function (r) { return r && [r.micros, r.vat_ppm].every(whole); }) &&
      [p.gross_micros, p.net_micros, p.payable_minor, p.to_pay_minor, p.carried_micros, p.tax.vat_minor, p.exponent, p.period.from, p.period.to].every(whole);
    if (!shaped) return { rows: rows.concat([['fails', t('formbad'), '']]), p: p, kid: kid, said: null };
    var a = amounts(p);
    rows.push(moneyHolds(p, a) ? ['holds', t('money'), t('moneyhow', money(BigInt(p.gross_micros), p), money(a.moved, p), money(BigInt(p.net_micros), p), money(a.before, p), money(BigInt(p.carried_micros), p))]
      : ['fails', t('moneybad'), '']);
    rows.push(countsHold(p) ? ['holds', t('counts'), t('countshow', p.counts.leads.total, p.counts.clicks.total)] : ['fails', t('countsbad'), '']);
    await checkLines(s, found, rows);
    checkBefore(s, found, rows);
    await checkTree(s, found, rows, log);
    unread(p, found).forEach(function (path) { rows.push(['unknown', t('unread', path), t('unreadhint')]); });
    if (log.leaves.length) {
      said = await answers(s, log.words, rows);
      var asked = [p.advertiser.id, p.publisher.id].filter(Boolean), got = asked.filter(function (who) { return said[who]; });
      rows.push([got.length === asked.length ? 'holds' : 'not', t('answers', got.length, asked.length), '']);
    } else rows.push(['not', t('answersnone'), '']);
    rows.push(['not', t('notshown'), t('notlog')]);
    return { rows: rows, p: p, kid: kid, said: said };
  }
  /* A contract's log, read and hashed once for all of its statements; words: its entries that tell of keys and answers. */
  async function logOf(found, contract, tell) {
    var name = Object.keys(found.bundles).filter(function (path) { return path.split('/').pop() === contract; })[0], log = found.logs[contract], all;
    if (log) return log;
    all = name === undefined ? [] : entries(found.bundles[name]);
    log = found.logs[contract] = { leaves: await hashed(all, tell), roots: {} };
    log.words = all.map(text).filter(function (string) { return string && /"kind":"(key|response)"/.test(string); });
    return log;
  }
  async function rootOf(log, size) {
    return log.roots[size] = log.roots[size] || await root(log.leaves, size);
  }

  /* ---- what is shown ---- */

  function element(name, className, string) {
    var e = document.createElement(name);
    if (className) e.className = className;
    if (string) e.textContent = string;
    return e;
  }
  function mark(list, className, who, role, what) {
    var li = list.appendChild(element('li', className));
    li.appendChild(element('b', '', who));
    li.appendChild(element('span', '', role));
    li.appendChild(element('em', className === 'disp' ? 'bad' : className === 'waits' ? 'wait' : 'ok', what));
  }
  function day(at) {
    return String(at).slice(0, 16).replace('T', ' ') + ' UTC';
  }
  function show(result, out) {
    var worst = ['fails', 'unknown', 'holds'].filter(function (v) { return result.rows.some(function (r) { return r[0] === v; }); })[0] || 'unknown';
    var card = out.appendChild(element('section', 'card')), head = card.appendChild(element('div', 'ch')), p = result.p;
    card.dataset.verdict = worst;
    head.appendChild(element('h2', worst === 'fails' ? 'bad' : worst === 'unknown' ? 'wait' : 'ok', t(worst)));
    head.appendChild(element('span', 's', p && p.id ? p.id + ' · ' + p.contract : ''));
    if (p && result.kid && worst === 'holds') {
      var due = BigInt(p.to_pay_minor) * amounts(p).unit, minus = due < 0n;
      card.appendChild(element('p', '', t(minus ? 'owes' : 'pays', p.advertiser.id, p.publisher.id || t('itself'), money(minus ? -due : due, p))));
    }
    var list = card.appendChild(element('ul', ''));
    result.rows.forEach(function (row) {
      var li = list.appendChild(element('li', 'row ' + row[0])), body = element('div');
      li.appendChild(element('i'));
      body.appendChild(element('span', 'vh', t(row[0]) + ': '));
      body.appendChild(element('b', '', row[1]));
      if (row[2]) body.appendChild(element('span', 'why', row[2]));
      li.appendChild(body);
    });
    if (!result.said || worst !== 'holds') return;
    var strip = card.appendChild(element('ol', 'strip'));
    mark(strip, 'signed', p.issuer, t('operator'), t('signed', day(p.issued_at)));
    [['advertiser', p.advertiser.id], ['publisher', p.publisher.id]].forEach(function (one) {
      if (one[1] === '') return;
      var word = result.said[one[1]], rows = word && word.disputed || [];
      if (!word) mark(strip, 'waits', one[1], t(one[0]), t('silent'));
      else if (word.verdict === 'accept') mark(strip, 'signed', one[1], t(one[0]), t('accept', day(word.at)));
      else mark(strip, 'disp', one[1], t(one[0]), t('dispute', day(word.at), rows.length ? t('row', rows.slice(0, 20).join(', ')) : t('all')));
    });
  }
  function say(out, className, string) {
    out.appendChild(element('section', 'card')).appendChild(element('p', className, string));
  }

  async function check() {
    var mine = ++run, out = element('div'), found, bar = element('progress'), results = [];
    if (!given.length) return;
    bar.setAttribute('aria-label', t('working'));
    $('out').replaceChildren(bar);
    try {
      if (!window.crypto || !crypto.subtle) say(out, 'wait', t('secure'));
      else {
        found = sort(given);
        for (var i = 0; i < found.statements.length; i++) {
          var s = found.statements[i];
          s.payloadText = text(unbase64url(s.document.payload));
          s.payload = json(s.payloadText) || {};
          s.sha256 = hex(await sha256(encoder.encode(s.payloadText || '')));
        }
        found.statements.sort(function (a, b) { return (b.payload.period || {}).to - (a.payload.period || {}).to; });
        for (i = 0; i < found.statements.length && mine === run; i++)
          results.push(await statement(found.statements[i], found, function (share) { bar.max = 1; bar.value = share; })
            .catch(function () { return { rows: [['fails', t('formbad'), '']] }; })); // members of other types than a server writes
        results.forEach(function (r) { show(r, out); });
        if (!results.length) say(out, 'wait', t('nothing'));
        found.unread.filter(function (path) { return !results.length || /\.jws$/.test(path); }).forEach(function (path) { say(out, 'wait', t('unread', path) + ' · ' + t('unreadhint')); });
        if (found.unused) out.appendChild(element('p', 's', t('ignored', found.unused)));
      }
    } catch (e) {
      say(out, 'bad', t('broken', String(e && e.message)));
    }
    if (mine === run) $('out').replaceChildren(out);
  }

  /* ---- in and out ---- */

  async function take(files) {
    var next = [];
    for (var i = 0; i < files.length; i++) next.push({ path: files[i].path || files[i].file.webkitRelativePath || files[i].file.name, bytes: new Uint8Array(await files[i].file.arrayBuffer()) });
    given = next;
    check();
  }
  function walk(entry) {
    return new Promise(function (resolve, reject) {
      if (entry.isFile) return entry.file(function (file) { resolve([{ path: entry.fullPath.slice(1), file: file }]); }, reject);
      var reader = entry.createReader(), all = [];
      (function more() {
        reader.readEntries(function (some) {
          if (!some.length) Promise.all(all).then(function (lists) { resolve([].concat.apply([], lists)); }, reject);
          else { some.forEach(function (e) { all.push(walk(e)); }); more(); }
        }, reject);
      })();
    });
  }
  function chosen(event) {
    take(Array.prototype.map.call(event.target.files, function (file) { return { file: file }; }));
  }
  function speak() {
    var wanted = location.hash.slice(1) || String(navigator.language).slice(0, 2), n = LANGS.indexOf(wanted);
    lang = n < 0 ? 0 : n;
    document.documentElement.lang = LANGS[lang];
    document.title = t('title') + ' · Countersign';
    document.querySelectorAll('[data-t]').forEach(function (e) { e.textContent = t(e.dataset.t); });
    document.querySelectorAll('nav a').forEach(function (a) { a.lang === LANGS[lang] ? a.setAttribute('aria-current', 'true') : a.removeAttribute('aria-current'); });
    check();
  }
  $('files').addEventListener('change', chosen);
  $('folder').addEventListener('change', chosen);
  $('pin').addEventListener('change', check);
  window.addEventListener('hashchange', speak);
  ['dragover', 'dragleave', 'drop'].forEach(function (name) {
    document.addEventListener(name, function (event) {
      event.preventDefault();
      $('drop').classList.toggle('over', name === 'dragover');
      if (name === 'drop')
        Promise.all(Array.prototype.map.call(event.dataTransfer.items, function (item) { return item.webkitGetAsEntry(); }).filter(Boolean).map(walk))
          .then(function (lists) { take([].concat.apply([], lists)); });
    });
  });
  if (/^http/.test(location.protocol)) {
    $('save').href = location.pathname;
    $('save').hidden = false;
  }
  speak();
})();
