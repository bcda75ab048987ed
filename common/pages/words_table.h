/* symbol, English, French, Chinese. Status and reason words are named as in decisions/reason.h. */
#ifndef CS_PAGES_WORDS_TABLE_H
#define CS_PAGES_WORDS_TABLE_H

#include "common/pages/words_oper.h"

#include "common/pages/words_review.h"

#include "common/pages/words_differences.h"

#include "common/pages/words_links.h"

#include "common/pages/words_refusals.h"

#include "common/pages/words_told.h"

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
    X(FIELD_EMAIL, "e-mail", "e-mail", "电子邮箱") \
    X(FIELD_PHONE, "telephone", "téléphone", "电话") \
    X(FIELD_FIRST_NAME, "first name", "prénom", "名") \
    X(FIELD_LAST_NAME, "last name", "nom", "姓") \
    X(FIELD_PLACEMENT, "link", "lien", "链接") \
    X(FIELD_DEVICE, "device", "appareil", "设备") \
    X(FIELD_CLASS, "class of the click", "classe du clic", "点击类别") \
    X(FIELD_SCORE, "score", "score", "评分") \
    X(OF_TERMS, "by the terms of entry {}", "selon les conditions de l’entrée {}", "按条目 {} 的条款") \
    X(ADJUSTMENTS, "Adjustments", "Ajustements", "调整") \
    X(ADJUSTMENTS_SOME, "Adjustments: {} to {} of {}", "Ajustements\u00a0: {} à {} sur {}", "调整：第 {}–{} 项，共 {} 项") \
    X(ADJUSTMENTS_SHOW, "Show all {} adjustments", "Afficher les {} ajustements", "显示全部 {} 项调整") \
    X(ADJUSTMENTS_PRINTED, "For all {} adjustments on paper open “Show all” at this place of the page first; the statement’s CSV has them too.", "Pour imprimer les {} ajustements, ouvrez d’abord «\u00a0Afficher\u00a0» à cet endroit de la page\u202f; ils figurent aussi dans le CSV du relevé.", "如需打印全部 {} 项调整，请先在网页此处点“显示全部”；结算单的 CSV 文件中也有。") \
    X(ADJUSTED_LEAD, "Lead", "Lead", "线索") \
    X(ON_DAY, "Day", "Jour", "日期") \
    X(ADJUSTED_WHY, "Why", "Motif", "原因") \
    X(ADJUSTED_FIRST, "First on", "Origine", "原结算单") \
    X(ADJUSTED_BEYOND, "Lead {} charged {}, corrected by {} ({}): more than it charged is taken back.", "Le lead {} a facturé {}, rectifié de {} ({})\u00a0: repris au-delà de ce qu’il a facturé.", "线索 {} 计费 {}，更正 {}（{}）：冲回超过其计费。") \
    X(ADJUSTED_AGAIN, "Lead {} charged {}, corrected by {} ({}): more than one statement corrects it.", "Le lead {} a facturé {}, rectifié de {} ({})\u00a0: plusieurs relevés le rectifient.", "线索 {} 计费 {}，更正 {}（{}）：多份结算单对其更正。") \
    X(ADJUSTED_ON, "no. {}: {}", "n° {}\u00a0: {}", "编号 {}：{}") \
    X(ADJUSTED_MORE, "{} more leads are corrected beyond what they charged, or on more than one statement.", "{} autres leads sont rectifiés au-delà de ce qu’ils ont facturé, ou par plusieurs relevés.", "另有 {} 条线索的更正超过其计费，或由多份结算单更正。") \
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
    X(BROUGHT_OWED, "From the statement before {} owed {} {}: it is set off here.", "Du relevé précédent, {} devait à {} {}\u00a0: compensé ici.", "上一份结算单中，{}欠{} {}：在本单抵扣。") \
    X(CARRIED_OWED, "{} owes {} {}: it is carried over, and the next statement sets it off.", "{} doit à {} {}\u00a0: reporté, et compensé par le relevé suivant.", "{}欠{} {}：结转，由下一份结算单抵扣。") \
    X(TAXABLE, "Taxable amount", "Base d’imposition", "计税金额") \
    X(VAT, "VAT {}%", "TVA {}\u202f%", "增值税 {}%") \
    X(TAX_DOMESTIC, "VAT is charged by the supplier.", "La TVA est facturée par le fournisseur.", "增值税由供应方收取。") \
    X(TAX_NO_RATE, "No VAT rate is agreed in the contract: none is charged here.", "Aucun taux de TVA n’est convenu au contrat\u00a0: aucune TVA n’est facturée ici.", "合同未约定增值税税率：本单不收取增值税。") \
    X(TAX_ALL_CARRIED, "all of it carried over to the next: {}", "entièrement reporté sur le suivant\u00a0: {}", "全部结转至下一份：{}") \
    X(TAX_EXEMPT, "No VAT is charged: {}.", "TVA non facturée\u00a0: {}.", "不收取增值税：{}。") \
    X(TAX_DESPITE, "The supplier says that it charges no VAT ({}), and the terms charge {}: both cannot be right.", "Le fournisseur dit ne pas facturer de TVA ({}), et le contrat en facture\u00a0: {}. Les deux ne peuvent être justes.", "供应方自述不收取增值税（{}），而合同按 {} 收取：两者不能同时成立。") \
    X(TAX_CASH, "Cash accounting.", "Comptabilité de caisse.", "收付实现制（Cash accounting）。") \
    X(REPRESENTATIVE, "Tax representative: {}", "Représentant fiscal\u00a0: {}", "税务代表：{}") \
    X(TAX_NONE, "No VAT is charged here: what the parties say of themselves does not call for VAT of the EU, or is not enough to tell.", "Aucune TVA n’est facturée ici\u00a0: ce que les parties disent d’elles-mêmes n’appelle pas de TVA de l’UE, ou ne suffit pas à en juger.", "本单不收取增值税：双方自述的信息不涉及欧盟增值税，或不足以判定。") \
    X(TAX_REVERSE, "Reverse charge: VAT is due from the customer (Articles 44 and 196 of Directive 2006/112/EC).", "Autoliquidation\u00a0: la TVA est due par le preneur (articles 44 et 196 de la directive 2006/112/CE).", "反向征收：增值税由购买方缴纳（指令 2006/112/EC 第 44、196 条）。") \
    X(TAX_OUTSIDE, "Not subject to VAT of the EU (Article 44 of Directive 2006/112/EC).", "Hors champ de la TVA de l’UE (article 44 de la directive 2006/112/CE).", "不征收欧盟增值税（指令 2006/112/EC 第 44 条）。") \
    X(TAX_CARRIED, "All in all it comes to less than 0. This is carried over to the next, which credits it with its VAT: {}.", "Le total est négatif. Ceci est reporté sur le suivant, qui le créditera avec sa TVA\u00a0: {}.", "总计为负。以下金额结转至下一份，由其连同增值税一并冲减：{}。") \
    X(TAX_CARRIED_NEW, "The VAT of what is above 0 is charged here.", "La TVA de ce qui est positif est facturée ici.", "正数部分的增值税在本单收取。") \
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
    X(TAX_NEW, "{}: supplied here", "{}\u00a0: fourni ici", "{}：本期新增") \
    X(TAX_BACK, "{}: credited or corrected, of no statement named", "{}\u00a0: crédité ou rectifié, d’aucun relevé nommé", "{}：冲减或更正，未指明结算单") \
    X(TAX_BACK_OF, "{}: credited or corrected, of no. {}", "{}\u00a0: crédité ou rectifié, du n° {}", "{}：冲减或更正，编号 {}") \
    X(TAX_BACK_PART, "{}: credited or corrected, of no. {} and of no statement named", "{}\u00a0: crédité ou rectifié, du n° {} et d’aucun relevé nommé", "{}：冲减或更正，编号 {} 及未指明结算单的款项") \
    X(TAX_ROW_SUM, "{}: sum", "{}\u00a0: somme", "{}：合计") \
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
    X(ATTRIBUTION, "A lead belongs to", "Attribution d’un lead", "线索归属") \
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
    X(CAPS_CONTRACT, "At most", "Au plus", "上限") \
    X(CAPS_CAMPAIGN, "At most, over all publishers", "Au plus, tous éditeurs confondus", "上限（所有发布商合计）") \
    X(CAPS_DAY, "leads a day: {}", "leads par jour\u00a0: {}", "每日线索：{}") \
    X(CAPS_MONTH, "leads a month: {}", "leads par mois\u00a0: {}", "每月线索：{}") \
    X(CAPS_BUDGET, "{} for the leads of a month: {}", "{} pour les leads d’un mois\u00a0: {}", "每月线索金额（{}）：{}") \
    X(VAT_AGREED, "VAT rate agreed", "Taux de TVA convenu", "约定的增值税税率") \
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
    X(NAV, "Main", "Principal", "主导航") \
    X(NAV_HEALTH, "Health", "État", "状态") \
    X(TODAY, "Today", "Aujourd’hui", "今天") \
    X(MONEY, "Money", "Argent", "款项") \
    X(CONTRACTS, "Contracts", "Contrats", "合同") \
    X(STATEMENTS, "Statements", "Relevés", "结算单") \
    X(VERIFY, "Verify", "Vérifier", "核验") \
    X(AS_OF, "As of entry {}", "État à l’entrée {}", "截至条目 {}") \
    X(SKIP, "Skip to content", "Aller au contenu", "跳到内容") \
    X(SIGN_OUT, "Sign out", "Se déconnecter", "退出") \
    X(SIGNED_OUT, "You are signed out.", "Vous êtes déconnecté.", "您已退出。") \
    X(FRONT, "Countersign", "Countersign", "Countersign") \
    X(FRONT_VERIFY, "Check a statement", "Vérifier un relevé", "核验结算单") \
    X(FRONT_SHOWN, "What anybody may read", "Ce que chacun peut lire", "任何人可读") \
    X(FRONT_CHECKPOINT, "the newest signed head of all logs", "la dernière tête signée de tous les journaux", "全部日志最新的签名树头") \
    X(FRONT_LOG_KEYS, "the keys that sign logs", "les clés qui signent les journaux", "签署日志的密钥") \
    X(FRONT_KEYS, "the keys that sign statements and receipts", "les clés qui signent relevés et reçus", "签署结算单和回执的密钥") \
    X(FRONT_OPENAPI, "the whole interface, for programs", "toute l’interface, pour les programmes", "供程序使用的全部接口") \
    X(FRONT_TAG, "the tag for landing pages", "la balise des pages d’arrivée", "落地页标签") \
    X(FRONT_AUDIT, "Take a contract’s log and check it at home", "Prendre le journal d’un contrat et le vérifier chez soi", "取得合同日志并自行核验") \
    X(FRONT_AUDIT_WHAT, "Every click and lead is an entry of a log that only grows; each settlement can be recomputed from it without this server.", "Chaque clic et chaque lead est une entrée d’un journal qui ne fait que croître\u00a0; chaque règlement s’y recalcule sans ce serveur.", "每个点击和线索都是只增日志中的条目；每份结算均可据此离线重算。") \
    X(SIGN_IN, "Sign in", "Connexion", "登录") \
    X(SIGN_IN_WHAT, "{} keeps the clicks, leads and statements between advertisers and publishers. Both sides can check every number.", "{} tient les clics, leads et relevés entre annonceurs et éditeurs. Les deux côtés peuvent vérifier chaque chiffre.", "{} 记录广告主与发布商之间的点击、线索和结算单。双方可核验每个数字。") \
    X(SIGN_IN_HINT, "It begins with cst_. This browser keeps none of it, only a session of 12 hours.", "Il commence par cst_. Ce navigateur n’en garde rien, seulement une session de 12 heures.", "以 cst_ 开头。浏览器不保存令牌，只保留 12 小时的会话。") \
    X(TOKEN_BAD, "This token is not known here. It may have been revoked, or belong to another server. Ask the operator for a new one.", "Ce jeton est inconnu ici. Il a pu être révoqué, ou être d’un autre serveur. Demandez-en un autre à l’opérateur.", "此令牌无法识别。可能已撤销或属于其他服务器。请向运营方索取新令牌。") \
    X(TOKEN_LOCKED, "The account of this token is locked. Ask the operator.", "Le compte de ce jeton est verrouillé. Demandez à l’opérateur.", "此令牌的账户已锁定。请联系运营方。") \
    X(STALE, "You were signed out meanwhile.", "Vous avez été déconnecté entre-temps.", "您已被登出。") \
    X(STALE_WHAT, "Sign in again, then send the form once more. What you wrote is still here.", "Reconnectez-vous, puis renvoyez le formulaire. Ce que vous avez écrit est encore là.", "请重新登录，再提交一次。您填写的内容仍在。") \
    X(SEND_AGAIN, "Send it again", "Le renvoyer", "重新发送") \
    X(SEND_AGAIN_WHAT, "You are signed in. The form is as you wrote it; nothing was recorded of it so far.", "Vous êtes connecté. Le formulaire est tel que vous l’avez écrit\u00a0; rien n’en a encore été enregistré.", "您已登录。表单内容保持不变，尚未记录。") \
    X(ERROR_NONE, "There is nothing at this address", "Il n’y a rien à cette adresse", "此地址没有内容") \
    X(ERROR_NONE_WHY, "Either it never existed, or it belongs to another party. We do not say which.", "Ou elle n’a jamais existé, ou elle est à une autre partie. Nous ne disons pas lequel.", "它从未存在，或属于他方。我们不作区分。") \
    X(ERROR_BUSY, "Too much at once", "Trop à la fois", "请求过多") \
    X(ERROR_FULL, "We cannot write just now", "Nous ne pouvons pas écrire pour l’instant", "暂时无法写入") \
    X(ERROR_OURS, "This cannot be shown just now", "Ceci ne peut être montré pour l’instant", "暂时无法显示") \
    X(ERROR_OURS_WHY, "The fault is ours, and nothing was changed. Try again in a minute.", "La faute est à nous, et rien n’a été changé. Réessayez dans une minute.", "问题在我们这边，未作任何更改。请一分钟后重试。") \
    X(ERROR_METHOD_WHY, "A form is sent to this address; it shows nothing itself. Open the page that the form stands on.", "Cette adresse reçoit un formulaire et ne montre rien elle-même. Ouvrez la page où il se trouve.", "此地址仅接收表单，没有可显示的内容。请打开表单所在页面。") \
    X(ERROR_LARGE, "Too much for one form", "Trop pour un formulaire", "表单内容过多") \
    X(ERROR_LARGE_WHY, "A form takes {} KiB, and nothing of this one was recorded. Go back, and send it in parts: what you wrote should still be there.", "Un formulaire prend {} Kio, et rien de celui-ci n’a été enregistré. Revenez en arrière et envoyez-le en plusieurs parties\u00a0: ce que vous avez écrit devrait encore y être.", "一份表单最多 {} KiB，本次内容均未记录。请返回并分次提交：您填写的内容应仍在。") \
    X(FORM_LARGE, "A form takes {} KiB: send this in parts.", "Un formulaire prend {} Kio\u00a0: envoyez ceci en plusieurs parties.", "一份表单最多 {} KiB：请分次提交。") \
    X(ERROR_LONG, "This address is too long", "Cette adresse est trop longue", "地址过长") \
    X(ERROR_LONG_WHY, "Search or filter by less, or open the page anew.", "Cherchez ou filtrez par moins de choses, ou rouvrez la page.", "请减少搜索或筛选条件，或重新打开页面。") \
    X(ERROR_RATE_WHY, "More was asked from your address, or in your name, than is answered at once. Wait half a minute, then try again.", "On a demandé depuis votre adresse, ou en votre nom, plus qu’il n’est répondu à la fois. Attendez une demi-minute, puis réessayez.", "您的地址或账户的请求超出一次可处理的数量。请半分钟后重试。") \
    X(ERROR_COOKIES, "Your browser sends too much", "Votre navigateur envoie trop", "浏览器发送的内容过多") \
    X(ERROR_COOKIES_WHY, "Mostly that is cookies which other sites of this domain have set. Delete the cookies of this address, then sign in again.", "Ce sont le plus souvent des cookies d’autres sites de ce domaine. Supprimez les cookies de cette adresse, puis reconnectez-vous.", "通常是同域其他网站设置的 Cookie。请删除此地址的 Cookie 后重新登录。") \
    X(ERROR_NOT_YOURS, "This is not yours to do", "Ceci ne vous revient pas", "您无权进行此操作") \
    X(ERROR_REFUSED, "This could not be read", "Ceci n’a pu être lu", "无法读取该请求") \
    X(ERROR_ID, "If you ask the operator, name this number:", "Si vous demandez à l’opérateur, citez ce numéro\u00a0:", "询问运营方时请提供此编号：") \
    X(ERROR_HOME, "To today", "Vers aujourd’hui", "回到今天") \
    X(WAITING, "waiting", "en attente", "待审") \
    X(NOT_PAID, "not paid", "non payés", "不付款") \
    X(PLOT_DAY, "leads: {}, approved: {}, waiting: {}, not paid: {}", "leads\u00a0: {}, approuvés\u00a0: {}, en attente\u00a0: {}, non payés\u00a0: {}", "线索：{}，已批准：{}，待审：{}，不付款：{}") \
    X(PLOT_LEADS, "Leads per day, by what became of them", "Leads par jour, selon leur sort", "每日线索，按去向") \
    X(PLOT_CLICKS, "Clicks per day", "Clics par jour", "每日点击") \
    X(PLOT_TODAY, "today, not finished", "aujourd’hui, non terminé", "今天，未结束") \
    X(SAME_TABLE, "The same as a table", "Le même en tableau", "以表格显示") \
    X(HOME_TODAY, "Today, {}", "Aujourd’hui, {}", "今天，{}") \
    X(HOME_ALL_ANSWERED, "Nothing waits for you.", "Rien ne vous attend.", "没有待您处理的事项。") \
    X(REFUSED_DAY, "Postbacks refused in the last 24 hours: {}.", "Postbacks refusés ces dernières 24 heures\u00a0: {}.", "过去 24 小时内被拒的回传：{}。") \
    X(REFUSED_MORE, "Postbacks refused in the last 24 hours: {} or more.", "Postbacks refusés ces dernières 24 heures\u00a0: {} ou plus.", "过去 24 小时内被拒的回传：{} 条或更多。") \
    X(REFUSED_WHAT, "Nothing of them was recorded; send them again once mended. The last one:", "Rien n’en a été enregistré\u00a0; renvoyez-les une fois corrigés. Le dernier\u00a0:", "均未记录；请修正后重新发送。最近一条：") \
    X(SO_FAR, "So far today", "Aujourd’hui à ce jour", "今日至今") \
    X(OF_ALL, "of {} in all", "sur {} en tout", "共 {} 次") \
    X(THREE_STATES, "{} approved, {} waiting, {} not paid", "approuvés\u00a0: {}, en attente\u00a0: {}, non payés\u00a0: {}", "{} 已批准，{} 待审，{} 不付款") \
    X(RATE, "Clicks that became leads", "Clics devenus leads", "点击转线索") \
    X(DAYS_30, "30 days", "30 jours", "30 天") \
    X(IN_30_DAYS, "30 days: {}", "30 jours\u00a0: {}", "30 天：{}") \
    X(EARNED, "Earned today", "Gagné aujourd’hui", "今日收入") \
    X(COSTS, "Costs today", "Coût aujourd’hui", "今日费用") \
    X(REVIEW_WAITS, "Leads that wait for you", "Leads qui vous attendent", "待您审核的线索") \
    X(REVIEW_WAITS_WHAT, "What you do not answer is approved by itself where the terms say so.", "Sans réponse, un lead est approuvé d’office là où les conditions le disent.", "未答复的按条款自动批准。") \
    X(REVIEW_LOOK, "Look at them", "Les regarder", "查看") \
    X(LATEST, "Latest leads", "Derniers leads", "最新线索") \
    X(ALL_LEADS, "All leads", "Tous les leads", "全部线索") \
    X(NO_LEAD, "No lead yet", "Pas encore de lead", "尚无线索") \
    X(NO_LEAD_WHAT, "The first one stands here as soon as it is recorded.", "Le premier figure ici dès qu’il est enregistré.", "首条线索记录后即显示在此。") \
    X(NO_LEAD_FITS, "No lead fits these filters", "Aucun lead ne correspond à ces filtres", "没有符合筛选的线索") \
    X(CLEAR_FILTERS, "Take the filters off", "Ôter les filtres", "清除筛选") \
    X(NO_CONTRACT, "No contract yet", "Pas encore de contrat", "尚无合同") \
    X(NO_CONTRACT_WHAT, "Once the operator has made one, its numbers stand here.", "Dès que l’opérateur en aura fait un, ses chiffres figureront ici.", "运营方建立合同后，数据将显示在此。") \
    X(WAITS_ANSWER, "Waits for your answer", "Attend votre réponse", "待您答复") \
    X(DUE_ON, "due {}", "échéance {}", "{} 到期") \
    X(HAVE_SIGNED, "signed: {} of {}", "signé\u00a0: {} sur {}", "{} 方已签，共 {} 方") \
    X(COL_LEAD, "Lead", "Lead", "线索") \
    X(COL_STATE, "State and why", "État et motif", "状态与原因") \
    X(COL_EARNS, "Earns", "Gain", "收入") \
    X(COL_COSTS, "Costs", "Coût", "费用") \
    X(COL_BETWEEN, "Between", "Entre", "双方") \
    X(COL_TXID, "Number", "Numéro", "编号") \
    X(COL_STATEMENT, "Statement", "Relevé", "结算单") \
    X(COL_ANSWERS, "Answers", "Réponses", "答复") \
    X(COL_ENTRIES, "Entries", "Entrées", "条目") \
    X(COL_HEAD, "Tree head", "Tête de l’arbre", "树根") \
    X(FILTER_ALL, "All", "Tous", "全部") \
    X(FILTER_STATE, "State", "État", "状态") \
    X(FILTER_SHOW, "Show", "Afficher", "显示") \
    X(LEADS_WHAT, "Newest first. Every line opens what the ledger says of it.", "Les plus récents d’abord. Chaque ligne ouvre ce qu’en dit le registre.", "最新优先。每行可打开账本记录。") \
    X(OLDER, "Older", "Plus anciens", "更早") \
    X(LEAD_TITLE, "A lead", "Un lead", "一条线索") \
    X(TL_CLICK, "Click", "Clic", "点击") \
    X(TL_CLICK_BY, "by the link {}", "par le lien {}", "经链接 {}") \
    X(TL_LEAD, "Lead, entry {}", "Lead, entrée {}", "线索，条目 {}") \
    X(TL_SENT_BY, "sent by {}", "envoyé par {}", "由 {} 发送") \
    X(TL_DECIDED, "Decided by the terms of entry {}: {}", "Décidé selon les conditions de l’entrée {}\u00a0: {}", "按条目 {} 的条款决定：{}") \
    X(TL_CHANGED, "{}, entry {}", "{}, entrée {}", "{}，条目 {}") \
    X(TL_STATEMENT, "On a statement", "Sur un relevé", "计入结算单") \
    X(TL_NO_STATEMENT, "On no statement so far", "Sur aucun relevé à ce jour", "尚未计入结算单") \
    X(LEAD_PERSON, "The person", "La personne", "联系人") \
    X(LEAD_PERSON_CLOSED, "What was sent of the person is sealed: the advertiser and whoever sent it read it, nobody else.", "Ce qui fut envoyé de la personne est scellé\u00a0: l’annonceur et l’expéditeur le lisent, personne d’autre.", "个人信息已封存：只有广告主和发送方可读。") \
    X(LEAD_PERSON_GONE, "What was sent of the person was destroyed.", "Ce qui fut envoyé de la personne a été détruit.", "个人信息已销毁。") \
    X(LEAD_FACTS, "What counts", "Ce qui compte", "判定依据") \
    X(LEAD_LEAF, "Leaf hash", "Empreinte de feuille", "叶哈希") \
    X(DECIDE, "Your answer", "Votre réponse", "您的答复") \
    X(DECIDE_REASON, "Reason", "Motif", "原因") \
    X(DECIDE_SAYS, "The publisher sees it, word for word.", "L’éditeur le voit, mot pour mot.", "发布商将逐字看到。") \
    X(DECIDE_NOT, "Nothing was recorded.", "Rien n’a été enregistré.", "未作任何记录。") \
    X(APPROVE, "Approve", "Approuver", "批准") \
    X(REJECT, "Reject", "Refuser", "拒绝") \
    X(GIVE_BACK, "Give it back", "Retourner", "退回") \
    X(STATEMENTS_TITLE, "Statements", "Relevés", "结算单") \
    X(STATEMENTS_MORE, "More", "Suite", "更多") \
    X(STATEMENTS_WHAT, "Each is signed by the operator and answered by both sides.", "Chacun est signé par l’opérateur et reçoit la réponse des deux côtés.", "每份由运营方签署，由双方答复。") \
    X(NO_STATEMENT, "No statement yet", "Pas encore de relevé", "尚无结算单") \
    X(NO_STATEMENT_WHAT, "The first one stands here once the operator has issued it.", "Le premier figure ici dès que l’opérateur l’a émis.", "运营方出具后，首份将显示在此。") \
    X(STATE_NOTHING, "nothing to settle", "rien à régler", "无需结算") \
    X(STATE_OPEN, "open", "ouvert", "未结") \
    X(STATE_REFUSED, "cannot be settled now", "ne peut être réglé maintenant", "暂不能结算") \
    X(STATE_CLOSED, "closed", "clos", "已关闭") \
    X(OP_READY, "Takes requests", "Prend les requêtes", "接收请求") \
    X(OP_PARTIES, "Parties", "Parties", "参与方") \
    X(OP_UNANSWERED, "Statements that wait for answers", "Relevés en attente de réponse", "待答复的结算单") \
    X(OP_REFUSED, "Refused in 24 hours", "Refusés en 24 heures", "24 小时内被拒") \
    X(OP_TITLE, "What this server keeps", "Ce que tient ce serveur", "本服务器概况") \
    X(OP_MONTH, "Month end", "Fin de mois", "月结") \
    X(OP_MONTH_WHAT, "What a statement of each contract would come to now.", "Ce que donnerait maintenant un relevé de chaque contrat.", "现在为各合同出具结算单的结果。") \
    X(OP_NOW, "Would be now", "Serait maintenant", "目前金额") \
    X(YES, "yes", "oui", "是") \
    X(AUDIT_TITLE, "Contracts open to you", "Contrats qui vous sont ouverts", "向您开放的合同") \
    X(AUDIT_WHAT, "You see every entry, and equal persons as equal; names and addresses stay closed.", "Vous voyez chaque entrée, et les mêmes personnes comme mêmes\u00a0; noms et adresses restent fermés.", "您可见每个条目，可辨相同人员；姓名和地址仍封存。") \
    X(AUDIT_PULL, "Take a copy and check it at home", "Prendre une copie et vérifier chez soi", "取走副本自行核验") \
    X(AUDIT_PULL_WHAT, "The copy is the whole log. The check needs no access to this server and believes nothing it says.", "La copie est le journal entier. La vérification n’a pas besoin de ce serveur et ne croit rien de ce qu’il dit.", "副本即完整日志。核验无需访问本服务器，也不信其所言。") \
    X(COPY, "Copy", "Copier", "复制") \
    X(DIRECT, "without a publisher", "sans éditeur", "无发布商") \
    X(WHY_OK, "All rules of the terms hold.", "Toutes les règles des conditions sont remplies.", "符合条款的全部规则。") \
    X(WHY_WAITS, "All rules hold. The advertiser has yet to answer.", "Toutes les règles sont remplies. L’annonceur doit encore répondre.", "符合全部规则。广告主尚未答复。") \
    X(WHY_CHANGED, "On {}.", "Le {}.", "{}。") \
    X(WHY_SAID, "On {}: “{}”", "Le {}\u00a0: «\u00a0{}\u00a0»", "{}：“{}”") \
    X(WHY_NO_CLICK, "No click id came with the lead.", "Aucun identifiant de clic n’accompagnait le lead.", "线索未附点击编号。") \
    X(WHY_UNKNOWN_CLICK, "The click id is not one of this campaign and sender.", "L’identifiant de clic n’est pas de cette campagne et de cet expéditeur.", "点击编号不属于此活动和发送方。") \
    X(WHY_OUTSIDE_WINDOW, "The click was before the window of the terms.", "Le clic est antérieur à la fenêtre des conditions.", "点击早于条款的归因期。") \
    X(WHY_MISSING_FIELD, "A field that the terms require is empty.", "Un champ exigé par les conditions est vide.", "条款要求的字段为空。") \
    X(WHY_BAD_EMAIL, "The e-mail address cannot be one.", "L’adresse e-mail ne peut en être une.", "邮箱地址无效。") \
    X(WHY_BAD_PHONE, "The phone number cannot be dialled.", "Le numéro de téléphone ne peut être composé.", "电话号码无法拨打。") \
    X(WHY_OUTSIDE_PROFILE, "A field is outside of what the terms ask for.", "Un champ est hors de ce que demandent les conditions.", "有字段不符合条款要求。") \
    X(WHY_TOO_FAST, "It was sent sooner after the click than a person types.", "Il fut envoyé plus vite après le clic qu’une personne n’écrit.", "点击后提交过快，非人所能。") \
    X(WHY_HONEYPOT, "A field that people cannot see was filled in.", "Un champ invisible pour les personnes a été rempli.", "人眼不可见的字段被填写。") \
    X(WHY_BOT, "The traffic is a program’s.", "Le trafic est celui d’un programme.", "流量来自程序。") \
    X(WHY_DUPLICATE, "The same person was accepted within the time that the terms say.", "La même personne a été acceptée dans le délai que disent les conditions.", "同一人已在条款规定的期限内被接受。") \
    X(WHY_CAP_DAY, "The cap of the day was reached.", "Le plafond du jour était atteint.", "已达每日上限。") \
    X(WHY_CAP_MONTH, "The cap of the month was reached.", "Le plafond du mois était atteint.", "已达每月上限。") \
    X(WHY_BUDGET, "The budget of the month was used up.", "Le budget du mois était épuisé.", "本月预算已用尽。") \
    X(WHY_CONTRACT_ENDED, "The contract had not begun or was over.", "Le contrat n’avait pas commencé ou était terminé.", "合同尚未开始或已结束。") \
    X(WHY_LOW_SCORE, "The quality score is below what the terms ask for.", "Le score de qualité est inférieur à ce que demandent les conditions.", "质量分低于条款要求。") \
    X(WHY_UNRECORDED, "The click is real, its record was lost: a person looks first.", "Le clic est réel, sa trace est perdue\u00a0: une personne regarde d’abord.", "点击真实但记录遗失：需人工查看。") \
    X(WHY_TEST, "Sent as a test; never paid.", "Envoyé comme essai\u00a0; jamais payé.", "测试发送；永不付款。") \
    X(WHY_REVIEW, "A person decides.", "Une personne décide.", "由人工决定。") \
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
    X(INVITE_OTHERS, "A token and a secret were shown to the operator when the account was made. “{}” lists what there is; what is not yours can be ended there.", "Un jeton et un secret ont été montrés à l’opérateur à la création du compte. «\u00a0{}\u00a0» en donne la liste\u00a0; ce qui n’est pas à vous peut y être révoqué.", "创建账户时，运营方看到过一个令牌和一个密钥。“{}”列出现有的全部；不属于您的可在那里作废。") \
    X(INVITE_OVER, "This invitation is over", "Cette invitation n’est plus valable", "此邀请已失效") \
    X(INVITE_OVER_WHY, "It was used or withdrawn, or has expired. Ask whoever sent it for another one.", "Elle a été utilisée ou retirée, ou elle a expiré. Demandez-en une autre à qui vous l’a envoyée.", "它已被使用或撤回，或已过期。请向发送者索取新的邀请。") \
    X(INVITE_LOCKED, "This account is locked", "Ce compte est verrouillé", "此账户已锁定") \
    X(INVITE_LOCKED_WHY, "The invitation is not used up: it opens again once the operator has unlocked the account. Ask whoever sent it.", "L’invitation n’est pas épuisée\u00a0: elle s’ouvrira de nouveau quand l’opérateur aura déverrouillé le compte. Demandez à qui vous l’a envoyée.", "邀请尚未使用：运营方解锁账户后即可再次打开。请询问发送者。") \
    X(INVITE_FULL, "This account has too many tokens or secrets", "Ce compte a trop de jetons ou de secrets", "此账户的令牌或密钥过多") \
    X(INVITE_FULL_WHY, "The invitation is not used up: it opens once some of the account’s tokens or secrets were ended. Ask whoever sent it.", "L’invitation n’est pas épuisée\u00a0: elle s’ouvrira quand des jetons ou des secrets du compte auront été révoqués. Demandez à qui vous l’a envoyée.", "邀请尚未使用：作废该账户的部分令牌或密钥后即可打开。请询问发送者。") \
    X(INVITE_NONE, "There is no such invitation", "Cette invitation n’existe pas", "没有此邀请") \
    X(INVITE_NONE_WHY, "The link may not be whole: copy it once more, from its beginning to its end.", "Le lien est peut-être incomplet\u00a0: copiez-le encore une fois, du début à la fin.", "链接可能不完整：请从头到尾重新复制一次。") \
    WORD_TABLE_OPER(X) \
    WORD_TABLE_REVIEW(X) \
    WORD_TABLE_DIFFERENCES(X) \
    WORD_TABLE_LINKS(X) \
    WORD_TABLE_REFUSALS(X) \
    WORD_TABLE_TOLD(X)
/* clang-format on */

#endif
