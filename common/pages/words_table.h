/* symbol, English, French, Chinese. Status and reason words are named as in decisions/reason.h. */
#ifndef CS_PAGES_WORDS_TABLE_H
#define CS_PAGES_WORDS_TABLE_H

/* clang-format off */
#define WORD_TABLE(X)                                                                                                  \
    X(STATEMENT, "Statement {}", "Relevé {}", "结算单 {}") \
    X(KIND, "Settlement statement", "Relevé de règlement", "结算单") \
    X(KIND_SELF_BILLING, "Settlement statement · self-billing invoice", "Relevé de règlement · autofacturation", "结算单 · 自开发票") \
    X(KIND_BOTH, "Settlement statement · self-billing invoice and credit note", "Relevé de règlement · facture et avoir en autofacturation", "结算单 · 自开发票及红字发票") \
    X(KIND_CREDIT_NOTE, "Settlement statement · self-billing credit note", "Relevé de règlement · avoir en autofacturation", "结算单 · 自开红字发票") \
    X(SERIES, "series {}", "série {}", "系列 {}") \
    X(NUMBER, "No. {}", "N° {}", "编号 {}") \
    X(ISSUED, "Issued", "Émis le", "开具日期") \
    X(PERIOD, "Period", "Période", "期间") \
    X(PERIOD_TO, "{} – {}", "{} – {}", "{} – {}") \
    X(ZONE, "Time zone", "Fuseau horaire", "时区") \
    X(SUPPLIER, "Supplier (publisher)", "Fournisseur (éditeur)", "供应方（发布商）") \
    X(CUSTOMER, "Customer (advertiser)", "Client (annonceur)", "购买方（广告主）") \
    X(NO_PUBLISHER, "None: a direct contract", "Aucun\u00a0: un contrat direct", "无：直接合同") \
    X(VAT_ID, "VAT {}", "TVA {}", "增值税号 {}") \
    X(IDENTIFIER, "Statement", "Relevé", "结算单") \
    X(CAMPAIGN, "Campaign", "Campagne", "推广活动") \
    X(CONTRACT, "Contract", "Contrat", "合同") \
    X(TERMS_AT, "terms of entry {}", "conditions de l’entrée {}", "条款见条目 {}") \
    X(ISSUER, "Kept by", "Tenu par", "运营方") \
    X(PAYS, "{} pays {}", "{} paie à {}", "{} 应付给 {}") \
    X(PAYS_BY, "by {}", "au plus tard le {}", "付款期限 {}") \
    X(PAYS_NOTHING, "Nothing is to be paid", "Rien n’est à payer", "无应付款项") \
    X(WHO_SIGNED, "Who has signed", "Qui a signé", "签署情况") \
    X(OPERATOR, "Operator", "Opérateur", "运营方") \
    X(ADVERTISER, "Advertiser", "Annonceur", "广告主") \
    X(PUBLISHER, "Publisher", "Éditeur", "发布商") \
    X(SIGNED_AT, "signed {}", "signé {}", "{} 签署") \
    X(ACCEPTED_AT, "accepted {}", "accepté {}", "{} 接受") \
    X(DISPUTED_AT, "disputes all of it, {}", "conteste le tout, {}", "{} 对全部提出异议") \
    X(DISPUTED_LINES_AT, "number of disputed lines: {}; {}", "nombre de lignes contestées\u00a0: {}\u202f; {}", "有异议的行数：{}；{}") \
    X(DISPUTED_ARE, "lines: {}", "lignes\u00a0: {}", "行：{}") \
    X(WAITS, "has not answered yet", "n’a pas encore répondu", "尚未答复") \
    X(QUOTED, "“{}”", "«\u00a0{}\u00a0»", "“{}”") \
    X(SINCE, "Changed since", "Modifié depuis", "此后的变更") \
    X(SINCE_ON, "Stands on", "Figure sur", "计入") \
    X(SINCE_OPEN, "no statement so far", "aucun relevé à ce jour", "尚未计入结算单") \
    X(SINCE_ALL, "All of it", "Total", "合计") \
    X(CORRECTS, "Corrects", "Rectifie", "更正") \
    X(CORRECTS_ONE, "no. {} of {}, {}", "n° {} du {}, {}", "编号 {}，{}，{}") \
    X(CORRECTS_NONE, "earlier amounts, without naming a statement", "des montants antérieurs, sans nommer de relevé", "此前的款项，未指明结算单") \
    X(CORRECTS_PART, "and earlier amounts, without naming a statement", "ainsi que des montants antérieurs, sans nommer de relevé", "以及此前的款项，未指明结算单") \
    X(QUANTITIES, "Approved in the period", "Approuvés pendant la période", "本期批准") \
    X(WHAT, "What", "Objet", "项目") \
    X(QUANTITY, "Quantity", "Quantité", "数量") \
    X(UNIT_PRICE, "Unit price, {}", "Prix unitaire, {}", "单价（{}）") \
    X(AMOUNT, "Amount, {}", "Montant, {}", "金额（{}）") \
    X(GROSS, "Gross", "Brut", "总额") \
    X(OF_CLICK, "Clicks", "Clics", "点击") \
    X(OF_IMPRESSION, "Impressions", "Affichages", "展示") \
    X(OF_LEAD, "Leads", "Leads", "线索") \
    X(OF_LEAD_PART, "Parts of shared leads", "Parts de leads partagés", "共享线索的份额") \
    X(OF_SALE, "Shares of sales", "Parts des ventes", "销售分成") \
    X(OF_TIER, "{}, price {}", "{}, prix {}", "{}，价格 {}") \
    X(OF_OTHERS, "{}, every other", "{}, tous les autres", "{}，其他") \
    X(OF_THOSE, "{}, {}", "{}, {}", "{}，{}") \
    X(RULE_IS, "{}: {}", "{}\u00a0: {}", "{}：{}") \
    X(RULE_FROM, "{} or more", "{} ou plus", "{} 及以上") \
    X(RULE_TO, "{} or less", "{} ou moins", "{} 及以下") \
    X(RULE_BETWEEN, "{} to {}", "de {} à {}", "{} 至 {}") \
    X(FIELD_COUNTRY, "country", "pays", "国家") \
    X(FIELD_PLACEMENT, "link", "lien", "链接") \
    X(FIELD_DEVICE, "device", "appareil", "设备") \
    X(FIELD_CLASS, "class of the click", "classe du clic", "点击类别") \
    X(OF_TERMS, "by the terms of entry {}", "selon les conditions de l’entrée {}", "按条目 {} 的条款") \
    X(ADJUSTMENTS, "Adjustments", "Ajustements", "调整") \
    X(ADJUSTED_LEAD, "Lead", "Lead", "线索") \
    X(ON_DAY, "Day", "Jour", "日期") \
    X(ADJUSTED_WHY, "Why", "Motif", "原因") \
    X(ADJUSTED_FIRST, "First on", "Origine", "原结算单") \
    X(ADJUSTED_ALL, "All adjustments", "Total des ajustements", "调整合计") \
    X(CORRECTION, "Correction by the operator", "Correction de l’opérateur", "运营方更正") \
    X(AGREED_BY, "agreed by {}", "accepté par {}", "已同意：{}") \
    X(OPERATORS_WORD, "by the operator’s word alone", "par la seule parole de l’opérateur", "仅凭运营方之言") \
    X(REINSTATED, "Reinstated", "Rétabli", "已恢复") \
    X(TOTAL, "Total", "Total", "合计") \
    X(NET, "Net amount", "Montant net", "净额") \
    X(BROUGHT, "Carried over from the statement before", "Report du relevé précédent", "上一份结算单结转") \
    X(CARRIED, "Carried over to the next", "À reporter sur le suivant", "结转至下一份") \
    X(TO_PAY, "To pay, {}", "À payer, {}", "应付（{}）") \
    X(TAXABLE, "Taxable amount", "Base d’imposition", "计税金额") \
    X(VAT, "VAT {}%", "TVA {}\u202f%", "增值税 {}%") \
    X(TAX_DOMESTIC, "VAT is charged by the supplier.", "La TVA est facturée par le fournisseur.", "增值税由供应方收取。") \
    X(TAX_NO_RATE, "No VAT rate is agreed in the contract: none is charged here.", "Aucun taux de TVA n’est convenu au contrat\u00a0: aucune TVA n’est facturée ici.", "合同未约定增值税税率：本单不收取增值税。") \
    X(TAX_ALL_CARRIED, "all of it carried over to the next: {}", "entièrement reporté sur le suivant\u00a0: {}", "全部结转至下一份：{}") \
    X(TAX_EXEMPT, "No VAT is charged: {}.", "TVA non facturée\u00a0: {}.", "不收取增值税：{}。") \
    X(TAX_CASH, "Cash accounting.", "Comptabilité de caisse.", "收付实现制（Cash accounting）。") \
    X(REPRESENTATIVE, "Tax representative: {}", "Représentant fiscal\u00a0: {}", "税务代表：{}") \
    X(TAX_NONE, "No VAT is charged here: what the parties say of themselves does not call for VAT of the EU, or is not enough to tell.", "Aucune TVA n’est facturée ici\u00a0: ce que les parties disent d’elles-mêmes n’appelle pas de TVA de l’UE, ou ne suffit pas à en juger.", "本单不收取增值税：双方自述的信息不涉及欧盟增值税，或不足以判定。") \
    X(TAX_REVERSE, "Reverse charge: VAT is due from the customer (Articles 44 and 196 of Directive 2006/112/EC).", "Autoliquidation\u00a0: la TVA est due par le preneur (articles 44 et 196 de la directive 2006/112/CE).", "反向征收：增值税由购买方缴纳（指令 2006/112/EC 第 44、196 条）。") \
    X(TAX_OUTSIDE, "Not subject to VAT of the EU (Article 44 of Directive 2006/112/EC).", "Hors champ de la TVA de l’UE (article 44 de la directive 2006/112/CE).", "不征收欧盟增值税（指令 2006/112/EC 第 44 条）。") \
    X(TAX_CARRIED, "The net sum is below 0. This is carried over to the next, which credits it with its VAT: {}. The VAT of what is above 0 is charged here.", "Le net est négatif. Ceci est reporté sur le suivant, qui le créditera avec sa TVA\u00a0: {}. La TVA de ce qui est positif est facturée ici.", "净额为负。以下金额结转至下一份，由其连同增值税一并冲减：{}。正数部分的增值税在本单收取。") \
    X(TAX_AS, "charged as: {}; to: {}", "facturé par\u00a0: {}\u202f; à\u00a0: {}", "开票方：{}；对方：{}") \
    X(TAX_AS_NOBODY, "nobody named", "personne nommée", "未具名") \
    X(TAX_BROUGHT, "The sum below 0 of the statement before is in it with the VAT that it was carried over with: {}.", "La somme négative du relevé précédent y est comprise, avec la TVA de son report\u00a0: {}.", "上一份结算单的负数合计连同其结转的增值税计入本单：{}。") \
    X(WITHOUT_VAT, "Payable without VAT", "Dû hors TVA", "不含税应付") \
    X(VAT_SUM, "VAT", "TVA", "增值税") \
    X(TAX_OF, "{}: ", "{}\u00a0: ", "{}：") \
    X(TAX_PART_ABOUT, "{} ({}, of no. {})", "{} ({}, du n° {})", "{}（{}，编号 {}）") \
    X(TAX_PART, "{} ({})", "{} ({})", "{}（{}）") \
    X(TAX_ROWS, "VAT by rate", "TVA par taux", "按税率分列的增值税") \
    X(TAX_UNDER, "VAT of what is payable", "TVA de ce qui est dû", "应付金额的增值税") \
    X(TAX_AMOUNT, "VAT, {}", "TVA, {}", "增值税（{}）") \
    X(TAX_GROSS, "With VAT, {}", "TVA comprise, {}", "含税金额（{}）") \
    X(TAX_NET, "Taxable amount, {}", "Base d’imposition, {}", "计税金额（{}）") \
    X(TAX_MIXED, "Each line goes by the VAT that was agreed when it came, a correction by that of what it corrects.", "Chaque ligne suit la TVA convenue à sa date, une rectification celle de ce qu’elle rectifie.", "每行按其发生时约定的增值税计算，更正按其所更正款项的增值税计算。") \
    X(NO_VAT, "no VAT", "sans TVA", "无增值税") \
    X(REVERSE_CHARGE, "reverse charge", "autoliquidation", "反向征收") \
    X(SELF_BILLING, "Self-billing: drawn up by the customer in the name and on behalf of the supplier.", "Autofacturation\u00a0: établie par le client au nom et pour le compte du fournisseur.", "自开发票：由购买方代供应方开具。") \
    X(BRIDGE, "From waiting to waiting", "D’une attente à l’autre", "待审变动") \
    X(LEADS, "Leads", "Leads", "线索") \
    X(WORTH, "Worth, {}", "Valeur, {}", "价值（{}）") \
    X(WAITED, "Waiting at the beginning", "En attente au début", "期初待审") \
    X(CAME, "+ accepted in the period", "+ acceptés pendant la période", "+ 本期接受") \
    X(LEFT_APPROVED, "− approved, on this statement", "− approuvés, sur ce relevé", "− 已批准，计入本单") \
    X(LEFT_REJECTED, "− rejected in review", "− refusés à l’examen", "− 审核拒绝") \
    X(WAIT, "Waiting at the end", "En attente à la fin", "期末待审") \
    X(OF_THEM_HELD, "of them held: {}", "dont retenus\u00a0: {}", "其中暂留：{}") \
    X(BECAME, "What became of the leads received", "Ce que sont devenus les leads reçus", "收到线索的去向") \
    X(RECEIVED, "Received", "Reçus", "收到合计") \
    X(CLICKS_VALID, "Clicks: {}, valid: {}.", "Clics\u00a0: {}, valides\u00a0: {}.", "点击：{}，有效：{}。") \
    X(SHOWN_VALID, "Impressions: {}, valid: {}.", "Affichages\u00a0: {}, valides\u00a0: {}.", "展示：{}，有效：{}。") \
    X(NO_GAP, "Nothing was lost: no gap in the record.", "Rien n’a été perdu\u00a0: aucune lacune.", "记录无缺口。") \
    X(GAP, "Could not be recorded: {} clicks, {} impressions, {} views.", "N’ont pu être enregistrés\u00a0: {} clics, {} affichages, {} vues.", "未能记录：点击 {} 次，展示 {} 次，浏览 {} 次。") \
    X(LINES, "The lines that moved money: {} to {} of {}", "Lignes ayant donné lieu à un montant\u00a0: {} à {} sur {}", "涉及金额的行：第 {}–{} 行，共 {} 行") \
    X(LINES_DISPUTED, "The lines that moved money, or are disputed: {} to {} of {}", "Lignes ayant donné lieu à un montant, ou contestées\u00a0: {} à {} sur {}", "涉及金额或有异议的行：第 {}–{} 行，共 {} 行") \
    X(LINES_NONE, "No line moved money", "Aucune ligne n’a donné lieu à un montant", "无涉及金额的行") \
    X(LINES_ALL, "Show all {}", "Les afficher toutes ({})", "显示全部 {} 条") \
    X(LINES_PRINTED, "For all {} lines on paper open “Show all” at this place of the page first; the statement’s CSV has them too.", "Pour imprimer les {} lignes, ouvrez d’abord «\u00a0Les afficher toutes\u00a0» à cet endroit de la page\u202f; elles figurent aussi dans le CSV du relevé.", "如需打印全部 {} 行，请先在网页此处点“显示全部”；结算单的 CSV 文件中也有。") \
    X(TABLE, "The same as a table (CSV).", "Le même en tableau (CSV).", "下载表格（CSV）。") \
    X(TABLE_NAMES, "Its columns have the same English names in every language.", "Ses colonnes portent les mêmes noms anglais dans toutes les langues.", "各语言的表格均使用相同的英文列名。") \
    X(LINE_RECEIVED, "Received", "Reçu", "收到") \
    X(LINE_ENTRY, "Line", "Ligne", "行") \
    X(LINE_NUMBER, "Number", "Numéro", "编号") \
    X(LINE_LINK, "Link", "Lien", "链接") \
    X(LINE_DECIDED, "Decided", "Décision", "决定") \
    X(LINK_OF, "link {}", "lien {}", "链接 {}") \
    X(BY_ON, "{}, {}", "{}, {}", "{}，{}") \
    X(BY_TERMS, "by the terms", "selon les conditions", "按条款") \
    X(BY_ITSELF, "by itself, in time", "d’office, à l’échéance", "到期自动批准") \
    X(BY_OPERATOR, "operator {}", "opérateur {}", "运营方 {}") \
    X(BY_SIGNED, "{}, countersigned", "{}, contresigné", "{}（已会签）") \
    X(LINE_DISPUTED, "disputed by {}", "contesté par {}", "{} 提出异议") \
    X(LINE_CORRECTED, "corrected by {}, on no. {}", "rectifié de {}, sur le n° {}", "更正 {}，计入编号 {}") \
    X(LINE_CORRECTED_OPEN, "corrected by {}, on no statement so far", "rectifié de {}, sur aucun relevé à ce jour", "更正 {}，尚未计入结算单") \
    X(LINES_BARE, "Numbers, link parameters and reasons are left out here, as their senders wrote them.", "Numéros, paramètres de lien et motifs, tels que saisis par leurs auteurs, sont omis ici.", "此处不显示由发送方填写的编号、链接参数和原因。") \
    X(LINES_NAMES, "A statement signs the numbers of links; their names are what they are called today.", "Le relevé signe les numéros des liens\u202f; leurs noms sont ceux d’aujourd’hui.", "结算单签署的是链接编号；链接名称为当前名称。") \
    X(LINE_PART, "{} of the lead", "{} du lead", "占线索的 {}") \
    X(LINE_TRAFFIC, "Clicks and impressions", "Clics et affichages", "点击与展示") \
    X(EVIDENCE, "Evidence", "Preuves", "证据") \
    X(SCORED, "Leads are scored by", "Score des leads d’après", "线索评分依据") \
    X(SCORE_HELD, "{}; held for review below {} of 1,000", "{}\u00a0; retenus pour examen sous {} sur 1\u202f000", "{}；低于 {}（满分 1,000）暂留待审") \
    X(TERMS, "The terms, in words", "Les conditions, en clair", "条款说明") \
    X(TERMS_VERSION, "Version", "Version", "版本") \
    X(TERMS_AGREED, "{}, agreed by both, {}", "{}, acceptée par les deux, {}", "{}，双方于 {} 同意") \
    X(TERMS_SET, "{}, set by the operator, {}", "{}, fixée par l’opérateur, {}", "{}，运营方于 {} 设定") \
    X(PRICES, "Prices, {}", "Prix, {}", "价格（{}）") \
    X(DAY, "{} day", "{} jour", "{} 天") \
    X(DAYS, "{} days", "{} jours", "{} 天") \
    X(ATTRIBUTION, "A lead belongs to", "Un lead revient à", "线索归属") \
    X(ATTRIBUTED, "{}, at most {} before it", "{}, au plus {} avant", "{}，之前最多 {}") \
    X(MODEL_LAST, "the last click", "le dernier clic", "最后一次点击") \
    X(MODEL_FIRST, "the first click", "le premier clic", "首次点击") \
    X(MODEL_LINEAR, "all clicks alike", "tous les clics, à parts égales", "所有点击均分") \
    X(MODEL_TIME_DECAY, "all clicks, later ones more", "tous les clics, les derniers davantage", "所有点击，越晚占比越高") \
    X(MODEL_POSITION, "all clicks, the first and last more", "tous les clics, le premier et le dernier davantage", "所有点击，首末次占比更高") \
    X(SAME_PERSON, "One person is paid", "Une personne est payée", "同一人付款") \
    X(SAME_PERSON_ONCE, "once in {}", "une fois en {}", "{}内一次") \
    X(REVIEWED, "Review", "Examen", "审核") \
    X(REVIEWED_BY_HAND, "by hand", "à la main", "人工") \
    X(REVIEWED_IN_TIME, "approved by itself after {}", "approuvé d’office après {}", "{} 后自动批准") \
    X(RETURNS, "Returns", "Retours", "退回") \
    X(RETURNS_WITHIN, "within {} of the approval", "dans les {} après l’approbation", "批准后 {}内") \
    X(DUE, "Payment", "Paiement", "付款") \
    X(DUE_WITHIN, "{} after the issue", "{} après l’émission", "开具后 {}") \
    X(BELOW_NOTHING, "A sum below 0", "Une somme négative", "负数金额") \
    X(BELOW_OWED, "is owed by the publisher", "est due par l’éditeur", "由发布商支付") \
    X(BELOW_NEXT, "is set off on the next statement", "est imputée au relevé suivant", "在下一份结算单抵扣") \
    X(THOUSAND, "{}, a thousand", "{}, le mille", "{}，每千次") \
    X(ENTRIES, "Entries", "Entrées", "条目") \
    X(TREE_HEAD, "Tree head", "Tête de l’arbre", "树根") \
    X(LINES_HASH, "Line items, SHA-256", "Lignes, SHA-256", "明细 SHA-256") \
    X(THIS_HASH, "This statement, SHA-256", "Ce relevé, SHA-256", "本单 SHA-256") \
    X(PREV_HASH, "Statement before, SHA-256", "Relevé précédent, SHA-256", "上一份结算单 SHA-256") \
    X(PREV_NONE, "none: this is the first", "aucun\u00a0: c’est le premier", "无：此为第一份") \
    X(CHECK_IT, "Check it yourself", "Vérifiez vous-même", "自行核验") \
    X(READING, "This page is for reading; what both signed is the file of the same number.", "Cette page sert à la lecture\u202f; ce que les deux ont signé est le fichier du même numéro.", "本页供阅读；双方签署的是同编号的文件。") \
    X(TIMES_IN, "Times in {}", "Heures\u00a0: {}", "时区 {}") \
    X(LANGUAGE, "Language", "Langue", "语言") \
    X(PENDING, "Pending", "En attente", "待审") \
    X(HELD, "Held", "Retenu", "暂留") \
    X(APPROVED, "Approved", "Approuvé", "已批准") \
    X(REJECTED, "Rejected", "Refusé", "已拒绝") \
    X(DUPLICATE, "Duplicate", "Doublon", "重复") \
    X(RETURNED, "Returned", "Retourné", "已退回") \
    X(CONVERTED, "Converted", "Converti", "已成交") \
    X(NO_CLICK, "no click id", "pas d’identifiant de clic", "无点击编号") \
    X(UNKNOWN_CLICK, "click id not ours", "identifiant de clic étranger", "点击编号非本系统") \
    X(OUTSIDE_WINDOW, "click too old", "clic trop ancien", "点击过旧") \
    X(MISSING_FIELD, "a required field empty", "champ obligatoire vide", "必填项为空") \
    X(BAD_EMAIL, "e-mail address wrong", "adresse e-mail incorrecte", "邮箱无效") \
    X(BAD_PHONE, "phone cannot be dialled", "téléphone injoignable", "电话无法拨打") \
    X(OUTSIDE_PROFILE, "outside the profile", "hors profil", "不符合条件") \
    X(TOO_FAST, "faster than a person", "trop rapide pour une personne", "快于真人") \
    X(HONEYPOT, "hidden field filled in", "champ invisible rempli", "隐藏字段被填写") \
    X(BOT, "a robot", "un robot", "机器人") \
    X(KNOWN_PERSON, "person known already", "personne déjà connue", "人员已存在") \
    X(CAP_DAY, "the day’s cap reached", "plafond du jour atteint", "达到每日上限") \
    X(CAP_MONTH, "the month’s cap reached", "plafond du mois atteint", "达到每月上限") \
    X(BUDGET, "the month’s budget used up", "budget du mois épuisé", "本月预算用尽") \
    X(CONTRACT_ENDED, "outside the contract’s time", "hors de la durée du contrat", "不在合同期内") \
    X(LOW_SCORE, "score too low", "score trop bas", "质量分过低") \
    X(UNRECORDED, "the click’s record was lost", "la trace du clic est perdue", "点击记录遗失") \
    X(LINK_OVER, "This link has expired or was ended", "Ce lien a expiré ou a été désactivé", "此链接已过期或已停用") \
    X(LINK_OVER_ASK, "Ask whoever sent it to you for a new one.", "Demandez-en un nouveau à qui vous l’a envoyé.", "请向发送者索取新链接。") \
    X(TEST, "a test", "un essai", "测试") \
    X(REVIEW, "in review", "à l’examen", "人工审核") \
    X(AUDITOR, "Auditor", "Auditeur", "审计方") \
    X(INVITE, "Invitation", "Invitation", "邀请") \
    X(INVITE_FOR, "{} has an account for you: {} ({}).", "{} tient un compte pour vous\u00a0: {} ({}).", "{} 为您开设了账户：{}（{}）。") \
    X(INVITE_WHAT, "The button makes an API token and a postback secret of it and shows them once: have a place ready where you keep such things. This link is used up by that.", "Le bouton crée un jeton d’API et un secret de postback et les montre une seule fois\u00a0: préparez l’endroit où vous conservez de telles choses. Ce lien est alors épuisé.", "点击按钮将生成 API 令牌和回传密钥，仅显示一次：请先准备好保存的地方。此链接随即失效。") \
    X(INVITE_UNTIL, "It can be used until {}.", "Il est utilisable jusqu’au {}.", "有效期至 {}。") \
    X(INVITE_BUTTON, "Make them and show them", "Les créer et les montrer", "生成并显示") \
    X(INVITE_KEEP, "Keep these now", "À conserver maintenant", "请立即保存") \
    X(INVITE_ONCE, "They are shown this once. Whoever has them can act as {}.", "Ils ne sont montrés que cette fois. Qui les détient peut agir au nom de {}.", "仅显示这一次。持有者可以 {} 的名义操作。") \
    X(INVITE_PARTY, "Party", "Partie", "参与方") \
    X(INVITE_TOKEN, "API token", "Jeton d’API", "API 令牌") \
    X(INVITE_KID, "Key id of signed postbacks (kid)", "Identifiant de clé des postbacks signés (kid)", "签名回传的密钥标识（kid）") \
    X(INVITE_SECRET, "Postback secret", "Secret de postback", "回传密钥") \
    X(INVITE_OTHERS, "A token and a secret were shown to the operator when the account was made. {} lists what there is; what is not yours can be ended there.", "Un jeton et un secret ont été montrés à l’opérateur à la création du compte. {} en donne la liste\u00a0; ce qui n’est pas à vous peut y être révoqué.", "创建账户时，运营方看到过一个令牌和一个密钥。{} 列出现有的全部；不属于您的可在那里作废。") \
    X(INVITE_OVER, "This invitation is over", "Cette invitation n’est plus valable", "此邀请已失效") \
    X(INVITE_OVER_WHY, "It was used or withdrawn, or has expired. Ask whoever sent it for another one.", "Elle a été utilisée ou retirée, ou elle a expiré. Demandez-en une autre à qui vous l’a envoyée.", "它已被使用或撤回，或已过期。请向发送者索取新的邀请。") \
    X(INVITE_LOCKED, "This account is locked", "Ce compte est verrouillé", "此账户已锁定") \
    X(INVITE_LOCKED_WHY, "The invitation is not used up: it opens again once the operator has unlocked the account. Ask whoever sent it.", "L’invitation n’est pas épuisée\u00a0: elle s’ouvrira de nouveau quand l’opérateur aura déverrouillé le compte. Demandez à qui vous l’a envoyée.", "邀请尚未使用：运营方解锁账户后即可再次打开。请询问发送者。") \
    X(INVITE_FULL, "This account has too many tokens or secrets", "Ce compte a trop de jetons ou de secrets", "此账户的令牌或密钥过多") \
    X(INVITE_FULL_WHY, "The invitation is not used up: it opens once some of the account’s tokens or secrets were ended. Ask whoever sent it.", "L’invitation n’est pas épuisée\u00a0: elle s’ouvrira quand des jetons ou des secrets du compte auront été révoqués. Demandez à qui vous l’a envoyée.", "邀请尚未使用：作废该账户的部分令牌或密钥后即可打开。请询问发送者。") \
    X(INVITE_NONE, "There is no such invitation", "Cette invitation n’existe pas", "没有此邀请") \
    X(INVITE_NONE_WHY, "The link may not be whole: copy it once more, from its beginning to its end.", "Le lien est peut-être incomplet\u00a0: copiez-le encore une fois, du début à la fin.", "链接可能不完整：请从头到尾重新复制一次。")
/* clang-format on */

#endif
