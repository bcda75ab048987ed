/* As words_table.h: of reports, links, offers and postbacks. */
#ifndef CS_PAGES_WORDS_LINKS_H
#define CS_PAGES_WORDS_LINKS_H

/* clang-format off */
#define WORD_TABLE_LINKS(X) \
    X(REPORTS, "Reports", "Rapports", "报表") \
    X(REPORTS_WHAT, "What came, what became of it and what it earns. Open a row to see it by day.", "Ce qui est venu, ce qu’il en est advenu et ce qu’il rapporte. Ouvrez une ligne pour la voir par jour.", "来了多少、结果如何、收益多少。点击某行可按日查看。") \
    X(REPORTS_COSTS, "What came, what became of it and what it costs. Open a row to see it by day.", "Ce qui est venu, ce qu’il en est advenu et ce qu’il coûte. Ouvrez une ligne pour la voir par jour.", "来了多少、结果如何、费用多少。点击某行可按日查看。") \
    X(REP_GROUP, "By", "Par", "按") \
    X(REP_FROM, "From", "Du", "从") \
    X(REP_TO, "To, that day too", "Au, ce jour compris", "至（含当日）") \
    X(REP_COMPARE, "Beside the period before", "À côté de la période précédente", "与上期对比") \
    X(REP_WHERE, "Only where", "Seulement où", "仅限") \
    X(REP_IS, "is", "vaut", "等于") \
    X(REP_NO_FILTER, "nothing else", "rien d’autre", "无其他条件") \
    X(REP_MORE, "More filters", "Plus de filtres", "更多筛选") \
    X(RATE_MORE, "more leads than clicks: {}, {}", "plus de leads que de clics\u00a0: {}, {}", "线索多于点击：{}，{}") \
    X(REP_HOUR, "Hour", "Heure", "小时") \
    X(REP_DAY, "Day", "Jour", "日") \
    X(REP_WEEK, "Week", "Semaine", "周") \
    X(REP_MONTH, "Month", "Mois", "月") \
    X(REP_CLASS, "Class of the click", "Classe du clic", "点击类别") \
    X(REP_REASON, "Reason", "Motif", "原因") \
    X(REP_CHANNEL, "Channel", "Canal", "渠道") \
    X(REP_COUNTRY, "Country", "Pays", "国家") \
    X(REP_DEVICE, "Device", "Appareil", "设备") \
    X(REP_SCORE, "Score", "Score", "评分") \
    X(REP_CODE, "Link", "Lien", "链接") \
    X(REP_APPROVAL, "Approved, of all", "Approuvés, du total", "批准率") \
    X(REP_SALES, "Sales", "Ventes", "成交") \
    X(REP_EARNS, "Earns", "Gain", "收入") \
    X(REP_COSTS, "Costs", "Coût", "费用") \
    X(REP_THAN, "Than before", "Qu’avant", "较上期") \
    X(REP_BEFORE, "before: {}", "avant\u00a0: {}", "上期：{}") \
    X(REP_NEW, "new", "nouveau", "新增") \
    X(REP_OTHER, "All other values together", "Toutes les autres valeurs ensemble", "其他所有值合计") \
    X(REP_NO_VALUE, "without one", "sans", "无") \
    X(REP_OTHER_WHAT, "The largest {} values stand by themselves, the rest in one row: the sum is the same.", "Les {} plus grandes valeurs figurent seules, le reste sur une ligne\u00a0: la somme est la même.", "最大的 {} 个值单独列出，其余合为一行：合计不变。") \
    X(REP_CROWDED, "Days on which there were more values than are counted one by one: {}. A row of a single value may lack what those days have.", "Jours ayant plus de valeurs qu’il n’en est compté une à une\u00a0: {}. Une ligne d’une seule valeur peut manquer de ce qu’ont ces jours.", "值过多而未逐一统计的天数：{}。单个值的行可能缺少这些天的部分数据。") \
    X(REP_MORE_LEADS, "–: more leads than clicks, because a click brought several or leads came without one.", "–\u00a0: plus de leads que de clics, car un clic en a amené plusieurs ou des leads sont venus sans clic.", "–：线索多于点击，因一次点击带来多条，或线索没有点击。") \
    X(REP_AS_OF, "Which entries these numbers are of", "De quelles entrées sont ces chiffres", "这些数字所依据的条目") \
    X(REP_AS_OF_WHAT, "Every number is exact for these entries of each contract’s log; what came within the last second may not be among them.", "Chaque chiffre est exact pour ces entrées du journal de chaque contrat\u00a0; ce qui est venu dans la dernière seconde peut manquer.", "每个数字对各合同日志的这些条目都是精确的；最近一秒内的可能未计入。") \
    X(REP_AS_OF_ONE, "entries 0 to {}", "entrées 0 à {}", "条目 0 至 {}") \
    X(REP_AS_OF_NONE, "no entry so far", "aucune entrée à ce jour", "尚无条目") \
    X(REP_CSV, "As a table (CSV)", "En tableau (CSV)", "表格（CSV）") \
    X(REP_NOTHING, "Nothing in this period", "Rien dans cette période", "此期间没有数据") \
    X(REP_NOTHING_WHAT, "Choose a longer period, or take the filters off.", "Choisissez une période plus longue, ou ôtez les filtres.", "请选择更长的期间，或清除筛选。") \
    X(REP_OPEN, "Not finished", "Non terminé", "未结束") \
    X(REP_VALUES_MANY, "Rows that are shown, those with the most leads: {} of {}. The table (CSV) has all of them.", "Lignes montrées, celles qui ont le plus de leads\u00a0: {} sur {}. Le tableau (CSV) les a toutes.", "显示线索最多的 {} 行，共 {} 行。表格（CSV）包含全部。") \
    X(CLASS_OK, "a person’s", "d’une personne", "真人") \
    X(CLASS_PREFETCH, "fetched ahead", "préchargé", "预取") \
    X(CLASS_BOT, "a robot’s", "d’un robot", "机器人") \
    X(CLASS_DATACENTER, "from a data centre", "d’un centre de données", "数据中心") \
    X(CLASS_TEST, "a test", "un essai", "测试") \
    X(CLASS_EMBEDDED, "inside another page", "dans une autre page", "嵌入其他页面") \
    X(CLASS_REPEAT, "again, the same visitor", "encore le même visiteur", "同一访客重复") \
    X(CLASS_ENDED, "as the contract ended", "à la fin du contrat", "合同结束时") \
    X(DEVICE_PHONE, "phone", "téléphone", "手机") \
    X(DEVICE_TABLET, "tablet", "tablette", "平板") \
    X(DEVICE_DESKTOP, "computer", "ordinateur", "电脑") \
    X(DEVICE_APP, "inside an app", "dans une application", "应用内") \
    X(CHANNEL_DIRECT, "direct", "direct", "直接访问") \
    X(CHANNEL_SEO, "search, unpaid", "recherche naturelle", "自然搜索") \
    X(CHANNEL_PPC, "ads", "publicité payante", "付费广告") \
    X(CHANNEL_CONTENT, "content", "contenu", "内容") \
    X(CHANNEL_VIDEO, "video", "vidéo", "视频") \
    X(CHANNEL_SOCIAL, "social networks", "réseaux sociaux", "社交") \
    X(CHANNEL_MESSENGER, "messengers", "messageries", "即时通讯") \
    X(CHANNEL_EMAIL, "e-mail", "e-mail", "邮件") \
    X(CHANNEL_REFERRAL, "other pages", "autres sites", "其他网站") \
    X(LINKS, "Links", "Liens", "链接") \
    X(LINKS_WHAT, "One link for each place you put it, so that you see later which place brought the lead.", "Un lien par emplacement, pour voir plus tard lequel a apporté le lead.", "每个位置一个链接，便于日后查看线索来源。") \
    X(LINK_NEW, "New link", "Nouveau lien", "新建链接") \
    X(LINK_MAKE, "Make the link", "Créer le lien", "生成链接") \
    X(LINK_LABEL, "Name, for you", "Nom, pour vous", "名称（仅供您使用）") \
    X(LINK_LABEL_WHAT, "Say where you will put it.", "Dites où vous le placerez.", "请注明放置位置。") \
    X(LINK_PAGE, "Page to land on", "Page d’arrivée", "落地页") \
    X(LINK_PAGE_WHAT, "Empty: the start page of the offer. It cannot be changed later.", "Vide\u00a0: la page de départ de l’offre. Non modifiable ensuite.", "留空则为推广项目首页。之后不可更改。") \
    X(LINK_OFFER, "Offer", "Offre", "推广项目") \
    X(LINKS_YOURS, "Your links", "Vos liens", "您的链接") \
    X(LINK_LAST, "Last click", "Dernier clic", "最近点击") \
    X(LINK_NOT_LATELY, "none in 30 days", "aucun en 30 jours", "30 天内无") \
    X(LINK_ON, "In use", "En service", "使用中") \
    X(LINK_OFF, "Off", "Arrêté", "已停用") \
    X(LINK_OFF_SINCE, "since {}", "depuis le {}", "自 {}") \
    X(LINK_TURN_OFF, "Turn off", "Arrêter", "停用") \
    X(LINK_TURN_ON, "Turn on", "Remettre en service", "启用") \
    X(LINK_BUILD, "Build a link", "Composer un lien", "组合链接") \
    X(LINK_DEEP, "Another page", "Une autre page", "其他页面") \
    X(LINK_DEEP_WHAT, "A page on one of: {}. Empty: the link’s own.", "Une page sur\u00a0: {}. Vide\u00a0: celle du lien.", "位于以下站点的页面：{}。留空则为链接自身的页面。") \
    X(LINK_DEEP_BAD, "Clicks cannot go there: take a page on one of these hosts, with https where the offer has it. The link leads to its own page.", "Les clics ne peuvent y aller\u00a0: prenez une page d’un de ces sites, en https si l’offre l’est. Le lien mène à sa propre page.", "点击无法前往该页面：请使用上述站点上的页面，推广项目为 https 时也须为 https。链接仍指向自身页面。") \
    X(LINK_SUB_WHAT, "Yours: article, ad, mailing. It comes back with each lead; put no person’s name in it.", "À vous\u00a0: article, annonce, envoi. Il revient avec chaque lead\u00a0; n’y mettez le nom de personne.", "自定：文章、广告、邮件。随每条线索返回；请勿填写个人姓名。") \
    X(LINK_MORE, "More: sub2 to sub5, utm", "Plus\u00a0: sub2 à sub5, utm", "更多：sub2 至 sub5、utm") \
    X(LINK_SHOW, "Build it", "Composer", "生成") \
    X(LINK_READY, "Ready to use", "Prêt à l’emploi", "可以使用") \
    X(LINK_IS_OFF, "This link is off: clicks of it are not taken.", "Ce lien est arrêté\u00a0: ses clics ne sont pas pris.", "此链接已停用：不再接收其点击。") \
    X(LINK_QR, "QR code of the link", "Code QR du lien", "链接二维码") \
    X(LINK_PRINT, "For print: at least 25 mm wide.", "Pour l’impression\u00a0: au moins 25 mm de large.", "印刷时宽度至少 25 毫米。") \
    X(LINK_QR_NONE, "The link is too long for a QR code.", "Le lien est trop long pour un code QR.", "链接过长，无法生成二维码。") \
    X(LINK_RENAME, "Rename", "Renommer", "重命名") \
    X(LINK_NONE, "No link yet", "Pas encore de lien", "尚无链接") \
    X(LINK_NONE_WHAT, "Make the first one: it can be used at once.", "Créez le premier\u00a0: il sert aussitôt.", "创建第一个：立即可用。") \
    X(LINK_MANY, "Links that are shown: {}. Choose an offer to see its others.", "Liens montrés\u00a0: {}. Choisissez une offre pour voir ses autres liens.", "显示 {} 个链接。选择推广项目以查看其余。") \
    X(OFFERS, "Offers", "Offres", "推广项目") \
    X(OFFERS_WHAT, "What you may promote, and on which terms. Nothing counts that does not stand here.", "Ce que vous pouvez promouvoir, et à quelles conditions. Rien d’autre ne compte.", "您可推广的项目及其条款。未列于此的均不适用。") \
    X(OFFER_OPEN, "Takes clicks", "Accepte les clics", "接收点击") \
    X(OFFER_PAUSED, "Paused", "En pause", "已暂停") \
    X(OFFER_WAITS, "Not open yet", "Pas encore ouverte", "尚未开放") \
    X(OFFER_OVER, "Over, or not begun", "Terminée, ou pas commencée", "已结束或未开始") \
    X(OFFER_TERMS, "Terms in force", "Conditions en vigueur", "现行条款") \
    X(OFFER_TERMS_ALL, "The terms, and what changed", "Les conditions, et ce qui a changé", "条款及变更") \
    X(OFFER_COMES, "Terms change on {}.", "Les conditions changent le {}.", "条款将于 {} 变更。") \
    X(OFFER_PROPOSED, "Version {} waits for assent. Until both have given it, nothing changes.", "La version {} attend des accords. D’ici là, rien ne change.", "第 {} 版待双方同意。在此之前一切不变。") \
    X(OFFER_YOURS, "It waits for your assent.", "Elle attend votre accord.", "待您同意。") \
    X(OFFER_THEIRS, "You have given yours; it waits for the other side.", "Vous avez donné le vôtre\u00a0; elle attend l’autre côté.", "您已同意；待对方同意。") \
    X(OFFER_ASSENT, "Your key signs it, on your own machine; the command shows what it signs before it asks.", "Votre clé le signe, sur votre propre machine\u00a0; la commande montre ce qu’elle signe avant de demander.", "由您的密钥在您自己的电脑上签署；命令会先显示将签署的内容再询问。") \
    X(OFFER_VERSIONS, "Versions", "Versions", "版本") \
    X(OFFER_VERSION, "Version {}", "Version {}", "第 {} 版") \
    X(OFFER_IN_FORCE, "in force", "en vigueur", "生效中") \
    X(OFFER_WAITING, "agreed, waits for its time", "acceptée, attend sa date", "已同意，待生效") \
    X(OFFER_IS_PROPOSED, "waits for assents", "attend des accords", "待同意") \
    X(OFFER_WITHDRAWN, "taken back", "retirée", "已撤回") \
    X(OFFER_IS_OVER, "over", "échue", "已失效") \
    X(OFFER_BINDS, "binds from {}", "vaut à partir du {}", "自 {} 起生效") \
    X(OFFER_SAME, "The first terms, or nothing that counts is different.", "Les premières conditions, ou rien de ce qui compte ne diffère.", "首版条款，或实质内容无变化。") \
    X(OFFER_CHANGES, "What changes", "Ce qui change", "变更内容") \
    X(OFFER_WAS, "before", "avant", "之前") \
    X(OFFER_IS, "then", "ensuite", "之后") \
    X(OFFER_PAGE, "Its page", "Sa page", "其页面") \
    X(OFFER_LINKS, "Make a link", "Créer un lien", "创建链接") \
    X(TERMS_REQUIRED, "Each lead brings", "Chaque lead apporte", "每条线索须含") \
    X(TERMS_PROFILE, "Leads are taken where", "Sont pris les leads où", "仅接受") \
    X(TERMS_STARTS, "Begins", "Début", "开始") \
    X(TERMS_ENDS, "Ends", "Fin", "结束") \
    X(TERMS_ONE_OF, "one of: {}", "l’un de\u00a0: {}", "其中之一：{}") \
    X(LINK_TEST, "Test click", "Clic d’essai", "测试点击") \
    X(PB, "Postbacks", "Postbacks", "回传") \
    X(PB_WHAT, "How your server reports leads, signed so that both sides can prove what was sent.", "Comment votre serveur signale les leads, signés pour que les deux côtés puissent prouver ce qui fut envoyé.", "您的服务器如何上报线索：经签名，双方均可证明所发内容。") \
    X(PB_SECRETS, "Secrets", "Secrets", "密钥") \
    X(PB_SECRETS_WHAT, "To rotate: make a new one, put it in place, and retire the old one once nothing uses it. Until then both are good.", "Pour en changer\u00a0: créez-en un, mettez-le en place, puis retirez l’ancien quand rien ne l’utilise plus. D’ici là les deux valent.", "轮换方法：新建一个并启用，待旧的不再使用后将其停用。在此之前两者均有效。") \
    X(PB_KID, "Key id (kid)", "Identifiant (kid)", "密钥标识（kid）") \
    X(PB_NEW, "Make a secret", "Créer un secret", "新建密钥") \
    X(PB_RETIRE, "Retire", "Retirer", "停用") \
    X(PB_ONCE, "Keep it now: it is shown this once. Whoever has it reports leads as {}.", "Conservez-le maintenant\u00a0: il n’est montré qu’une fois. Qui l’a signale des leads au nom de {}.", "请立即保存：仅显示这一次。持有者可以 {} 的名义上报线索。") \
    X(PB_NO_SECRET, "You have no secret. Make one first.", "Vous n’avez pas de secret. Créez-en un d’abord.", "您还没有密钥。请先新建。") \
    X(PB_SNIPPETS, "To copy", "À copier", "可复制的代码") \
    X(PB_SNIPPETS_WHAT, "Your address and key id are filled in; the secret comes from the environment variable COUNTERSIGN_SECRET. Each prints the answer: the decision, and a signed receipt to keep.", "Votre adresse et votre identifiant y sont\u00a0; le secret vient de la variable d’environnement COUNTERSIGN_SECRET. Chacun affiche la réponse\u00a0: la décision, et un reçu signé à conserver.", "已填入您的地址和密钥标识；密钥取自环境变量 COUNTERSIGN_SECRET。每段都会输出应答：决定，以及需保存的签名回执。") \
    X(PB_TRY, "Try a postback", "Essayer un postback", "测试回传") \
    X(PB_TRY_WHAT, "Paste what your server sends. Nothing is recorded, whatever it says.", "Collez ce qu’envoie votre serveur. Rien n’est enregistré, quoi qu’il dise.", "粘贴您的服务器发送的内容。无论结果如何，均不作记录。") \
    X(PB_URL, "Its URL, whole", "Son URL, entière", "完整 URL") \
    X(PB_JSON, "Signed JSON: its body and headers", "JSON signé\u00a0: son corps et ses en-têtes", "签名 JSON：正文和请求头") \
    X(PB_BODY, "Body, to the byte", "Corps, à l’octet près", "正文（逐字节）") \
    X(PB_EXPLAIN, "Explain it", "L’expliquer", "解释") \
    X(PB_SIGNATURE, "Signature", "Signature", "签名") \
    X(PB_VALID, "right", "juste", "正确") \
    X(PB_INVALID, "wrong", "fausse", "错误") \
    X(PB_EXPECTED, "What is to be signed", "Ce qui est à signer", "应签名的文本") \
    X(PB_WOULD, "What would become of it", "Ce qu’il en adviendrait", "处理结果") \
    X(PB_REFUSED, "It would be refused, with status {}.", "Il serait refusé, avec le statut {}.", "将被拒绝，状态码 {}。") \
    X(PB_REPLAYED, "It came before: it would count once, and get the first answer again.", "Il est déjà venu\u00a0: il compterait une fois, et recevrait la première réponse.", "此前已收到：只计一次，并返回首次应答。") \
    X(PB_PAID, "Worth", "Vaut", "价值") \
    X(PB_FIELDS, "Fields that were read", "Champs lus", "读取的字段") \
    X(PB_IGNORED, "Not used", "Non utilisés", "未使用") \
    X(PB_TEST, "Send a test lead", "Envoyer un lead d’essai", "发送测试线索") \
    X(PB_TEST_WHAT, "A made-up lead of nobody goes the whole way and stands in your list. It is marked as a test and never paid.", "Un lead inventé, de personne, fait tout le chemin et figure dans votre liste. Il est marqué comme essai et jamais payé.", "一条虚构线索走完全程并列入您的列表。标记为测试，永不付款。") \
    X(MONEY_EARNED, "Earned", "Gagné", "已赚取") \
    X(MONEY_WAITS, "Waits for the advertiser", "Attend l’annonceur", "待广告主审核") \
    X(MONEY_WAITS_YOU, "Waits for your review", "Attend votre examen", "待您审核") \
    X(MONEY_STATED, "On statements, not answered", "Sur relevés, sans réponse", "结算单待答复") \
    X(MONEY_DISPUTED, "Disputed", "Contesté", "有异议") \
    X(MONEY_LEADS, "leads: {}", "leads\u00a0: {}", "线索：{}") \
    X(MONEY_STATEMENTS, "statements: {}", "relevés\u00a0: {}", "结算单：{}")
/* clang-format on */

#endif
