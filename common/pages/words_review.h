/* Words of the advertiser's pages. In WORD_TABLE. */
#ifndef CS_PAGES_WORDS_REVIEW_H
#define CS_PAGES_WORDS_REVIEW_H

/* clang-format off */
#define WORD_TABLE_REVIEW(X)                                                                                       \
    X(NAV_REVIEW, "Review", "Examen", "审核") \
    X(NAV_CAMPAIGNS, "Campaigns", "Campagnes", "推广活动") \
    X(RV_TITLE, "{} leads wait for you", "{} leads vous attendent", "{} 条线索待您处理") \
    X(RV_TITLE_MORE, "{} leads and more wait for you", "{} leads et plus vous attendent", "{} 条以上线索待您处理") \
    X(RV_NONE, "No lead waits for you", "Aucun lead ne vous attend", "没有待您处理的线索") \
    X(RV_NONE_WHAT, "What comes in and waits for an answer stands here, the soonest first.", "Ce qui arrive et attend une réponse figure ici, le plus proche d’abord.", "新到且待答复的线索显示在此，到期最早者在前。") \
    X(RV_WHAT, "What you do not answer is approved by itself on its day.", "Ce à quoi vous ne répondez pas est approuvé d’office à son jour.", "未答复的线索到期自动批准。") \
    X(RV_DUE, "Approved by itself, the soonest first", "Approuvés d’office, les plus proches d’abord", "到期自动批准，最早者在前") \
    X(RV_UNDUE, "These wait for your answer, however long", "Ceux-ci attendent votre réponse, sans limite", "以下线索一直等待您的答复") \
    X(RV_FROM, "From", "De", "来源") \
    X(RV_SAYS, "What the form says", "Ce que dit le formulaire", "表单内容") \
    X(RV_LOOK, "Look at", "À regarder", "注意") \
    X(RV_BY, "By itself on", "D’office le", "自动批准于") \
    X(RV_NEVER, "waits", "attend", "等待") \
    X(RV_CHOSEN, "Chosen:", "Choisis\u00a0:", "已选：") \
    X(RV_CHOOSE_ONE, "Choose lead {}", "Choisir le lead {}", "选择线索 {}") \
    X(RV_SECONDS, "Sent {} s after the click", "Envoyé {} s après le clic", "点击后 {} 秒发送") \
    X(RV_SCORE, "Score {} of 1,000", "Score {} sur 1\u00a0000", "得分 {}/1,000") \
    X(RV_HELPED, "helped: ", "pour\u00a0: ", "加分：") \
    X(RV_HURT, "hurt: ", "contre\u00a0: ", "减分：") \
    X(RV_KEYS, "{} move · {} choose · {} approve · {} reject", "{} bouger · {} choisir · {} approuver · {} refuser", "{} 移动 · {} 选择 · {} 批准 · {} 拒绝") \
    X(RV_CHOOSE_ALL, "Choose all shown", "Choisir tout ce qui est affiché", "选择所示全部") \
    X(RV_REASON, "Reason", "Motif", "原因") \
    X(RV_WRONG_NUMBER, "Wrong number", "Numéro faux", "号码错误") \
    X(RV_NO_INTEREST, "Not interested", "Pas intéressé", "无意向") \
    X(RV_NO_ANSWER, "Not reached", "Injoignable", "联系不上") \
    X(RV_OUT_OF_AREA, "Out of our area", "Hors de notre zone", "不在服务区") \
    X(RV_CUSTOMER, "Already our customer", "Déjà notre client", "已是我们的客户") \
    X(RV_DONE, "Answered: {}.", "Répondus\u00a0: {}.", "已答复：{}。") \
    X(RV_NOT_DONE, "Not recorded: {}.", "Non enregistrés\u00a0: {}.", "未记录：{}。") \
    X(RV_UPLOAD, "Answer by CSV", "Répondre par CSV", "用 CSV 答复") \
    X(RV_OTHER, "Next", "Suite", "下一页") \
    X(RV_FIRST, "To the beginning", "Au début", "回到开头") \
    X(LD_WHAT, "Newest first, of all your contracts. Every line opens what the ledger says of it.", "Les plus récents d’abord, de tous vos contrats. Chaque ligne ouvre ce qu’en dit le registre.", "所有合同的线索，最新在前。每行可打开账本记录。") \
    X(LD_REASON, "Reason", "Motif", "原因") \
    X(LD_CODE, "Link (code)", "Lien (code)", "链接（代码）") \
    X(LD_SUB, "sub{}", "sub{}", "sub{}") \
    X(LD_SCORE_FROM, "Score from", "Score de", "得分不低于") \
    X(LD_SCORE_TO, "to", "à", "不高于") \
    X(LD_FROM, "From day", "Du", "起始日") \
    X(LD_TO, "To day", "Au", "截止日") \
    X(LD_CSV, "Export as CSV", "Exporter en CSV", "导出 CSV") \
    X(LD_FURTHER, "Nothing found in the newest part. There may be more further back.", "Rien dans la partie la plus récente. Il peut y en avoir plus loin.", "最近部分没有找到，更早处可能还有。") \
    X(LD_MORE_FILTERS, "More filters", "Plus de filtres", "更多筛选") \
    X(CP_WHAT, "What counts as a lead, and what becomes of it. A change is a new version of the terms.", "Ce qui compte comme lead et ce qu’il devient. Un changement est une nouvelle version des conditions.", "什么算有效线索及其处理方式。每次更改都是条款的新版本。") \
    X(CP_NONE, "No campaign yet", "Pas encore de campagne", "尚无推广活动") \
    X(CP_NONE_WHAT, "The first one stands here once it is made.", "La première figure ici dès qu’elle est créée.", "创建后显示在此。") \
    X(CP_NEW, "New campaign", "Nouvelle campagne", "新建推广活动") \
    X(CP_MAKE, "Make it", "La créer", "创建") \
    X(CP_RUNS, "takes clicks", "accepte les clics", "接收点击") \
    X(CP_PAUSED, "paused", "en pause", "已暂停") \
    X(CP_WAITS, "a change waits until {}", "un changement attend le {}", "更改将于 {} 生效") \
    X(CP_PUBLISHERS, "Publishers", "Éditeurs", "发布商") \
    X(CP_PAUSE, "Pause", "Mettre en pause", "暂停") \
    X(CP_GO_ON, "Go on", "Reprendre", "恢复") \
    X(CP_PAUSE_WHAT, "Paused, new clicks are not taken; leads of earlier clicks are decided as ever.", "En pause, aucun nouveau clic n’est pris\u00a0; les leads des clics antérieurs sont décidés comme toujours.", "暂停后不接收新点击；早前点击的线索照常处理。") \
    X(CP_OVERVIEW, "Overview", "Aperçu", "概览") \
    X(CP_RULES, "Rules", "Règles", "规则") \
    X(CP_LANDING, "Landing page", "Page d’arrivée", "落地页") \
    X(CP_CRM, "CRM", "CRM", "CRM") \
    X(CP_PRICE, "Price of a lead", "Prix d’un lead", "线索单价") \
    X(CP_VERSIONS, "Versions of the terms", "Versions des conditions", "条款版本") \
    X(CP_VERSION, "Version {}", "Version {}", "第 {} 版") \
    X(CP_FIRST, "The first version.", "La première version.", "第一版。") \
    X(CP_TERM, "Term", "Condition", "条款") \
    X(CP_BEFORE, "Before", "Avant", "之前") \
    X(CP_AFTER, "After", "Après", "之后") \
    X(CP_IN_FORCE, "in force", "en vigueur", "生效中") \
    X(CP_WAITING, "waits for its day", "attend son jour", "等待生效") \
    X(CP_PROPOSED, "waits for assents", "attend les accords", "等待同意") \
    X(CP_WITHDRAWN, "withdrawn", "retirée", "已撤回") \
    X(CP_OVER, "over", "passée", "已失效") \
    X(CP_FROM, "from {}", "dès le {}", "自 {}") \
    X(CP_WITHDRAW, "Take it back", "La retirer", "撤回") \
    X(CP_LEADS_OF, "Leads", "Leads", "线索") \
    X(RU_WHERE, "Where visitors go", "Où vont les visiteurs", "访客去向") \
    X(RU_NAME, "Name", "Nom", "名称") \
    X(RU_LANDING, "Landing page", "Page d’arrivée", "落地页") \
    X(RU_HOSTS, "Further hosts for deep links", "Autres hôtes pour liens profonds", "深度链接的其他域名") \
    X(RU_HOSTS_H, "One a line, such as *.shop.example", "Un par ligne, par exemple *.shop.example", "每行一个，如 *.shop.example") \
    X(RU_FALLBACK, "Where visitors of a link that is over go", "Où vont les visiteurs d’un lien terminé", "失效链接的访客去向") \
    X(RU_FALLBACK_H, "Empty: they read that it is over", "Vide\u00a0: ils lisent qu’il est terminé", "留空：显示已失效") \
    X(RU_PARAM, "Name of the click id in the address", "Nom de l’identifiant de clic dans l’adresse", "地址中点击编号的参数名") \
    X(RU_PASS, "Parameters passed on", "Paramètres transmis", "传递的参数") \
    X(RU_PASS_H, "One a line; utm_* and those of the big networks always are", "Un par ligne\u00a0; utm_* et ceux des grands réseaux le sont toujours", "每行一个；utm_* 及主流平台参数总会传递") \
    X(RU_PERSON, "The person", "La personne", "联系人") \
    X(RU_REQUIRE, "Must be filled in, all of", "Doivent être remplis, tous", "必须全部填写") \
    X(RU_REQUIRE_H, "email, phone, first_name, f_postcode …: one a line", "email, phone, first_name, f_postcode …\u00a0: un par ligne", "email、phone、first_name、f_postcode 等，每行一个") \
    X(RU_ANY, "Of these at least one", "Au moins un de ceux-ci", "至少填写其一") \
    X(RU_COUNTRY, "Country of numbers without a prefix", "Pays des numéros sans préfixe", "无区号号码的国家") \
    X(RU_COUNTRY_H, "Two letters, such as FR; empty: none", "Deux lettres, par exemple FR\u00a0; vide\u00a0: aucun", "两个字母，如 FR；留空：无") \
    X(RU_HONEYPOT, "Hidden field that must stay empty", "Champ caché qui doit rester vide", "须保持为空的隐藏字段") \
    X(RU_DISPOSABLE, "Addresses that anybody gets for an hour", "Adresses jetables", "一次性邮箱") \
    X(RU_OK, "take them", "les prendre", "接受") \
    X(RU_HOLD, "hold them", "les retenir", "暂扣") \
    X(RU_REJECT, "reject them", "les refuser", "拒绝") \
    X(RU_PROFILE, "The profile: all of these hold", "Le profil\u00a0: tout ceci est vrai", "条件：须全部满足") \
    X(RU_PROFILE_H, "Either one of the values, separated by commas, or a range of whole numbers. Empty the field’s name to drop a line.", "Ou l’une des valeurs, séparées par des virgules, ou un intervalle de nombres entiers. Videz le nom du champ pour ôter une ligne.", "填写若干值（逗号分隔）或整数范围。清空字段名即删除该行。") \
    X(RU_FIELD, "Field", "Champ", "字段") \
    X(RU_VALUES, "is one of", "est l’un de", "属于") \
    X(RU_MIN, "at least", "au moins", "至少") \
    X(RU_MAX, "at most", "au plus", "至多") \
    X(RU_TIME, "Time and doubles", "Temps et doublons", "时间与重复") \
    X(RU_MIN_S, "Rejected below, seconds from click to form", "Refusé au-dessous de, secondes du clic au formulaire", "点击到表单少于（秒）拒绝") \
    X(RU_HOLD_S, "A person looks below, seconds", "Une personne regarde au-dessous de, secondes", "少于（秒）人工查看") \
    X(RU_REPEAT_S, "Same visitor counts again after, seconds", "Même visiteur compté à nouveau après, secondes", "同一访客再计间隔（秒）") \
    X(RU_DEDUPE, "One person is known by", "Une personne est connue par", "以此识别同一人") \
    X(RU_DEDUPE_DAYS, "Same person again after, days", "Même personne à nouveau après, jours", "同一人可再计（天）") \
    X(RU_CLICK_DAYS, "A click counts for, days", "Un clic compte pendant, jours", "点击有效期（天）") \
    X(RU_MODEL, "A lead belongs to", "Un lead revient à", "线索归属") \
    X(RU_HALF, "Half-life of a click, days", "Demi-vie d’un clic, jours", "点击半衰期（天）") \
    X(RU_HALF_H, "Where later clicks count more", "Où les clics tardifs comptent plus", "适用于后点击权重更高的模型") \
    X(RU_REVIEW, "Review and returns", "Examen et retours", "审核与退回") \
    X(RU_AUTO, "by itself, in time", "d’office, à terme", "到期自动") \
    X(RU_MANUAL, "by hand alone", "à la main seulement", "仅人工") \
    X(RU_AUTO_DAYS, "Approved by itself after, days", "Approuvé d’office après, jours", "自动批准于（天）") \
    X(RU_RETURN, "Can be given back for, days", "Peut être retourné pendant, jours", "可退回期（天）") \
    X(RU_WORD, "A decision counts", "Une décision compte", "决定的效力") \
    X(RU_WORD_ANY, "as it is reported", "comme elle est annoncée", "按上报") \
    X(RU_WORD_SIGNED, "only signed by your key", "seulement signée de votre clé", "须用您的密钥签名") \
    X(RU_CAPS, "Caps and budget", "Plafonds et budget", "上限与预算") \
    X(RU_CAPS_H, "Over all publishers. Empty: open.", "Sur tous les éditeurs. Vide\u00a0: sans limite.", "所有发布商合计。留空：不限。") \
    X(RU_CAP_DAY, "Leads a day", "Leads par jour", "每日线索") \
    X(RU_CAP_MONTH, "Leads a month", "Leads par mois", "每月线索") \
    X(RU_BUDGET, "Budget of a month, {}", "Budget d’un mois, {}", "每月预算（{}）") \
    X(RU_SCORE, "Score", "Score", "评分") \
    X(RU_FACTS, "By these facts", "D’après ces faits", "依据") \
    X(RU_FACTS_H, "country, f_NAME, sub1 …, wait, hour: one a line. What is named stands in the log for both to read.", "country, f_NOM, sub1 …, wait, hour\u00a0: un par ligne. Ce qui est nommé figure au journal, lisible des deux.", "country、f_名称、sub1 等、wait、hour，每行一个。所列内容记入日志，双方可读。") \
    X(RU_CROSS, "Looked at in pairs, too", "Regardés aussi par paires", "另按组合评估") \
    X(RU_BELOW, "Held below, of 1,000", "Retenu au-dessous de, sur 1\u00a0000", "低于此分暂扣（满分 1,000）") \
    X(RU_MOST_HELD, "Held at most, of 1,000 leads", "Retenus au plus, sur 1\u00a0000 leads", "每千条最多暂扣") \
    X(RU_HOLD_DAYS, "What is held is approved by itself after, days", "Ce qui est retenu est approuvé d’office après, jours", "暂扣后自动批准（天）") \
    X(RU_TRUST, "Whose word counts", "La parole de qui compte", "谁的上报有效") \
    X(RU_ACCEPT, "Leads are taken from", "Les leads sont pris de", "接受来自") \
    X(RU_PIXEL, "Leads of a thank-you page’s pixel", "Leads du pixel d’une page de remerciement", "感谢页像素的线索") \
    X(RU_PIXEL_OFF, "refuse them", "les refuser", "拒收") \
    X(RU_PIXEL_ON, "take them", "les prendre", "接受") \
    X(RU_CLASSES, "Clicks that are paid", "Clics payés", "计费的点击") \
    X(RU_CLASSES_H, "ok, repeat, embedded, datacenter, bot: one a line", "ok, repeat, embedded, datacenter, bot\u00a0: un par ligne", "ok、repeat、embedded、datacenter、bot，每行一个") \
    X(RU_ZONE, "Time zone of days and caps", "Fuseau des jours et plafonds", "日期与上限的时区") \
    X(RU_WHEN, "From when", "À partir de quand", "何时生效") \
    X(RU_EFFECTIVE, "In force from", "En vigueur dès", "生效日期") \
    X(RU_EFFECTIVE_H, "A day, at midnight UTC. Empty: at once.", "Un jour, à minuit UTC. Vide\u00a0: aussitôt.", "某日 UTC 零点。留空：立即。") \
    X(RU_JSON, "For experts: further members, as JSON", "Pour experts\u00a0: autres membres, en JSON", "专家：其他成员（JSON）") \
    X(RU_JSON_H, "Goes over what stands above. What the form does not know stays as it is.", "Passe avant ce qui précède. Ce que le formulaire ne connaît pas reste tel quel.", "优先于上述内容。表单未知的成员保持不变。") \
    X(RU_TRY, "Try on the last 500 leads", "Essayer sur les 500 derniers leads", "用最近 500 条线索试算") \
    X(RU_SAVE, "Put this into force", "Mettre en vigueur", "生效") \
    X(TRY_TITLE, "Tried on the last leads: {}", "Essayé sur les derniers leads\u00a0: {}", "最近线索试算：{}") \
    X(TRY_NOTHING, "Nothing was changed.", "Rien n’a été changé.", "未作任何更改。") \
    X(TRY_NOW, "Now", "Maintenant", "目前") \
    X(TRY_THEN, "Then", "Alors", "届时") \
    X(TRY_COST, "Cost, {}", "Coût, {}", "费用（{}）") \
    X(TRY_OTHER, "Leads that would fare otherwise: {}", "Leads qui auraient un autre sort\u00a0: {}", "结果不同的线索：{}") \
    X(TRY_UNKNOWN, "Cannot be told, what was sent is destroyed: {}", "Indéterminable, ce qui fut envoyé est détruit\u00a0: {}", "无法判断（原始数据已销毁）：{}") \
    X(TRY_NOT_TAKEN, "Not taken", "Non pris", "不接收") \
    X(TRY_SAME, "None would fare otherwise.", "Aucun n’aurait un autre sort.", "无线索结果不同。") \
    X(TRY_BECOMES, "Becomes", "Devient", "变为") \
    X(TRY_WAS, "Was", "Était", "原为") \
    X(CP_CURRENCY, "Currency", "Devise", "货币") \
    X(LP_TAG, "The tag of your landing page", "La balise de votre page d’arrivée", "落地页标签") \
    X(LP_TAG_WHAT, "Put it into the page, anywhere. It keeps the click id of the address and fills it into your form. One serves all publishers.", "Mettez-la dans la page, n’importe où. Elle garde l’identifiant de clic de l’adresse et le met dans votre formulaire. Une seule sert à tous les éditeurs.", "放在页面任意位置。它保存地址中的点击编号并填入表单。所有发布商共用一个。") \
    X(LP_NO_CODE, "This campaign has no code of its own yet.", "Cette campagne n’a pas encore de code à elle.", "此推广活动尚无自己的代码。") \
    X(LP_MAKE_CODE, "Make one", "En créer un", "创建") \
    X(LP_LABEL, "Name of it", "Son nom", "名称") \
    X(LP_SEEN, "The page was seen in the hour from {}, views: {}.", "La page a été vue dans l’heure du {}, vues\u00a0: {}.", "页面在 {} 起的一小时内被浏览 {} 次。") \
    X(LP_SEEN_TOTAL, "In the last two days: {}.", "Ces deux derniers jours\u00a0: {}.", "最近两天：{}。") \
    X(LP_NOT_SEEN, "Not seen in the last two days.", "Pas vue ces deux derniers jours.", "最近两天未见。") \
    X(LP_NOT_SEEN_WHAT, "Open the page once through a publisher’s link: a visit without a click id is counted for nobody, and without consent the tag sends nothing.", "Ouvrez la page une fois par le lien d’un éditeur\u00a0: une visite sans identifiant de clic ne compte pour personne, et sans consentement la balise n’envoie rien.", "通过发布商的链接打开一次页面：没有点击编号的访问不计数，未经同意标签不发送数据。") \
    X(LP_CANNOT_TELL, "We cannot tell just now whether it was seen.", "Nous ne pouvons dire pour l’instant si elle a été vue.", "目前无法判断是否被浏览。") \
    X(LP_MAP, "Your form’s fields", "Les champs de votre formulaire", "表单字段") \
    X(LP_MAP_WHAT, "Paste the HTML of your form: we read its fields and say which of ours each is. Nothing of it is kept.", "Collez le HTML de votre formulaire\u00a0: nous lisons ses champs et disons auquel des nôtres chacun correspond. Rien n’en est gardé.", "粘贴表单 HTML：我们读取字段并说明其对应关系。不保留任何内容。") \
    X(LP_HTML, "HTML of the form", "HTML du formulaire", "表单 HTML") \
    X(LP_READ, "Read it", "Le lire", "读取") \
    X(LP_NO_FIELDS, "No field with a name was found in it.", "Aucun champ avec un nom n’y a été trouvé.", "未找到有名称的字段。") \
    X(LP_TOO_MANY, "Only the first {} fields are shown.", "Seuls les {} premiers champs sont montrés.", "仅显示前 {} 个字段。") \
    X(LP_THEIRS, "In your form", "Dans votre formulaire", "您的表单") \
    X(LP_KIND, "Kind", "Genre", "类型") \
    X(LP_OURS, "In the postback", "Dans le postback", "回传中") \
    X(LP_BUTTON, "not sent: a button", "non envoyé\u00a0: un bouton", "不发送：按钮") \
    X(LP_FILE, "not sent: a file", "non envoyé\u00a0: un fichier", "不发送：文件") \
    X(LP_SECRET, "not sent: a secret of the page or of its visitor", "non envoyé\u00a0: un secret de la page ou de son visiteur", "不发送：页面或访客的机密") \
    X(LP_HAS_CLICK, "The form has a field for the click id: the tag fills it.", "Le formulaire a un champ pour l’identifiant de clic\u00a0: la balise le remplit.", "表单已有点击编号字段，标签会填写。") \
    X(LP_ADD_CLICK, "Add this line to the form, so that the click id comes along:", "Ajoutez cette ligne au formulaire, pour que l’identifiant de clic vienne avec\u00a0:", "在表单中加入此行以传递点击编号：") \
    X(CR_NONE, "Leads of this campaign go to no CRM.", "Les leads de cette campagne ne vont à aucun CRM.", "此活动的线索不发送至 CRM。") \
    X(CR_GOES, "Leads go to", "Les leads vont à", "线索发送至") \
    X(CR_DISABLED, "switched off: it answered 410 on {}", "arrêté\u00a0: il a répondu 410 le {}", "已停用：{} 返回 410") \
    X(CR_RECIPE, "Which CRM", "Quel CRM", "CRM 类型") \
    X(CR_URL, "Address, in place of the recipe’s own", "Adresse, à la place de celle de la recette", "地址（替代默认）") \
    X(CR_URL_H, "Needed for json and form", "Requise pour json et form", "json 与 form 必填") \
    X(CR_TOKEN, "Token that opens it", "Jeton qui l’ouvre", "访问令牌") \
    X(CR_TOKEN_H, "Never shown again. Empty: it stays, where the address does.", "Jamais remontré. Vide\u00a0: il reste, si l’adresse reste.", "不再显示。留空：地址不变则保留。") \
    X(CR_FIELDS, "Our field = their name", "Notre champ = leur nom", "我方字段 = 对方名称") \
    X(CR_FIELDS_H, "One a line, such as f_age = age", "Un par ligne, par exemple f_age = age", "每行一个，如 f_age = age") \
    X(CR_FIXED, "Their name = what is always sent", "Leur nom = ce qui est toujours envoyé", "对方名称 = 固定值") \
    X(CR_COLUMNS, "Their column = our field, of what comes back", "Leur colonne = notre champ, de ce qui revient", "对方列 = 我方字段（回传）") \
    X(CR_COLUMNS_H, "Deal ID = txid, Deal Stage = status …", "comme Deal ID = txid, Deal Stage = status", "如 Deal ID = txid、Deal Stage = status") \
    X(CR_STATUSES, "Their word = our status", "Leur mot = notre état", "对方状态 = 我方状态") \
    X(CR_STATUSES_H, "Closed Won = converted …", "comme Closed Won = converted", "如 Closed Won = converted") \
    X(CR_SET, "Send leads there", "Y envoyer les leads", "发送线索") \
    X(CR_OFF, "Send them to none", "Ne plus les envoyer", "停止发送") \
    X(CR_TEST, "Send a test", "Envoyer un essai", "发送测试") \
    X(CR_TESTED, "A test is on its way: {}", "Un essai est en route\u00a0: {}", "测试已发出：{}") \
    X(CR_LAST, "Last deliveries", "Derniers envois", "最近投递") \
    X(CR_LAST_NONE, "None so far.", "Aucun à ce jour.", "暂无。") \
    X(AN_TITLE, "Answer many by CSV", "Répondre à plusieurs par CSV", "用 CSV 批量答复") \
    X(AN_WHAT, "Columns: lead or txid, status (approved, rejected, returned, converted), and if you like reason, amount, currency. At most 2 MB and 10,000 rows at a time.", "Colonnes\u00a0: lead ou txid, status (approved, rejected, returned, converted), et si vous voulez reason, amount, currency. Au plus 2 Mo et 10\u202f000 lignes à la fois.", "列：lead 或 txid、status（approved、rejected、returned、converted），可选 reason、amount、currency。每次最多 2 MB、10,000 行。") \
    X(AN_AS, "Columns and words as the CRM of", "Colonnes et mots du CRM de", "列与用词依据此活动的 CRM") \
    X(AN_AS_OURS, "ours, as above", "les nôtres, comme ci-dessus", "如上所述") \
    X(AN_CSV, "Rows, the first names the columns", "Lignes, la première nomme les colonnes", "数据行，首行为列名") \
    X(AN_FILE, "Take them from a file", "Les prendre d’un fichier", "从文件读取") \
    X(AN_SEND, "Send the answers", "Envoyer les réponses", "发送答复") \
    X(AN_ROW, "Row", "Ligne", "行") \
    X(AN_SAID, "What was said", "Réponse", "结果") \
    X(RC_TITLE, "Reconcile", "Rapprocher", "对账") \
    X(RC_WHAT, "Paste your own rows, with your own column names: each difference is explained. Nothing is recorded or kept. At most 8 MB at a time; more by the CLI.", "Collez vos propres lignes, avec vos noms de colonnes\u00a0: chaque écart est expliqué. Rien n’est enregistré ni gardé. Au plus 8 Mo à la fois\u00a0; plus par la CLI.", "粘贴您自己的数据行及列名：逐项说明差异。不记录也不保留。每次最多 8 MB；更多请用命令行。") \
    X(RC_MAP, "Which column is which, where it is not plain", "Quelle colonne est laquelle, si ce n’est clair", "列对应关系（不明确时）") \
    X(RC_MAP_H, "txid:Order ID,amount:#4", "txid:Order ID,amount:#4", "txid:Order ID,amount:#4") \
    X(RC_COMPARE, "Compare", "Comparer", "比对") \
    X(RC_CSV, "The differences as CSV", "Les écarts en CSV", "差异导出 CSV") \
    X(RC_ROWS, "Your rows", "Vos lignes", "您的行") \
    X(RC_MATCHED, "Matched", "Concordent", "一致") \
    X(RC_DIFFERING, "Differ", "Diffèrent", "不同") \
    X(RC_MISSING_HERE, "Not in the log", "Absents du journal", "日志中没有") \
    X(RC_MISSING_THERE, "Not among your rows", "Absents de vos lignes", "您的行中没有") \
    X(RC_OUTSIDE, "Outside the period", "Hors période", "期间之外") \
    X(RC_ALL_MATCH, "All rows agree with the log.", "Toutes les lignes concordent avec le journal.", "所有行与日志一致。") \
    X(RC_LARGE, "A form takes {} KiB, and nothing of this one was compared. Compare a shorter period, its rows alone, and name both of its days; or all of it by countersign verify --reconcile, which takes 256 MiB.", "Un formulaire prend {} Kio, et rien de celui-ci n’a été comparé. Comparez une période plus courte, ses lignes seules, en nommant ses deux jours\u00a0; ou le tout par countersign verify --reconcile, qui prend 256 Mio.", "一份表单最多 {} KiB，本次内容均未比对。请比对较短的时段：只发送该时段的行，并填写起止日期；或用 countersign verify --reconcile 比对全部，最多 256 MiB。") \
    X(RC_MORE, "Shown are the first {}; the CSV has all of them.", "Les {} premiers sont montrés\u00a0; le CSV les a tous.", "显示前 {} 项；CSV 含全部。") \
    X(RC_MOST, "Shown are the first {} of {}; the CSV has {}, and countersign verify --reconcile has all of them.", "Les {} premiers de {} sont montrés\u00a0; le CSV en a {}, et countersign verify --reconcile les a tous.", "显示前 {} 项，共 {} 项；CSV 含 {} 项，countersign verify --reconcile 可列出全部。") \
    X(RC_YOURS, "Yours", "Vous", "您方") \
    X(RC_LOG, "Log", "Journal", "日志") \
    X(RC_WHY, "Why", "Pourquoi", "原因") \
    X(SG_TITLE, "Answer a statement", "Répondre à un relevé", "答复结算单") \
    X(SG_WHAT, "Your answer is signed by your own key. The key stays in this browser: it is read from your file and sent nowhere.", "Votre réponse est signée de votre propre clé. La clé reste dans ce navigateur\u00a0: elle est lue de votre fichier et n’est envoyée nulle part.", "答复由您自己的密钥签名。密钥仅在此浏览器中读取，不会发送。") \
    X(SG_READ, "Read the statement", "Lire le relevé", "查看结算单") \
    X(SG_ALREADY, "You answered: {}. Another answer takes its place; both stay in the log.", "Vous avez répondu\u00a0: {}. Une autre réponse la remplace\u00a0; les deux restent au journal.", "您已答复：{}。新答复将取代之，两者均留在日志中。") \
    X(SG_ACCEPTED, "accepted", "accepté", "已接受") \
    X(SG_DISPUTED, "disputed", "contesté", "有异议") \
    X(SG_NO_KEY, "No key of yours is on record yet: make one and put it on record, then answer.", "Aucune clé de vous n’est enregistrée\u00a0: créez-en une et enregistrez-la, puis répondez.", "尚未登记您的密钥：请先生成并登记，再答复。") \
    X(SG_KEY, "Your key file", "Votre fichier de clé", "您的密钥文件") \
    X(SG_KEY_H, "The file that was saved when your key was made (JWK).", "Le fichier enregistré quand votre clé a été créée (JWK).", "生成密钥时保存的文件（JWK）。") \
    X(SG_ACCEPT, "Accept it", "L’accepter", "接受") \
    X(SG_DISPUTE, "Dispute the lines ticked", "Contester les lignes cochées", "对勾选行提出异议") \
    X(SG_REASON_H, "With a dispute; it stands in the log.", "Avec une contestation\u00a0; elle figure au journal.", "异议时填写，将记入日志。") \
    X(SG_LINES, "Lines that moved money", "Lignes ayant donné lieu à un montant", "影响金额的行") \
    X(SG_LINES_NONE, "Without a line ticked, a dispute is about the whole statement, and says why.", "Sans ligne cochée, la contestation porte sur tout le relevé, et dit pourquoi.", "未勾选任何行则为对整张结算单的异议，须说明原因。") \
    X(SG_FURTHER, "Further lines, by their number", "Autres lignes, par leur numéro", "其他行（按编号）") \
    X(SG_FURTHER_H, "With commas between, such as 18, 204; the first {} are above.", "Avec des virgules entre, par exemple 18,204\u00a0; les {} premières sont ci-dessus.", "用逗号分隔，如 18,204；前 {} 行见上。") \
    X(SG_NO_FILE, "Choose your key file first.", "Choisissez d’abord votre fichier de clé.", "请先选择密钥文件。") \
    X(SG_NO_WHY, "Tick the lines that you dispute, or say why you dispute all of it.", "Cochez les lignes que vous contestez, ou dites pourquoi vous contestez tout.", "请勾选有异议的行，或说明为何对全部有异议。") \
    X(SG_BAD_FILE, "This is no Ed25519 key with its private half (JWK).", "Ce n’est pas une clé Ed25519 avec sa moitié privée (JWK).", "这不是含私钥的 Ed25519 密钥（JWK）。") \
    X(SG_SAME_KEY, "The new key is the one that is on record already: choose another file.", "La nouvelle clé est celle qui est déjà enregistrée\u00a0: choisissez un autre fichier.", "新密钥与已登记的相同：请选择其他文件。") \
    X(SG_OTHER_KEY, "This is not the key that is on record for you.", "Ce n’est pas la clé enregistrée pour vous.", "这不是为您登记的密钥。") \
    X(SG_NO_CRYPTO, "This browser cannot sign here (it needs https and a current version). Use the command below.", "Ce navigateur ne peut signer ici (il faut https et une version récente). Utilisez la commande ci-dessous.", "此浏览器无法签名（需 https 及较新版本）。请使用下方命令。") \
    X(SG_CLI, "By the command line", "Par la ligne de commande", "用命令行") \
    X(SG_CLI_WHAT, "It verifies the whole log before it signs, and believes nothing that this server says.", "Elle vérifie tout le journal avant de signer et ne croit rien de ce que dit ce serveur.", "签名前会核验整个日志，不轻信服务器。") \
    X(SG_CLI_KEY, "KEY.jwk is your key; the token is asked of the variable COUNTERSIGN_TOKEN.", "KEY.jwk est votre clé\u00a0; le jeton est lu de la variable COUNTERSIGN_TOKEN.", "KEY.jwk 为您的密钥；令牌取自变量 COUNTERSIGN_TOKEN。") \
    X(SG_ANSWER, "Answer", "Répondre", "答复") \
    X(SENT_TITLE, "Who sends what", "Qui envoie quoi", "各发布商表现") \
    X(SENT_WHAT, "Of {} to today, by publisher and currency. Every number is a report’s.", "Du {} à aujourd’hui, par éditeur et devise. Chaque nombre est celui d’un rapport.", "{} 至今，按发布商与币种。各数字均来自报表。") \
    X(SENT_APPROVED, "Approved", "Approuvés", "已批准") \
    X(SENT_RATE, "Approval rate", "Taux d’approbation", "批准率") \
    X(SENT_SCORE, "Mean score", "Score moyen", "平均得分") \
    X(SENT_COST, "Cost", "Coût", "费用") \
    X(SENT_PER_LEAD, "Per lead", "Par lead", "每条线索") \
    X(SENT_PER_SALE, "Per sale", "Par vente", "每单销售") \
    X(SENT_SALES, "Sales", "Ventes", "销售") \
    X(SENT_NONE, "Nothing was sent in these days.", "Rien n’a été envoyé ces jours-ci.", "这些天没有数据。")
/* clang-format on */

#endif
