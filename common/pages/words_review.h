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
    X(RV_SCORE, "Score {} of 1,000", "Score {} sur 1 000", "得分 {}/1,000") \
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
    X(LD_CSV, "These as CSV", "Ceux-ci en CSV", "导出 CSV") \
    X(LD_FURTHER, "Nothing found in the newest part. There may be more further back.", "Rien dans la partie la plus récente. Il peut y en avoir plus loin.", "最近部分没有找到，更早处可能还有。") \
    X(LD_MORE_FILTERS, "More filters", "Plus de filtres", "更多筛选") \
    X(CP_WHAT, "What counts as a lead, and what becomes of it. A change is a new version of the terms.", "Ce qui compte comme lead et ce qu’il devient. Un changement est une nouvelle version des conditions.", "什么算有效线索及其处理方式。每次更改都是条款的新版本。") \
    X(CP_NONE, "No campaign yet", "Pas encore de campagne", "尚无推广活动") \
    X(CP_NONE_WHAT, "The first one stands here once it is made.", "La première figure ici dès qu’elle est créée.", "创建后显示在此。") \
    X(CP_NEW, "New campaign", "Nouvelle campagne", "新建推广活动") \
    X(CP_MAKE, "Make it", "La créer", "创建") \
    X(CP_RUNS, "takes clicks", "prend des clics", "接收点击") \
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
    X(RU_TITLE, "What counts as a lead", "Ce qui compte comme lead", "有效线索的标准") \
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
    X(RU_BELOW, "Held below, of 1,000", "Retenu au-dessous de, sur 1 000", "低于此分暂扣（满分 1,000）") \
    X(RU_MOST_HELD, "Held at most, of 1,000 leads", "Retenus au plus, sur 1 000 leads", "每千条最多暂扣") \
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
    X(RU_READ_ONLY, "Its advertiser and the operator change it.", "Son annonceur et l’opérateur la modifient.", "由广告主和运营方更改。") \
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
    X(CP_CURRENCY, "Currency", "Devise", "货币")
/* clang-format on */

#endif
