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
    X(REP_ZONES, "Days are those of {}.", "Les jours sont ceux de {}.", "日期按 {} 计。") \
    X(REP_AS_OF, "Which entries these numbers are of", "De quelles entrées sont ces chiffres", "这些数字所依据的条目") \
    X(REP_AS_OF_WHAT, "Every number is exact for these entries of each contract’s log; what came within the last second may not be among them.", "Chaque chiffre est exact pour ces entrées du journal de chaque contrat\u00a0; ce qui est venu dans la dernière seconde peut manquer.", "每个数字对各合同日志的这些条目都是精确的；最近一秒内的可能未计入。") \
    X(REP_AS_OF_ONE, "entries 0 to {}", "entrées 0 à {}", "条目 0 至 {}") \
    X(REP_AS_OF_NONE, "no entry so far", "aucune entrée à ce jour", "尚无条目") \
    X(REP_CSV, "As a table (CSV)", "En tableau (CSV)", "表格（CSV）") \
    X(REP_NOTHING, "Nothing in this period", "Rien dans cette période", "此期间没有数据") \
    X(REP_NOTHING_WHAT, "Choose a longer period, or take the filters off.", "Choisissez une période plus longue, ou ôtez les filtres.", "请选择更长的期间，或清除筛选。") \
    X(REP_OPEN, "Not finished", "Non terminé", "未结束") \
    X(REP_VALUES_MANY, "Rows that are shown: {} of {}. The table (CSV) has all of them.", "Lignes montrées\u00a0: {} sur {}. Le tableau (CSV) les a toutes.", "显示 {} 行，共 {} 行。表格（CSV）包含全部。") \
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
    X(LINK_PIXEL, "Counting views and impressions", "Compter vues et affichages", "统计浏览与展示") \
    X(LINK_PIXEL_WHAT, "An image for pages that cannot run scripts.", "Une image pour les pages sans scripts.", "供无法运行脚本的页面使用的图片。") \
    X(LINK_NONE, "No link yet", "Pas encore de lien", "尚无链接") \
    X(LINK_NONE_WHAT, "Make the first one: it can be used at once.", "Créez le premier\u00a0: il sert aussitôt.", "创建第一个：立即可用。") \
    X(LINK_MANY, "Links that are shown: {}. Choose an offer to see its others.", "Liens montrés\u00a0: {}. Choisissez une offre pour voir ses autres liens.", "显示 {} 个链接。选择推广项目以查看其余。")
/* clang-format on */

#endif
