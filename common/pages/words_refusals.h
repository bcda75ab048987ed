/* As words_table.h: what the API says of a form, as it says it in English, {} for what it fills in,
 * {_} where that is English. In the order in which they are tried: one that takes more stands behind those that say
 * more. twins/test_refusals holds them to the API. */
#ifndef CS_PAGES_WORDS_REFUSALS_H
#define CS_PAGES_WORDS_REFUSALS_H

/* clang-format off */
#define WORD_TABLE_REFUSALS(X) \
    X(NO_TEXT, "is required: a text of 1 to {} bytes, not only blanks", "il faut un texte de 1 à {} octets, pas seulement des blancs", "需要 1 至 {} 字节的文本，不能只有空格") \
    X(NO_BLANK_TEXT, "must be a text of 1 to {} bytes, not only blanks", "il faut un texte de 1 à {} octets, pas seulement des blancs", "需要 1 至 {} 字节的文本，不能只有空格") \
    X(NO_SOME_TEXT, "is required: a text of 1 to {} bytes", "il faut un texte de 1 à {} octets", "需要 1 至 {} 字节的文本") \
    X(NO_LONG_TEXT, "must not be longer than {} bytes", "au plus {} octets", "最多 {} 字节") \
    X(NO_MORE_BYTES, "must be at most {} bytes", "au plus {} octets", "最多 {} 字节") \
    X(NO_MORE_THAN, "is more than {} bytes", "fait plus de {} octets", "超过 {} 字节") \
    X(NO_DOCUMENT, "must not take more than {} bytes: use fewer rules, tiers or values", "ne peut prendre plus de {} octets\u00a0: moins de règles, de paliers ou de valeurs", "不能超过 {} 字节：请减少规则、分级或取值") \
    X(NO_CONTROL, "must not hold control characters", "sans caractères de contrôle", "不能含控制字符") \
    X(NO_NAME_TEXT, "must be a text without control characters, not only blanks", "doit être un texte sans caractères de contrôle, pas seulement des blancs", "须为不含控制字符的文本，不能只有空格") \
    X(NO_BLANK, "must not be blank", "ne peut être vide", "不能为空白") \
    X(NO_EMPTY, "must not be empty", "ne peut être vide", "不能为空") \
    X(NO_EMPTY_TEXT, "must be a text that is not empty", "doit être un texte non vide", "须为非空文本") \
    X(NO_MISSING, "is missing", "manque", "缺少此项") \
    X(NO_EMAIL, "must be an e-mail address in ASCII, without quotes", "doit être une adresse e-mail, comme nom@example.com", "须为邮箱地址，例如 name@example.com") \
    X(NO_EMAIL_SUCH, "must be an e-mail address such as name@example.com", "doit être une adresse e-mail, comme nom@example.com", "须为邮箱地址，例如 name@example.com") \
    X(NO_ID, "must be an id", "doit être un identifiant", "须为编号") \
    X(NO_FACT_OF_SCORE, "must be country, f_NAME, sub1 to sub5, placement, trust, utm_source, wait or hour", "doit être country, f_NOM, sub1 à sub5, placement, trust, utm_source, wait ou hour", "须为 country、f_名称、sub1 至 sub5、placement、trust、utm_source、wait 或 hour") \
    X(NO_COUNTRY_OR_NONE, "must be an ISO 3166 code of two letters such as FR, or empty", "doit être un code pays de deux lettres, comme FR, ou vide", "须为两个字母的国家代码，例如 FR，或留空") \
    X(NO_COUNTRY, "must be an ISO 3166 code of two letters such as FR", "doit être un code pays de deux lettres, comme FR", "须为两个字母的国家代码，例如 FR") \
    X(NO_AT, "must be an address with an @", "doit être une adresse avec un @", "须为含 @ 的地址") \
    X(NO_ZONE, "must be an IANA time zone, such as Europe/Paris", "doit être un fuseau IANA, comme Europe/Paris", "须为 IANA 时区，例如 Europe/Paris") \
    X(NO_ZONE_SUCH, "must be an IANA time zone such as Europe/Paris", "doit être un fuseau IANA, comme Europe/Paris", "须为 IANA 时区，例如 Europe/Paris") \
    X(NO_DAY, "must be a day, such as {}", "doit être un jour, comme {}", "须为日期，例如 {}") \
    X(NO_TIME, "must be a day or time such as {} or {}", "doit être un jour ou une heure, comme {} ou {}", "须为日期或时间，例如 {} 或 {}") \
    X(NO_DAY_SUCH, "must be a day such as {}", "doit être un jour, comme {}", "须为日期，例如 {}") \
    X(NO_TIME_ONE, "must be a time of RFC 3339, such as {}", "doit être une heure, comme {}", "须为时间，例如 {}") \
    X(NO_TIME_EMPTY, "must be an RFC 3339 time such as {}, or empty", "doit être une heure, comme {}, ou vide", "须为时间，例如 {}，或留空") \
    X(NO_TIME_SUCH, "must be an RFC 3339 time such as {}", "doit être une heure, comme {}", "须为时间，例如 {}") \
    X(NO_BOUND, "must be a day ({}, which is in the period) or a time ({}), of the years 2000 to 2099", "doit être un jour ({}, compris dans la période) ou une heure ({}), des années 2000 à 2099", "须为日期（{}，含当日）或时间（{}），年份为 2000 至 2099") \
    X(NO_UNTIL, "must be a time such as {}, or a day ({}) or a month ({}) that ended in {}", "doit être une heure, comme {}, ou un jour ({}) ou un mois ({}) fini dans le fuseau {}", "须为时间（例如 {}），或已结束的日（{}）或月（{}），时区为 {}") \
    X(NO_UNTIL_AHEAD, "is still to come: a period can end now ({}) at the latest, which it does without until", "est à venir\u00a0: une période finit au plus tard maintenant ({}), ce qu’elle fait si le champ est vide", "尚未到来：期间最晚截至现在（{}），留空即为现在") \
    X(NO_UNTIL_LAST, "must be later than the end of the last statement: {}, number {} of this contract, ended at {}", "doit suivre la fin du dernier relevé\u00a0: {}, numéro {} de ce contrat, finit le {}", "须晚于上一份结算单的结束：{}（此合同第 {} 份）结束于 {}") \
    X(NO_UNTIL_BEGIN, "is before the contract began: there is nothing to settle yet", "précède le début du contrat\u00a0: il n’y a rien à régler", "早于合同开始：尚无可结算内容") \
    X(NO_NEWS, "nothing came since the last statement, {} (number {}, up to {}): to settle a period without anything in it say where it ends, with until", "rien n’est venu depuis le dernier relevé, {} (numéro {}, jusqu’au {})\u00a0: pour régler une période vide, dites où elle finit", "上一份结算单 {}（第 {} 份，截至 {}）之后没有新内容：如要结算空期间，请填写结束时间") \
    X(NO_SHORTER, "the sums leave the range of money: settle a shorter interval", "les sommes sont trop grandes\u00a0: réglez une période plus courte", "金额过大：请结算更短的期间") \
    X(NO_PERIOD, "is not before to: the period would hold nothing", "n’est pas avant la fin\u00a0: la période serait vide", "不早于结束：期间为空") \
    X(NO_MANY_LEADS, "the period has more than {} leads: name a shorter one by from and to", "la période a plus de {} leads\u00a0: choisissez-en une plus courte", "期间的线索超过 {} 条：请缩短期间") \
    X(NO_PAST, "must be later than now", "doit être dans le futur", "须晚于现在") \
    X(NO_FUTURE, "must be in the future: leave it out for at once", "doit être dans le futur\u00a0: laissez vide pour tout de suite", "须晚于现在：立即生效请留空") \
    X(NO_FAR, "is more than {} days ahead: look at the year, and give an earlier time", "est à plus de {} jours\u00a0: vérifiez l’année, et donnez une date plus proche", "超过 {} 天：请检查年份，并给出更早的时间") \
    X(NO_ORDER, "must be after starts_at", "doit suivre le début (starts_at)", "须晚于开始时间（starts_at）") \
    X(NO_EARLIER, "must not be before that of the versions that wait", "ne peut précéder celle des versions en attente", "不能早于等待生效的版本") \
    X(NO_VERSION_WAITS, "version {} takes effect at {}, and a later version cannot do so before: give that time, which takes its place, or a later one", "la version {} prend effet le {}, une version suivante ne peut la devancer\u00a0: donnez cette heure, et elle la remplace, ou une heure ultérieure", "版本 {} 于 {} 生效，之后的版本不能更早：请给出同一时间（取代它）或更晚的时间") \
    X(NO_VERSION_OF, "version {} of the terms of {} takes effect at {}, and a later one cannot do so before: give that time, which takes its place, or a later one", "la version {} des termes de {} prend effet le {}, une suivante ne peut la devancer\u00a0: donnez cette heure, et elle la remplace, ou une heure ultérieure", "版本 {}（合同 {}）于 {} 生效，之后的版本不能更早：请给出同一时间（取代它）或更晚的时间") \
    X(NO_VERSIONS_WAIT, "{} versions wait for their time: give that of the last, {}, which takes its place", "{} versions attendent leur heure\u00a0: donnez celle de la dernière, {}, qu’elle remplacera", "已有 {} 个版本等待生效：请给出最后一个的时间 {}，以取代它") \
    X(NO_SAME, "is all that would be another: a version that waits keeps its time; change something with it, or leave it out", "serait seul à changer\u00a0: une version qui attend garde son heure\u00a0; changez aussi autre chose, ou laissez vide", "只改了时间：等待生效的版本时间不变；请同时更改其他内容，或留空") \
    X(NO_BINDS, "binds no more: there is nothing to withdraw", "ne lie plus\u00a0: il n’y a rien à retirer", "已不具约束力：没有可撤回的") \
    X(NO_BEFORE, "has none before it to go back to: a newer one takes its place", "n’en a pas avant elle\u00a0: une plus récente la remplacera", "之前没有版本：请以新版本取代") \
    X(NO_BEHIND, "has version {} behind it: withdraw that first", "est suivie de la version {}\u00a0: retirez d’abord celle-ci", "其后还有版本 {}：请先撤回该版本") \
    X(NO_IN_FORCE, "is in force: a change of terms takes its place", "est en vigueur\u00a0: un changement des termes la remplace", "已生效：请以条款变更取代") \
    X(NO_BOTH, "is what both parties assented to: they alone take it back, each by its own key", "a l’accord des deux parties\u00a0: elles seules la retirent, chacune par sa clé", "双方均已同意：仅双方可各自用密钥撤回") \
    X(NO_WITHDRAWN, "was withdrawn already: it binds nobody, so there is nothing to take back", "est déjà retirée\u00a0: elle ne lie personne", "已撤回：不约束任何人") \
    X(NO_SOON, "takes effect within ten minutes: too late to take it back from the {} contracts of the campaign", "prend effet dans moins de dix minutes\u00a0: trop tard pour la retirer des {} contrats de la campagne", "十分钟内生效：已来不及从该推广活动的 {} 份合同撤回") \
    X(NO_VERSION, "there is no such version", "cette version n’existe pas", "没有此版本") \
    X(NO_STILL, "a change before is still being written into the logs of its contracts: again in some seconds", "un changement précédent s’inscrit encore dans les journaux\u00a0: réessayez dans quelques secondes", "之前的变更仍在写入各合同日志：请几秒后重试") \
    X(NO_STILL_OTHERS, "changes of {} others are still being written into their logs: again in some seconds", "des changements de {} autres s’inscrivent encore dans leurs journaux\u00a0: réessayez dans quelques secondes", "另有 {} 项变更仍在写入日志：请几秒后重试") \
    X(NO_MOMENT, "terms of the campaign's contracts changed in the same moment: look at them, and send it again", "les termes des contrats ont changé au même moment\u00a0: regardez-les et renvoyez", "合同条款刚刚变更：请查看后重新提交") \
    X(NO_WHOLE, "must be a whole number in digits, such as {}", "doit être un nombre entier en chiffres, comme {}", "须为整数，例如 {}") \
    X(NO_FRACTION, "must be a whole number, written without fraction and exponent", "doit être un nombre entier, sans décimales", "须为整数，不含小数") \
    X(NO_RANGE, "must be a whole number from {} to {}", "doit être un nombre entier de {} à {}", "须为 {} 至 {} 的整数") \
    X(NO_NUMBER, "is required: a whole number", "il faut un nombre entier", "需要填写整数") \
    X(NO_TWO_AMOUNTS, "may be two amounts: write a point before the decimals, and nothing between thousands", "peut être lu de deux façons\u00a0: un point devant les décimales, rien entre les milliers", "有两种读法：小数前用点，千位间不加符号") \
    X(NO_AMOUNT, "must be an amount such as {}, with at most {} decimals", "doit être un montant, comme {}, avec au plus {} décimales", "须为金额，例如 {}，最多 {} 位小数") \
    X(NO_DECIMAL, "must be a decimal number from 0 to {} with at most {} decimals, such as {}", "doit être un nombre de 0 à {} avec au plus {} décimales, comme {}", "须为 0 至 {} 的数，最多 {} 位小数，例如 {}") \
    X(NO_SALE, "goes with a sale only", "ne va qu’avec une vente", "仅用于成交") \
    X(NO_LARGE_SALE, "is so large that the lead's price and the contract's share of it are more than {}, the most that a lead pays", "est si grand que le prix du lead et la part du contrat dépassent {}, le plus qu’un lead paie", "过大：线索价格与合同分成超过单条上限 {}") \
    X(NO_SUMS, "adds up to more than {}: take a shorter period", "dépasse {} en tout\u00a0: prenez une période plus courte", "合计超过 {}：请缩短期间") \
    X(NO_ZERO, "must not be 0", "ne peut être 0", "不能为 0") \
    X(NO_DEFAULT, "must not be null: leave it out for its default", "ne peut être nul\u00a0: laissez vide pour la valeur par défaut", "不能为 null：留空即用默认值") \
    X(NO_VALUE, "must not be null", "ne peut être vide", "不能为空") \
    X(NO_BOOL, "must be true or false", "doit être true ou false", "须为 true 或 false") \
    X(NO_STRING, "must be a string", "doit être un texte", "须为文本") \
    X(NO_LIST, "must be a list of at most {} elements", "doit être une liste d’au plus {} éléments", "须为最多 {} 项的列表") \
    X(NO_OBJECT, "must be an object", "doit être un objet JSON", "须为 JSON 对象") \
    X(NO_JSON, "must be a JSON value: look at its quotes, commas and brackets", "doit être une valeur JSON\u00a0: voyez guillemets, virgules et crochets", "须为 JSON：请检查引号、逗号和括号") \
    X(NO_KNOWN, "is not known here; check its spelling or leave it out", "n’est pas connu ici\u00a0: vérifiez l’orthographe, ou ôtez-le", "此处不识别：请检查拼写或删去") \
    X(NO_FIXED, "cannot be changed: make a new one instead", "ne peut être changé\u00a0: faites-en un nouveau", "不能更改：请新建") \
    X(NO_HTTPS, "must be https: http is for addresses that the operator allows (webhook_allow)", "doit être en https\u00a0: http n’est permis que pour les adresses que l’opérateur autorise", "须为 https：http 仅限运营方允许的地址") \
    X(NO_HOOK_URL, "must be an https URL in ASCII, without user name, password and fragment, its port 65535 at most", "doit être une URL https en ASCII, sans nom d’utilisateur, mot de passe ni fragment, port 65535 au plus", "须为 ASCII 的 https 网址，不含用户名、密码和片段，端口最大 65535") \
    X(NO_BRACKETS, "must have an IPv6 address between its brackets, as in https://[2001:db8::1]/", "doit avoir une adresse IPv6 entre ses crochets, comme https://[2001:db8::1]/", "方括号内须为 IPv6 地址，例如 https://[2001:db8::1]/") \
    X(NO_MACRO_URL, "must be an https URL in ASCII, without user name, password and fragment, its port 65535 at most, with macros behind its host", "doit être une URL https en ASCII, sans nom d’utilisateur, mot de passe ni fragment, port 65535 au plus, les macros après l’hôte", "须为 ASCII 的 https 网址，不含用户名、密码和片段，端口最大 65535，宏须在主机名之后") \
    X(NO_HOOK_MACRO, "has {{}}, which is none of click_id txid status payout currency event sub1 to sub5 lead_id reason timestamp", "contient {{}}, qui n’est aucun de click_id txid status payout currency event sub1 à sub5 lead_id reason timestamp", "含 {{}}，可用的有 click_id txid status payout currency event sub1 至 sub5 lead_id reason timestamp") \
    X(NO_URL_ONE, "say one of `url` and `macro_url`", "dites une seule des deux adresses", "两种网址只填一个") \
    X(NO_HOOKS, "this server sends no webhooks, its operator says", "ce serveur n’envoie pas de webhooks, selon son opérateur", "运营方已关闭本服务器的 webhook") \
    X(NO_MAIL, "this server sends no e-mail: its operator has to set smtp_url", "ce serveur n’envoie pas d’e-mails\u00a0: son opérateur doit régler smtp_url", "本服务器不发邮件：需由运营方设置 smtp_url") \
    X(NO_TESTED, "this tested what has been set anew since: test that", "l’essai portait sur un réglage remplacé depuis\u00a0: essayez le nouveau", "测试的设置已被替换：请测试新的设置") \
    X(NO_HOOK_ON, "the party has no webhook that is on: set one first", "la partie n’a pas de webhook actif\u00a0: réglez-en un d’abord", "尚无启用的 webhook：请先设置") \
    X(NO_CRM_ON, "the campaign has no CRM that is on: set one first", "la campagne n’a pas de CRM actif\u00a0: réglez-en un d’abord", "尚无启用的 CRM：请先设置") \
    X(NO_DELIVERY, "there is no such delivery, or it is older than {} days", "cet envoi n’existe pas, ou date de plus de {} jours", "没有此投递，或已超过 {} 天") \
    X(NO_LANDING, "must be an http or https URL with a host; percent-encode other characters than those of RFC 3986 and macros such as {sub1}", "doit être une URL http ou https avec un hôte\u00a0; encodez en % ce qui n’est ni de la RFC 3986 ni une macro comme {sub1}", "须为含主机名的 http 或 https 网址；其他字符请用百分号编码，宏如 {sub1} 除外") \
    X(NO_FALLBACK, "must be an http or https URL without macros, or left out", "doit être une URL http ou https sans macros, ou vide", "须为不含宏的 http 或 https 网址，或留空") \
    X(NO_LANDING_MACRO, "has the macro {{}}, which nothing replaces: there are {click_id}, {code}, {sub1} to {sub5} and {utm_source} and its like, in small letters", "contient la macro {{}}, que rien ne remplace\u00a0: il y a {click_id}, {code}, {sub1} à {sub5} et {utm_source} et semblables, en minuscules", "含宏 {{}}，无法替换：可用 {click_id}、{code}、{sub1} 至 {sub5} 及 {utm_source} 等，均为小写") \
    X(NO_LINK_HOST, "must be a URL on a host of the campaign (landing_url or allowed_hosts), https if its landing_url is", "doit être une URL sur un hôte de la campagne (landing_url ou allowed_hosts), en https si celle-ci l’est", "须为推广活动主机（landing_url 或 allowed_hosts）上的网址；若其为 https 则须 https") \
    X(NO_HOST, "must be a host name such as {} or {}, without a dot at its end", "doit être un nom d’hôte, comme {} ou {}, sans point final", "须为主机名，例如 {} 或 {}，末尾无点") \
    X(NO_PARAMETER, "must be a parameter name of letters, digits and . _ -", "doit être un nom de paramètre\u00a0: lettres, chiffres et . _ -", "须为参数名：字母、数字和 . _ -") \
    X(NO_CURRENCY, "must be an ISO 4217 currency code such as {}", "doit être un code de devise ISO 4217, comme {}", "须为 ISO 4217 货币代码，例如 {}") \
    X(NO_CURRENCY_BESIDE, "must be an ISO 4217 code such as {}, beside amount", "doit être un code ISO 4217, comme {}, à côté du montant", "须为 ISO 4217 代码，例如 {}，与金额一起填写") \
    X(NO_OTHER_CURRENCY, "must be the campaign's currency", "doit être la devise de la campagne", "须为推广活动的货币") \
    X(NO_REFERRER, "must be a Referrer-Policy such as origin", "doit être une Referrer-Policy, comme origin", "须为 Referrer-Policy，例如 origin") \
    X(NO_FORM_FIELD, "must be the name of a form field, f_NAME", "doit être le nom d’un champ de formulaire, f_NOM", "须为表单字段名 f_NAME") \
    X(NO_REQUIRED, "must be email, phone, first_name, last_name, country or f_NAME", "doit être email, phone, first_name, last_name, country ou f_NOM", "须为 email、phone、first_name、last_name、country 或 f_NAME") \
    X(NO_TWICE, "stands in the list before: name each field once", "est déjà dans la liste\u00a0: chaque champ une fois", "列表中已有：每个字段只写一次") \
    X(NO_RULE_ONE, "must have exactly one of `equals`, `in`, or `min` and `max`", "doit avoir exactement un de `equals`, `in`, ou `min` et `max`", "须恰有 `equals`、`in`，或 `min` 与 `max` 之一") \
    X(NO_RULE_FIELD, "must be country or f_NAME", "doit être country ou f_NOM", "须为 country 或 f_NAME") \
    X(NO_TIER_FIELD, "must be country, f_NAME, sub1 to sub5, placement, device, class or score", "doit être country, f_NOM, sub1 à sub5, placement, device, class ou score", "须为 country、f_NAME、sub1 至 sub5、placement、device、class 或 score") \
    X(NO_RULE_MET, "no lead can meet this and lead.rules[{}]: change one of the two", "aucun lead ne peut remplir ceci et lead.rules[{}]\u00a0: changez l’un des deux", "没有线索能同时满足此项和 lead.rules[{}]：请更改其一") \
    X(NO_RULES_MET, "no lead can meet this and the rules of its field before it: change one of them", "aucun lead ne peut remplir ceci et les règles précédentes du champ\u00a0: changez-en une", "没有线索能同时满足此项和该字段前面的规则：请更改其一") \
    X(NO_TIER_LAST, "can never match: a tier without `when` must be the last one", "ne peut jamais jouer\u00a0: un palier sans `when` doit être le dernier", "永不匹配：没有 `when` 的分级须放在最后") \
    X(NO_TIER_BEHIND, "can never match: tiers before it take all of that; put it before them, or leave it out", "ne peut jamais jouer\u00a0: des paliers avant lui prennent tout\u00a0; mettez-le avant, ou ôtez-le", "永不匹配：前面的分级已全部涵盖；请移到前面或删去") \
    X(NO_WORD_RANGE, "can never match: a {} is a word; use `equals` or `in`", "ne peut jamais jouer\u00a0: {} est un mot\u00a0; prenez `equals` ou `in`", "永不匹配：{} 是文字；请用 `equals` 或 `in`") \
    X(NO_MIN, "must not be below min", "ne peut être inférieur à min", "不能小于 min") \
    X(NO_COUNTRY_RANGE, "compares numbers, and no country is one: use `equals` or `in`", "compare des nombres, un pays n’en est pas un\u00a0: prenez `equals` ou `in`", "比较的是数字，国家不是数字：请用 `equals` 或 `in`") \
    X(NO_SCORE_WORDS, "asks a score for words: use `min` and `max`, 0 to 1000", "cherche des mots dans un score\u00a0: prenez `min` et `max`, 0 à 1000", "评分不是文字：请用 `min` 和 `max`，0 至 1000") \
    X(NO_VALUES, "must list at least one value", "il faut au moins une valeur", "请至少列出一个值") \
    X(NO_HASTE, "holds nothing: what comes sooner than lead.min_click_to_lead_s is rejected; must be greater than that, or 0", "ne retient rien\u00a0: ce qui vient avant lead.min_click_to_lead_s est refusé\u00a0; doit être plus grand, ou 0", "不会暂扣任何线索：早于 lead.min_click_to_lead_s 的已被拒绝；须大于它，或为 0") \
    X(NO_HONEYPOT, "people leave this field empty, and lead.{} wants it filled: take another field", "les gens laissent ce champ vide, et lead.{} le veut rempli\u00a0: prenez un autre champ", "用户会将此字段留空，而 lead.{} 要求填写：请换一个字段") \
    X(NO_HONEYPOT_SCORE, "people leave this field empty, and score.facts learns from it: take another field", "les gens laissent ce champ vide, et score.facts en apprend\u00a0: prenez un autre champ", "用户会将此字段留空，而 score.facts 以它学习：请换一个字段") \
    X(NO_DIRECT_BOTH, "cannot be both: a campaign's own contract has no other party than the advertiser", "ne peut être both\u00a0: le contrat propre d’une campagne n’a pas d’autre partie que l’annonceur", "不能为 both：推广活动自有合同只有广告主一方") \
    X(NO_BOTH_WAITS, "cannot be both while a change of the campaign waits for its time: make the contract then", "ne peut être both tant qu’un changement de la campagne attend son heure\u00a0: faites le contrat ensuite", "推广活动的变更等待生效期间不能为 both：请之后再建合同") \
    X(NO_BESIDE, "the contract would be open beside {}, of the same campaign and publisher, and one is open at a time: change the terms of that one instead, or give it an ends_at and this one a starts_at that is not before", "le contrat serait ouvert à côté de {}, de même campagne et éditeur\u00a0; un seul l’est à la fois\u00a0: changez les termes de celui-là, ou donnez-lui une fin (ends_at) et à celui-ci un début (starts_at) qui la suit", "与 {}（同一推广活动和发布方）同时开放，而同时只能有一份：请更改那份的条款，或给它结束时间（ends_at），并让此份的开始时间（starts_at）不早于它") \
    X(NO_PRICE, "is required: an object with the price book", "il faut un prix", "需要填写价格") \
    X(NO_UNBOUND, "the terms of {} bind nobody yet: its advertiser and its publisher assent to them first, by POST {}; then send this again", "les termes de {} ne lient encore personne\u00a0: l’annonceur et l’éditeur donnent d’abord leur accord, par POST {}\u00a0; renvoyez ensuite", "{} 的条款尚未生效：需广告主和发布方先同意（POST {}），然后重新提交") \
    X(NO_CHOICE, "must name one at least", "choisissez-en au moins un", "请至少选择一项") \
    X(NO_LEAD_CHOSEN, "choose one lead at least, by the box at its line", "choisissez au moins un lead, par la case de sa ligne", "请勾选至少一条线索") \
    X(NO_PARTY, "must be the id of a party of kind {}", "doit être l’identifiant d’une partie de genre {}", "须为类型 {} 的一方的编号") \
    X(NO_CAMPAIGN, "must be the id of a campaign", "doit être l’identifiant d’une campagne", "须为推广活动的编号") \
    X(NO_CONTRACT_OF, "must be the id of a contract of this campaign", "doit être l’identifiant d’un contrat de cette campagne", "须为此推广活动的合同编号") \
    X(NO_PARTY_SEEN, "there is no such party, or it is not yours to see", "cette partie n’existe pas, ou n’est pas à vous", "没有此方，或您无权查看") \
    X(NO_CONTRACT_SEEN, "there is no such contract, or it is not yours to see", "ce contrat n’existe pas, ou n’est pas à vous", "没有此合同，或您无权查看") \
    X(NO_CAMPAIGN_SEEN, "there is no such campaign, or it is not yours to see", "cette campagne n’existe pas, ou n’est pas à vous", "没有此推广活动，或您无权查看") \
    X(NO_LEAD_SEEN, "there is no such lead, or it is not yours to see", "ce lead n’existe pas, ou n’est pas à vous", "没有此线索，或您无权查看") \
    X(NO_STATEMENT_SEEN, "there is no such statement, or it is not yours to see", "ce relevé n’existe pas, ou n’est pas à vous", "没有此结算单，或您无权查看") \
    X(NO_CODE, "this contract has no such code", "ce contrat n’a pas ce code", "此合同没有该代码") \
    X(NO_GRANT, "this contract has no grant of that auditor", "ce contrat n’est pas ouvert à cet auditeur", "此合同未授权该审计方") \
    X(NO_SECRET, "this party has no secret of that kid", "cette partie n’a pas de secret de ce kid", "没有该 kid 的密钥") \
    X(NO_TOKEN_OF, "this party has no {_} of that id", "cette partie n’a rien de cet identifiant", "此方没有该编号的令牌或邀请") \
    X(NO_REPLACED, "is no kid of a secret of this party that is good", "n’est le kid d’aucun secret valable de cette partie", "不是此方有效密钥的 kid") \
    X(NO_LEAD_KNOWN, "there is no such lead", "ce lead n’existe pas", "没有此线索") \
    X(NO_LEAD_HERE, "is no lead of this contract", "n’est pas un lead de ce contrat", "不是此合同的线索") \
    X(NO_STATEMENT_HERE, "is no statement of this contract", "n’est pas un relevé de ce contrat", "不是此合同的结算单") \
    X(NO_LEAD_TXID, "no lead of yours is known by this txid", "aucun de vos leads n’est connu sous ce txid", "没有此 txid 的线索") \
    X(NO_LEAD_CLICK, "no lead is known for this click", "aucun lead n’est connu pour ce clic", "此点击没有线索") \
    X(NO_WHICH, "say which lead: by lead, txid or click_id", "dites quel lead\u00a0: par lead, txid ou click_id", "请指明线索：lead、txid 或 click_id") \
    X(NO_BLOCK, "must be an address, or a block such as {}", "doit être une adresse, ou un bloc comme {}", "须为地址或网段，例如 {}") \
    X(NO_KEY_OF_OTHER, "is the key of another: make one of your own", "est la clé d’un autre\u00a0: faites-en une à vous", "这是他人的密钥：请自行生成") \
    X(NO_KEY, "this party has no countersigning key yet: PUT {} first", "cette partie n’a pas encore de clé (PUT {})\u00a0: posez-la d’abord, aux réglages", "尚无签名密钥（PUT {}）：请先在设置中添加") \
    X(NO_PRIVATE, "is the private part of the key: keep it, and make a new key pair since this one was sent", "est la partie privée de la clé\u00a0: gardez-la, et faites une nouvelle paire puisque celle-ci a été envoyée", "这是私钥：请保留；因已发送，请重新生成密钥对") \
    X(NO_SIGNATURE, "does not verify by the key: sign exactly the protected header, a dot and the payload", "ne correspond pas à la clé\u00a0: signez exactement l’en-tête protégé, un point et le contenu", "签名与密钥不符：请对受保护头、点和内容原样签名") \
    X(NO_JWS, "must be a compact JWS: header.payload.signature", "doit être un JWS compact\u00a0: en-tête.contenu.signature", "须为紧凑 JWS：header.payload.signature") \
    X(NO_BODY_JWS, "the body must be a compact JWS of at most {} bytes", "il faut un JWS compact d’au plus {} octets", "须为最多 {} 字节的紧凑 JWS") \
    X(NO_PREVIOUS, "is required: this party has a key, so sign the same payload by that one as well", "est nécessaire\u00a0: cette partie a une clé, signez le même contenu avec elle aussi", "必需：此方已有密钥，请用它也签名同样的内容") \
    X(NO_PREVIOUS_SAME, "must hold the same payload as the JWS by the new key", "doit avoir le même contenu que le JWS de la nouvelle clé", "内容须与新密钥的 JWS 相同") \
    X(NO_PREVIOUS_KEY, "is not signed by the key that this party has now", "n’est pas signé par la clé actuelle de cette partie", "不是用此方当前密钥签名的") \
    X(NO_PREVIOUS_MUCH, "is too much: this party has no key yet", "est de trop\u00a0: cette partie n’a pas encore de clé", "多余：此方尚无密钥") \
    X(NO_ISSUER, "must be {}, the public URL of this server", "doit être {}, l’URL publique de ce serveur", "须为 {}，即本服务器的公开网址") \
    X(NO_SIGNER, "must be {}, the party that signs", "doit être {}, la partie qui signe", "须为 {}，即签名方") \
    X(NO_AT_AHEAD, "is in the future: say when it was signed, and look at your clock", "est dans le futur\u00a0: dites quand c’est signé, et vérifiez votre horloge", "在将来：请填写签名时间，并检查时钟") \
    X(NO_AT_EARLY, "is too early: say when it was signed, and look at your clock", "est trop tôt\u00a0: dites quand c’est signé, et vérifiez votre horloge", "过早：请填写签名时间，并检查时钟") \
    X(NO_AT_BEFORE, "must be later than that of this party's answer before, which it takes the place of", "doit suivre la réponse précédente de cette partie, qu’elle remplace", "须晚于此方之前的答复（本次将取代它）") \
    X(NO_ANSWERED_HASH, "is not the hash of this statement's payload", "n’est pas l’empreinte de ce relevé", "不是此结算单的哈希") \
    X(NO_LINE, "names {}, which is no line item of this statement", "nomme {}, qui n’est pas une ligne de ce relevé", "{} 不是此结算单的明细") \
    X(NO_LINE_TWICE, "names line item {} twice", "nomme deux fois la ligne {}", "明细 {} 重复") \
    X(NO_DISPUTE_WHY, "must say why, or `disputed` must list line items: else nobody knows what is to be mended", "doit dire pourquoi, ou `disputed` doit citer des lignes\u00a0: sinon nul ne sait quoi corriger", "须说明原因，或在 `disputed` 列出明细行：否则无从更正") \
    X(NO_ACCEPT_DISPUTED, "must be empty when the verdict is accept", "doit être vide pour accepter", "接受时须为空") \
    X(NO_ANSWERER, "statements are answered by their advertiser and publisher", "seuls l’annonceur et l’éditeur d’un relevé y répondent", "结算单由广告主和发布方答复") \
    X(NO_TABLE_END, "the lead is {} and cannot become {}: it can become nothing else", "le lead est {} et ne peut devenir {}\u00a0: il ne change plus", "线索为 {}，不能变为 {}：不能再变") \
    X(NO_TABLE, "the lead is {} and cannot become {}: it can become {}", "le lead est {} et ne peut devenir {}\u00a0: il peut devenir {}", "线索为 {}，不能变为 {}：可变为 {}") \
    X(NO_RETURN, "the lead was approved more than {} days ago: its return time is over", "le lead est approuvé depuis plus de {} jours\u00a0: le délai de retour est passé", "线索批准已超过 {} 天：退回期限已过") \
    X(NO_BACK, "the lead has been {} for more than {} days: the time to take that back is over", "le lead est {} depuis plus de {} jours\u00a0: le délai pour revenir dessus est passé", "线索处于 {} 已超过 {} 天：撤销期限已过") \
    X(NO_OTHER_LEAD, "another lead of this person stands: nobody is paid for twice; reject or return that one first", "un autre lead de cette personne compte\u00a0: personne n’est payé deux fois\u00a0; refusez ou retournez d’abord celui-là", "此人已有另一条有效线索：同一人不重复付费；请先拒绝或退回那条") \
    X(NO_STATUS, "must be approved, rejected, returned or converted", "doit être approved, rejected, returned ou converted", "须为 approved、rejected、returned 或 converted") \
    X(NO_SOLD, "this lead was sold before, with other facts: to say otherwise, say that it is returned, approved and converted again, or ask for an adjustment", "ce lead est déjà vendu, avec d’autres données\u00a0: pour corriger, déclarez-le retourné, approuvé et vendu à nouveau, ou demandez une correction en argent", "此线索已以其他数据成交：如需更正，请依次退回、批准、再次成交，或申请金额更正") \
    X(NO_TXID_FACTS, "this txid was reported before with other facts", "ce txid a déjà été déclaré avec d’autres données", "此 txid 已以其他数据上报") \
    X(NO_SIGNED_ALONE, "this campaign takes dispositions that its advertiser's own key signed alone: add jws, the same facts signed (FORMATS.md, A countersigned disposition)", "cette campagne ne prend que des décisions signées par la clé de l’annonceur\u00a0: ajoutez jws (FORMATS.md)", "此推广活动只接受广告主密钥签名的处置：请附上 jws（见 FORMATS.md）") \
    X(NO_ADVERTISER_SAYS, "only the campaign's advertiser may say what became of a lead", "seul l’annonceur de la campagne dit ce qu’il advient d’un lead", "仅推广活动的广告主可处置线索") \
    X(NO_RECIPE_NEED, "is needed by this recipe", "est nécessaire à ce modèle", "此模板需要填写") \
    X(NO_RECIPE_TOKEN, "is needed by this recipe; where the URL is another one it has to be said again", "est nécessaire à ce modèle\u00a0; si l’URL change, il faut le redire", "此模板需要填写；若网址改变须重新填写") \
    X(NO_RECIPE_NONE, "is nothing that this recipe sends", "n’est pas envoyé par ce modèle", "此模板不发送该项") \
    X(NO_PRINTABLE, "must be printable ASCII without blanks", "doit être en ASCII imprimable, sans espaces", "须为不含空格的可打印 ASCII") \
    X(NO_CRM_FIXED, "has {{}}, which `fixed` does not have", "contient {{}}, que `fixed` n’a pas", "含 {{}}，但 `fixed` 中没有") \
    X(NO_CRM_LONG, "is too long with what `fixed` has", "est trop long avec ce que `fixed` contient", "与 `fixed` 合并后过长") \
    X(NO_CRM_MEMBERS, "has more than {} members", "a plus de {} entrées", "超过 {} 项") \
    X(NO_CRM_NAME, "has a name that is none: 1 to 128 bytes, no control characters", "a un nom invalide\u00a0: 1 à 128 octets, sans caractères de contrôle", "名称无效：1 至 128 字节，无控制字符") \
    X(NO_CRM_THEIRS, "must be their name for it, at most 128 bytes; \"\": it is not sent", "doit être son nom chez eux, au plus 128 octets\u00a0; \"\"\u00a0: non envoyé", "须为对方的名称，最多 128 字节；\"\" 表示不发送") \
    X(NO_CRM_VALUE, "must be a text of at most 512 bytes, a whole number or a bool", "doit être un texte d’au plus 512 octets, un nombre entier ou un booléen", "须为最多 512 字节的文本、整数或布尔值") \
    X(NO_VAT_ID, "must be 4 to 20 letters and digits such as {}", "doit avoir 4 à 20 lettres et chiffres, comme {}", "须为 4 至 20 位字母和数字，例如 {}") \
    X(NO_VAT_FORM, "of a party in {} is {} (9: a digit, A: a letter, X: either)", "d’une partie en {} s’écrit {} (9\u00a0: chiffre, A\u00a0: lettre, X\u00a0: l’un ou l’autre)", "{} 的一方的格式为 {}（9：数字，A：字母，X：任一）") \
    X(NO_VAT_ADDRESS, "has a line that reads as a VAT id: say it in vat_id", "a une ligne qui ressemble à un numéro de TVA\u00a0: mettez-le dans vat_id", "有一行像增值税号：请填入 vat_id") \
    X(NO_LINES, "must have at most {} lines, none of them empty", "au plus {} lignes, aucune vide", "最多 {} 行，且无空行") \
    X(NO_LEGAL_TEXT, "must be at most {} bytes, without control characters but newlines", "au plus {} octets, sans caractères de contrôle hors fins de ligne", "最多 {} 字节，除换行外不含控制字符") \
    X(NO_LEGAL_LONG, "is too long, or has control characters", "est trop long, ou a des caractères de contrôle", "过长，或含控制字符") \
    X(NO_RENAME, "is the operator's to change; say your own in `legal`", "est à l’opérateur de changer\u00a0; dites le vôtre dans les données légales", "由运营方更改；请在法定信息中填写您自己的") \
    X(NO_OPERATOR_LEFT, "no other operator has a token of scope operators that opens anything, so nobody could unlock this one: make another operator first, or end tokens", "aucun autre opérateur n’a de jeton de portée operators, nul ne pourrait le débloquer\u00a0: faites d’abord un autre opérateur, ou révoquez des jetons", "没有其他运营方拥有 operators 权限的令牌，将无人能解锁：请先新建另一运营方，或吊销令牌") \
    X(NO_OPERATOR_TOKEN, "this is the last API token of scope operators that opens anything, so nobody could make another: make one with that scope first, or in its place (replaces)", "c’est le dernier jeton de portée operators, nul ne pourrait en faire un autre\u00a0: faites-en d’abord un de cette portée", "这是最后一个拥有 operators 权限的令牌，吊销后将无人能新建令牌：请先新建一个具有该权限的令牌") \
    X(NO_LOCKED, "this party is locked: nothing is taken from it until the operator unlocks it", "cette partie est bloquée\u00a0: rien n’en est pris avant que l’opérateur la débloque", "此方已锁定：运营方解锁前不接受其任何内容") \
    X(NO_SCOPE, "this API token may not {_}: use one that has the scope \"{}\"", "ce jeton d’API ne le permet pas\u00a0: prenez-en un de portée {}", "此 API 令牌无此权限：请使用权限为 {} 的令牌") \
    X(NO_CLOCK, "the server's clock was set otherwise: look at GET /v1/clock, set it right, and confirm it by POST /v1/clock/confirm; until then no statement is issued", "l’horloge du serveur a été changée\u00a0: d’ici que l’opérateur la confirme, aucun relevé n’est émis", "服务器时钟被更改：运营方确认之前不出结算单") \
    X(NO_CLOCK_FORCE, "the server's clock was set otherwise: look at GET /v1/clock, set it right, and confirm it by POST /v1/clock/confirm; until then nobody can tell what is in force already", "l’horloge du serveur a été changée\u00a0: d’ici que l’opérateur la confirme, nul ne peut dire ce qui est en vigueur", "服务器时钟被更改：运营方确认之前无法判断哪些已生效") \
    X(NO_CLOCK_MOMENT, "the server's clock was set at this very moment: try again", "l’horloge du serveur vient d’être réglée\u00a0: réessayez", "服务器时钟刚刚调整：请重试") \
    X(NO_MADE_OTHERWISE, "what the statement rests on came to be another while it was made: try again", "ce dont dépend le relevé a changé entre-temps\u00a0: réessayez", "结算单的依据在生成时发生变化：请重试") \
    X(NO_SECOND_COPY, "a backup or a check is being made: wait for its end", "une copie ou un contrôle est en cours\u00a0: attendez-en la fin", "正在备份或校验：请等待完成") \
    X(NO_UPKEEP_DIR, "is not set: add the line `backup_dir = /folder/for/copies` to the server's settings, and start it again", "n’est pas réglé\u00a0: ajoutez la ligne `backup_dir = /dossier/des/copies` aux réglages du serveur, et redémarrez-le", "未设置：请在服务器设置中加入 `backup_dir = /备份目录`，然后重启") \
    X(NO_UPKEEP_ENDED, "the process that does it has ended: start the server again, or run `countersign {}` on its machine", "le processus qui s’en charge est arrêté\u00a0: redémarrez le serveur, ou lancez `countersign {}` sur sa machine", "相关进程已结束：请重启服务器，或在服务器上执行 `countersign {}`") \
    X(NO_FIELDS, "a form has at most {} fields", "un formulaire a au plus {} champs", "表单最多 {} 个字段") \
    X(NO_UTF8, "a field of the form does not decode to UTF-8 text", "un champ du formulaire n’est pas du texte UTF-8", "表单中有字段不是 UTF-8 文本") \
    X(NO_FORM, "is no form of this page: open it anew, and send it again", "n’est pas un formulaire de cette page\u00a0: ouvrez-la à nouveau et renvoyez-le", "不是本页的表单：请重新打开并提交") \
    X(NO_ROLE, "this form is not for your role", "ce formulaire n’est pas pour votre rôle", "此表单不适用于您的角色") \
    X(NO_PAGE_ROLE, "this page is not for your role", "cette page n’est pas pour votre rôle", "此页不适用于您的角色") \
    X(NO_PAGE_ADVERTISER, "this page is an advertiser's", "cette page est celle d’un annonceur", "此页仅供广告主使用") \
    X(NO_RATE, "you ask for more than {} {_} a second: wait for Retry-After, and send them slower", "vous demandez plus de {} fois par seconde\u00a0: attendez un peu, puis renvoyez", "每秒超过 {} 次：请稍候再提交") \
    X(NO_DOWN, "this server is going down: ask again", "ce serveur s’arrête\u00a0: réessayez", "服务器正在停机：请重试") \
    X(NO_WAITS, "too much waits to be recorded: send it again", "trop de choses attendent d’être inscrites\u00a0: renvoyez", "等待记录的内容过多：请重新提交") \
    X(NO_ROWS, "at most {} rows in one call", "au plus {} lignes à la fois", "一次最多 {} 行") \
    X(NO_COLUMNS, "the first line must name the columns", "la première ligne doit nommer les colonnes", "首行须为列名") \
    X(NO_COLUMNS_COMMA, "the first line must name several columns, with a comma between them (not a semicolon or a tab)", "la première ligne doit nommer plusieurs colonnes, séparées par des virgules (ni point-virgule ni tabulation)", "首行须为多个列名，以逗号分隔（非分号或制表符）") \
    X(NO_CELLS, "line {} has {} fields, the first line {}: separate them by commas, quote those that hold one", "la ligne {} a {} champs, la première {}\u00a0: séparez par des virgules, mettez entre guillemets ce qui en contient", "第 {} 行有 {} 个字段，首行有 {} 个：请以逗号分隔，含逗号的加引号") \
    X(NO_SHEET_ROWS, "holds no rows: its first line must name columns", "n’a pas de lignes\u00a0: la première doit nommer les colonnes", "没有数据行：首行须为列名") \
    X(NO_SHEET_LARGE, "has more than {} MiB: divide it, by months for example", "fait plus de {} Mio\u00a0: divisez-le, par mois par exemple", "超过 {} MiB：请拆分，例如按月") \
    X(NO_SHEET_UTF8, "is not UTF-8: save the file as \"CSV UTF-8\" (or in UTF-16), not in the system's own characters", "n’est pas en UTF-8\u00a0: enregistrez le fichier en «\u00a0CSV UTF-8\u00a0» (ou UTF-16)", "不是 UTF-8：请另存为“CSV UTF-8”（或 UTF-16）") \
    X(NO_SHEET_TEXT, "holds a NUL byte: this is no text; export it as CSV in UTF-8", "contient un octet nul\u00a0: ce n’est pas du texte\u00a0; exportez en CSV UTF-8", "含 NUL 字节：不是文本；请导出为 UTF-8 的 CSV") \
    X(NO_SHEET_KEY, "names no column that says which lead a row is about: name one txid, lead or click_id, or say {}", "ne nomme aucune colonne qui dise de quel lead il s’agit\u00a0: nommez-en une txid, lead ou click_id, ou dites {}", "没有说明线索的列：请将一列命名为 txid、lead 或 click_id，或填写 {}") \
    X(NO_MAP_TWICE, "names {} twice", "nomme {} deux fois", "{} 重复") \
    X(NO_SHEET_TWICE, "names two columns: say which by {}:#N{}, its number from 1 on", "nomme deux colonnes\u00a0: dites laquelle par {}:#N{}, son numéro à partir de 1", "有两列同名：请用 {}:#N{} 指明（N 为列号，从 1 起）") \
    X(NO_MAP_NONE, "names for {} a column that the rows do not have", "nomme pour {} une colonne absente des lignes", "为 {} 指定的列不存在") \
    X(NO_LOG_MOMENT, "the contract's log is a moment old: ask again", "le journal du contrat vient de naître\u00a0: redemandez", "合同日志刚建立：请重试") \
    X(NO_PLACE, "is not where the lead stands", "n’est pas là où se trouve le lead", "不是该线索所在之处") \
    X(NO_TXID_MANY, "{_} used this txid: name the lead by `lead`, or add its click_id", "ce txid a servi plusieurs fois\u00a0: nommez le lead par `lead`, ou ajoutez son click_id", "此 txid 被多次使用：请用 `lead` 指明线索，或附上 click_id") \
    X(NO_CLICK_MANY, "this click has more than one lead: name it by lead or txid", "ce clic a plusieurs leads\u00a0: nommez-le par lead ou txid", "此点击有多条线索：请用 lead 或 txid 指明") \
    X(NO_TXID_CLICK, "txid and click_id name different leads: name it by lead", "txid et click_id nomment deux leads différents\u00a0: nommez-le par lead", "txid 与 click_id 指向不同线索：请用 lead 指明") \
    X(NO_TAKE_BACK, "only the campaign's advertiser may take a {} lead back", "seul l’annonceur de la campagne revient sur un lead {}", "仅推广活动的广告主可撤销 {} 的线索") \
    X(NO_CLASS_WORD, "must be a click's class, such as ok or repeat", "doit être une classe de clic, comme ok ou repeat", "须为点击类别，例如 ok 或 repeat") \
    X(NO_DEVICE_WORD, "must be phone, tablet, desktop or app", "doit être phone, tablet, desktop ou app", "须为 phone、tablet、desktop 或 app") \
    X(NO_CODE_NUMBER, "must be the number of a tracking code, such as {}", "doit être le numéro d’un lien, comme {}", "须为链接编号，例如 {}") \
    X(NO_PASSED, "must be a parameter name of letters, digits and . _ -, and none of ours: sub1 to sub5 reach the landing page as macros such as {sub1} of landing_url, to is the deep link", "doit être un nom de paramètre (lettres, chiffres et . _ -), et aucun des nôtres\u00a0: sub1 à sub5 vont à la page par des macros comme {sub1} de landing_url, to est le lien profond", "须为参数名（字母、数字和 . _ -），且不能是本系统的：sub1 至 sub5 以 landing_url 的 {sub1} 等宏传递，to 为深层链接") \
    X(NO_CONTACTS, "must be email or phone, each once", "doit être email ou phone, une fois chacun", "须为 email 或 phone，各一次") \
    X(NO_SCORE_AGREED, "cannot be score where the operator alone makes the terms: set `assent` to both, or leave the tier out", "ne peut être score là où l’opérateur seul fait les termes\u00a0: mettez l’accord à both, ou ôtez le palier", "条款仅由运营方制定时不能用 score：请将 `assent` 设为 both，或删去该分级") \
    X(NO_SCORE_FACT, "cannot be scored by: contact fields, the address and the user agent stand in no entry; {_}", "ne peut servir au score\u00a0: coordonnées, adresse et agent ne sont dans aucune entrée", "不能用于评分：联系方式、地址和用户代理不在条目中") \
    X(NO_SCORE_CROSS, "must be one of score.facts", "doit être l’un de score.facts", "须为 score.facts 之一") \
    X(NO_SCORE_ONE, "must name at least one fact of a lead", "il faut au moins un fait d’un lead", "请至少写一项线索事实") \
    X(NO_SCORE_TWO, "must name two facts or more, whose values are looked at in pairs, or none", "il faut deux faits ou plus, regardés par paires, ou aucun", "须写两项或更多（成对比较），或不写") \
    X(NO_FACT_TWICE, "stands in the list before: name each fact once", "est déjà dans la liste\u00a0: chaque fait une fois", "列表中已有：每项只写一次") \
    X(NO_FIRST, "is not the first version's: say when it starts as starts_at", "n’est pas pour la première version\u00a0: dites son début par starts_at", "首个版本不适用：请以 starts_at 填写开始时间") \
    X(NO_TAKEN_BACK, "was taken back by this party already", "a déjà été retirée par cette partie", "此方已撤回") \
    X(NO_WITHDRAW_SCOPE, "holds a change of the campaign alone: withdraw that, version {} of the terms of contract {}", "ne contient qu’un changement de la campagne\u00a0: retirez celui-là, version {} des termes du contrat {}", "仅含推广活动的变更：请撤回其版本 {}（合同 {}）") \
    X(NO_WITHDRAW_CONTRACT, "holds a change of the campaign, and what contract {} has of it cannot go: it {_}", "contient un changement de la campagne, et la part du contrat {} ne peut partir", "含推广活动的变更，而合同 {} 的部分无法撤回") \
    X(NO_CSV_AMOUNT, "is no amount: write {} or {}", "n’est pas un montant\u00a0: écrivez {} ou {}", "不是金额：请写 {} 或 {}") \
    X(NO_CSV_MORE, "is more than {}", "dépasse {}", "超过 {}") \
    X(NO_CSV_CURRENCY, "is no currency: write a code of ISO 4217 such as {}", "n’est pas une devise\u00a0: écrivez un code ISO 4217, comme {}", "不是货币：请写 ISO 4217 代码，例如 {}") \
    X(NO_CSV_TIME, "is no time: write {}, {}, {}, {} or Unix seconds", "n’est pas une heure\u00a0: écrivez {}, {}, {}, {} ou des secondes Unix", "不是时间：请写 {}、{}、{}、{} 或 Unix 秒") \
    X(NO_CSV_MICROS, "must be a whole number of millionths, such as {}", "doit être un nombre entier de millionièmes, comme {}", "须为百万分之一单位的整数，例如 {}") \
    X(NO_CSV_CELLS, "has {} cells, and the first line names {} columns: put quotes around a cell that holds \"{}\"", "a {} cellules, et la première ligne nomme {} colonnes\u00a0: mettez entre guillemets celle qui contient «\u00a0{}\u00a0»", "有 {} 格，而首行有 {} 列：含“{}”的格请加引号") \
    X(NO_CSV_MANY, "has more than {} cells: leave out columns that are not needed", "a plus de {} cellules\u00a0: ôtez les colonnes inutiles", "超过 {} 格：请删去不需要的列") \
    X(NO_CSV_LONG, "is longer than {} bytes: does each row end with its line?", "fait plus de {} octets\u00a0: chaque ligne finit-elle bien\u00a0?", "超过 {} 字节：每行是否正常换行？") \
    X(NO_CSV_TXID, "is longer than {} bytes: this is no txid", "fait plus de {} octets\u00a0: ce n’est pas un txid", "超过 {} 字节：不是 txid") \
    X(NO_CSV_BROKEN, "is not CSV: {_} (cells are divided by \"{}\" here)", "n’est pas du CSV\u00a0: voyez ses guillemets (cellules séparées ici par «\u00a0{}\u00a0»)", "不是 CSV：请检查引号（此处以“{}”分隔）") \
    X(NO_CSV_NONE, "holds no rows", "n’a pas de lignes", "没有数据行") \
    X(NO_CSV_LINE, "line {}: {_} (RFC 4180)", "ligne {}\u00a0: ses guillemets ou sa fin ne sont pas ceux d’un CSV (RFC 4180)", "第 {} 行：引号或行尾不符合 CSV（RFC 4180）") \
    X(NO_CSV_FIELDS, "line {}: more than {} fields", "ligne {}\u00a0: plus de {} champs", "第 {} 行：超过 {} 个字段") \
    X(NO_CSV_TWICE, "is the name of two columns", "est le nom de deux colonnes", "有两列同名") \
    X(NO_JSON_ROWS, "must be a JSON array of objects: behind row {} something else stands", "doit être un tableau JSON d’objets\u00a0: après la ligne {} vient autre chose", "须为 JSON 对象数组：第 {} 行之后有其他内容") \
    X(NO_URL_BYTE, "has a byte that no URL has, a blank perhaps: paste it percent-encoded, as it is sent", "a un octet interdit dans une URL, peut-être un espace\u00a0: collez-la encodée en %, comme elle est envoyée", "含网址中不允许的字节（可能是空格）：请按发送时的百分号编码粘贴") \
    X(NO_URL_POSTBACK, "leads to no postback: the path is /postback or /postback/{kid}", "ne mène à aucun postback\u00a0: le chemin est /postback ou /postback/{kid}", "不是回传地址：路径为 /postback 或 /postback/{kid}") \
    X(NO_URL, "is missing: the URL as it is sent, or target", "manque\u00a0: l’URL telle qu’envoyée", "缺少：实际发送的网址") \
    X(NO_METHOD, "must be GET or POST", "doit être GET ou POST", "须为 GET 或 POST") \
    X(NO_CR_FIELD, "is no field of a lead: f_NAME, name, email, phone, first_name, last_name, country, lead, txid, click_id, sub1 to sub5, status, reason, payout, currency, campaign, contract, at are", "n’est pas un champ de lead\u00a0; le sont f_NOM, name, email, phone, first_name, last_name, country, lead, txid, click_id, sub1 à sub5, status, reason, payout, currency, campaign, contract, at", "不是线索字段；可用 f_NAME、name、email、phone、first_name、last_name、country、lead、txid、click_id、sub1 至 sub5、status、reason、payout、currency、campaign、contract、at") \
    X(NO_CR_BACK, "must be txid, lead, click_id, status, reason, event, amount or currency", "doit être txid, lead, click_id, status, reason, event, amount ou currency", "须为 txid、lead、click_id、status、reason、event、amount 或 currency") \
    X(NO_LUCK, "a random id was drawn twice; send the request again", "un identifiant au hasard est sorti deux fois\u00a0; renvoyez", "随机编号重复；请重新提交") \
    X(NO_TOKEN, "this API token is not known", "ce jeton d’API est inconnu", "未知的 API 令牌") \
    X(NO_TOKEN_EXPIRED, "this API token has expired: have another one made", "ce jeton d’API a expiré\u00a0: faites-en faire un autre", "此 API 令牌已过期：请另行生成") \
    X(NO_TOKEN_INVITE, "this is an invitation and no API token: open its link, which makes one", "c’est une invitation et non un jeton d’API\u00a0: ouvrez son lien, qui en fait un", "这是邀请而非 API 令牌：请打开其链接以生成") \
    X(NO_LONG_ENTRY, "the entry would be longer than {} bytes", "l’entrée dépasserait {} octets", "条目将超过 {} 字节") \
    X(NO_TXID_OTHER, "this txid is another sender's, and its lead was refused: to approve it all the same name it by lead, or add its click_id", "ce txid est d’un autre expéditeur, et son lead a été refusé\u00a0: pour l’approuver quand même, nommez-le par lead ou ajoutez son click_id", "此 txid 属于其他发送方，且其线索已被拒绝：如仍要批准，请用 lead 指明或附上 click_id") \
    X(NO_CONTRACT_BOOK, "there is no contract to book this lead on", "aucun contrat ne peut recevoir ce lead", "没有可记录此线索的合同") \
    X(NO_PART, "this is a part of a shared lead, and is {}: it cannot become {}. The lead's part in contract {}, entry {}, is {}: name that one", "c’est une part d’un lead partagé, et elle est {}\u00a0: elle ne peut devenir {}. La part du contrat {}, entrée {}, est {}\u00a0: nommez celle-là", "这是共享线索的一部分，状态为 {}，不能变为 {}。合同 {} 条目 {} 的部分为 {}：请指明该部分") \
    X(NO_SESSION_FORM, "this form was made for another session: open its page anew, and send it from there", "ce formulaire est d’une autre session\u00a0: ouvrez à nouveau sa page, et renvoyez-le de là", "此表单属于另一会话：请重新打开页面后提交") \
    X(NO_ORIGIN, "this form was not sent by a page of this server: open its page here, and send it from there", "ce formulaire ne vient pas d’une page de ce serveur\u00a0: ouvrez sa page ici, et renvoyez-le de là", "此表单并非由本服务器的页面发送：请在此打开页面后提交") \
    X(NO_CAMPAIGN_YOURS, "is not one of your campaigns", "n’est pas l’une de vos campagnes", "不是您的推广活动") \
    X(NO_CONTRACT_YOURS, "is not one of your contracts", "n’est pas l’un de vos contrats", "不是您的合同") \
    X(NO_CAMPAIGN_ASKED, "is missing: without a click id of yours that reads, say which of your campaigns it is", "manque\u00a0: sans click_id lisible à vous, dites de quelle campagne il s’agit", "缺少：没有可读的点击编号时，请指明推广活动") \
    X(NO_CAMPAIGN_BESIDE, "is not the campaign of the contract beside it: say one of the two", "n’est pas la campagne du contrat donné à côté\u00a0: dites l’un des deux", "不是旁边合同的推广活动：请只写其一") \
    X(NO_CAMPAIGN_CONTRACT, "is not the contract's campaign", "n’est pas la campagne du contrat", "不是该合同的推广活动") \
    X(NO_CAMPAIGN_ANY, "you have no campaign", "vous n’avez pas de campagne", "您没有推广活动") \
    X(NO_LEADS_PUBLISHERS, "this campaign does not take leads from publishers", "cette campagne ne prend pas de leads d’éditeurs", "此推广活动不接受发布方的线索") \
    X(NO_LEADS_ADVERTISER, "this campaign does not take leads from the advertiser", "cette campagne ne prend pas de leads de l’annonceur", "此推广活动不接受广告主的线索") \
    X(NO_TO_STATE, "says what became of a lead: send it to /v1/dispositions", "dit ce qu’il advient d’un lead\u00a0: envoyez-le par les réponses", "这是线索的处置：请在处置处提交") \
    X(NO_ROW_TAKEN, "this row was not taken: send it again", "cette ligne n’a pas été prise\u00a0: renvoyez-la", "此行未被接受：请重新提交") \
    X(NO_ROWS_YOURS, "{} of your calls of many rows are under way: wait for an answer", "{} de vos envois de lignes sont en cours\u00a0: attendez une réponse", "您有 {} 个批量提交在进行中：请等待答复") \
    X(NO_ROWS_PLACE, "too many calls of many rows are under way: send it again", "trop d’envois de lignes sont en cours\u00a0: renvoyez", "批量提交过多：请重新提交") \
    X(NO_ROW_KEY, "was used for another row; use a new key", "a servi pour une autre ligne\u00a0; prenez une nouvelle clé", "已用于另一行；请换新的键") \
    X(NO_ROW_LONG, "is too long: at most {} bytes", "est trop long\u00a0: au plus {} octets", "过长：最多 {} 字节") \
    X(NO_ROW_FIELDS, "is one of more than {} form fields: send those that the terms look at", "est l’un de plus de {} champs de formulaire\u00a0: envoyez ceux que les termes regardent", "表单字段超过 {} 个：请只发送条款所看的字段") \
    X(NO_ROW_UTF8, "is not UTF-8, or was not before somebody put U+FFFD in its place", "n’est pas en UTF-8, ou ne l’était pas avant qu’on y mette U+FFFD", "不是 UTF-8，或已被替换为 U+FFFD") \
    X(NO_ROW_STATUS, "is not known here: status, reason, jws, and amount with currency of a sale are", "n’est pas connu ici\u00a0: le sont status, reason, jws, et amount avec currency d’une vente", "此处不识别；可用 status、reason、jws，及成交的 amount 与 currency") \
    X(NO_MANY_BYTES, "more than {} KiB of your requests and their answers are under way: take the answers, and send this again then", "plus de {} Kio de vos demandes et réponses sont en cours\u00a0: attendez les réponses, puis renvoyez", "您的请求与答复超过 {} KiB：请等待答复后重新提交") \
    X(NO_UPKEEP, "the server has no process for it: run `countersign {}` on its machine", "le serveur n’a pas de processus pour cela\u00a0: lancez `countersign {}` sur sa machine", "服务器没有相应进程：请在其机器上执行 `countersign {}`") \
    X(NO_TRIAL, "must be an object: the id, and what is to change", "doit être un objet\u00a0: l’id, et ce qui change", "须为对象：编号及要更改的内容") \
    X(NO_DEPTH, "must not be nested deeper than {} levels", "pas plus de {} niveaux imbriqués", "嵌套不能超过 {} 层") \
    X(NO_NAME_ASCII, "must have an ASCII name", "doit avoir un nom en ASCII", "名称须为 ASCII") \
    X(NO_NUMBER_LARGE, "must be a number between -(2^53-1) and 2^53-1", "doit être un nombre entre -(2^53-1) et 2^53-1", "须在 -(2^53-1) 与 2^53-1 之间") \
    X(NO_KEY_POINT, "must be a public key of Ed25519: this is no point of the curve in its only spelling, or one under which anybody can sign", "doit être une clé publique Ed25519\u00a0: celle-ci n’est pas un point de la courbe, ou n’importe qui signe sous elle", "须为 Ed25519 公钥：它不是曲线上的规范点，或任何人都可用它签名") \
    X(NO_ACCEPT_TWO, "must be accept or dispute", "doit être accept ou dispute", "须为 accept 或 dispute") \
    X(NO_INVITE_USED, "this invitation was used at {}: the API token {} came of it, and a postback secret. End them, or send this with ?made_since={}, which ends both", "cette invitation a servi le {}\u00a0: le jeton d’API {} en est venu, et un secret de postback. Révoquez-les, ou envoyez ceci avec\u00a0?made_since={}, qui révoque les deux", "此邀请已于 {} 使用：由此产生 API 令牌 {} 和一个回传密钥。请作废它们，或附上 ?made_since={} 一并作废") \
    X(NO_TOKEN_REPLACED, "is no id of a token of this party that is good", "n’est l’identifiant d’aucun jeton valable de cette partie", "不是此方有效令牌的编号") \
    X(NO_TIME_FILTER, "must be a time such as {}", "doit être une heure, comme {}", "须为时间，例如 {}") \
    X(NO_CODE_SEEN, "there is no such code, or it is not yours to see", "ce lien n’existe pas, ou n’est pas à vous", "没有此链接，或您无权查看") \
    X(NO_CLICK_HERE, "is no click id of this server", "n’est pas un click_id de ce serveur", "不是本服务器的点击编号") \
    X(NO_COLUMN_FORM, "is no field: did you mean a form field? Their names begin with f_", "n’est pas un champ\u00a0: un champ de formulaire\u00a0? Leurs noms commencent par f_", "不是字段：是否为表单字段？其名称以 f_ 开头") \
    X(NO_COLUMN, "is no field: did you mean {}? Further form fields have names that begin with f_", "n’est pas un champ\u00a0: vouliez-vous dire {}\u00a0? Les autres champs de formulaire commencent par f_", "不是字段：是否为 {}？其他表单字段名以 f_ 开头") \
    X(NO_CSV_HUGE, "is the row behind {}: divide the file, by months for example", "est la ligne après {}\u00a0: divisez le fichier, par mois par exemple", "在第 {} 行之后：请拆分文件，例如按月") \
    X(NO_CSV_ROW, "is longer than {} bytes", "fait plus de {} octets", "超过 {} 字节") \
    X(NO_INVITE, "there is no such invitation: see that the link is whole", "cette invitation n’existe pas\u00a0: voyez si le lien est entier", "没有此邀请：请检查链接是否完整") \
    X(NO_INVITE_LATE, "this invitation has expired: ask whoever sent it for another one", "cette invitation a expiré\u00a0: demandez-en une autre à qui l’a envoyée", "此邀请已过期：请向发送者索取新的") \
    X(NO_INVITE_MORE, "this invitation was used or withdrawn: ask whoever sent it for another one", "cette invitation a servi ou fut retirée\u00a0: demandez-en une autre à qui l’a envoyée", "此邀请已使用或撤回：请向发送者索取新的") \
    X(NO_LINK_TOKEN, "the API token behind this link opens nothing any more", "le jeton d’API derrière ce lien n’ouvre plus rien", "此链接背后的 API 令牌已失效") \
    X(NO_LINK_USED, "this link was used, or is over: ask for another one", "ce lien a servi ou n’est plus valable\u00a0: demandez-en un autre", "此链接已使用或失效：请索取新的") \
    X(NO_LINK_BUSY, "too many ask for a link just now: try again in a minute", "trop de demandes de liens à l’instant\u00a0: réessayez dans une minute", "此刻索取链接的人过多：请一分钟后重试") \
    X(NO_KID, "there is no kid", "il n’y a pas de kid", "没有 kid") \
    X(NO_PROOF, "the kid is not known, the signature or key does not hold, or the timestamp is more than {} s off", "le kid est inconnu, la signature ou la clé ne vaut pas, ou l’heure est décalée de plus de {} s", "kid 未知、签名或密钥无效，或时间相差超过 {} 秒") \
    X(NO_KID_KNOWN, "the kid is not known", "le kid est inconnu", "kid 未知") \
    X(NO_KID_RETIRED, "the kid is retired", "le kid a été retiré", "kid 已停用") \
    X(NO_KEY_KNOWN, "the key is not known", "la clé est inconnue", "密钥未知") \
    X(NO_KEY_OWN, "the key is not the party's", "la clé n’est pas celle de cette partie", "密钥不属于该方") \
    X(NO_KEY_FROM_HERE, "the key holds, but not from this address", "la clé vaut, mais pas depuis cette adresse", "密钥有效，但不能从此地址使用") \
    X(NO_UNSIGNED, "it is not signed, and unsigned ones (`key`) are not switched on", "il n’est pas signé, et ceux sans signature (`key`) ne sont pas admis", "未签名，且未开启无签名的 postback（`key`）") \
    X(NO_SIG_HEX, "sig is not 64 lowercase hex digits", "sig n’est pas fait de 64 chiffres hexadécimaux en minuscules", "sig 须为 64 位小写十六进制数字") \
    X(NO_SIG_HOLDS, "the signature does not hold", "la signature ne vaut pas", "签名无效") \
    X(NO_LATE, "the timestamp is more than {} s off", "l’heure est décalée de plus de {} s", "时间相差超过 {} 秒") \
    X(NO_HOOK_LATE, "webhook-timestamp is more than {} s off", "webhook-timestamp est décalé de plus de {} s", "webhook-timestamp 相差超过 {} 秒") \
    X(NO_HOOK_UNIX, "webhook-timestamp is not Unix time in seconds", "webhook-timestamp n’est pas l’heure Unix en secondes", "webhook-timestamp 不是以秒计的 Unix 时间") \
    X(NO_HOOK_ID, "webhook-id is longer than {} bytes, or has a dot", "webhook-id fait plus de {} octets, ou contient un point", "webhook-id 超过 {} 字节，或含有点") \
    X(NO_SIGNED_QUERY, "is missing: a signed query has kid, ts and nonce, and sig as its last parameter", "manque\u00a0: une requête signée a kid, ts et nonce, et sig en dernier paramètre", "缺少此项：签名请求须有 kid、ts 和 nonce，且 sig 为最后一个参数") \
    X(NO_UNIX, "must be Unix time in seconds", "doit être l’heure Unix en secondes", "须为以秒计的 Unix 时间") \
    X(NO_NONCE, "must be 16 to 64 URL-safe characters, new for each request", "doit avoir 16 à 64 caractères admis dans une URL, nouveaux à chaque requête", "须为 16 至 64 个可用于网址的字符，每次请求都换新") \
    X(NO_SIG_LAST, "must be the last parameter", "doit être le dernier paramètre", "须为最后一个参数") \
    X(NO_SIG_OR_KEY, "stands beside sig: a postback is signed, or it brings a key", "est à côté de sig\u00a0: un postback est signé, ou il porte une clé", "与 sig 并存：postback 要么签名，要么带密钥") \
    X(NO_GIVEN_TWICE, "given more than once", "est donné plus d’une fois", "重复给出") \
    X(NO_PERCENT, "is not properly percent-encoded", "n’est pas bien encodé en %", "百分号编码有误") \
    X(NO_PERCENT_NAME, "a parameter's name is not properly percent-encoded", "le nom d’un paramètre n’est pas bien encodé en %", "有参数名的百分号编码有误") \
    X(NO_MACRO_LEFT, "holds a macro that was not replaced: check the postback URL at the sender", "contient une macro qui n’a pas été remplacée\u00a0: vérifiez l’adresse du postback chez l’expéditeur", "含有未被替换的宏：请检查发送方的 postback 网址") \
    X(NO_PIXEL_TXID, "a lead's txid is 1 to {} bytes of clean text, no macro that was not replaced, and no word for nothing", "le txid d’un lead a 1 à {} octets de texte propre, sans macro restée telle quelle ni mot pour rien", "线索的 txid 须为 1 至 {} 字节的正常文本，不能是未被替换的宏，也不能是表示空的词") \
    X(NO_PIXEL_EVENT, "this event is none that pixels report", "les pixels n’annoncent pas cet événement", "像素不报告此类事件") \
    X(NO_PIXEL_BODY, "what it reports stands in a body of a type that is not read: send a form, or put it into the query", "ce qu’il annonce est dans un corps d’un type qui n’est pas lu\u00a0: envoyez un formulaire, ou mettez-le dans l’adresse", "其内容位于无法读取的正文类型中：请发送表单，或写入网址参数") \
    X(NO_SENDER, "advertisers and publishers send postbacks", "les annonceurs et les éditeurs envoient des postbacks", "postback 由广告主和发布商发送") \
    X(HINT_NOBODY, "it names nobody whose secrets you may know: use the kid that stands beside your secret", "il ne nomme personne dont vous pouvez connaître les secrets\u00a0: prenez le kid qui est à côté de votre secret", "所写 kid 的密钥您无权知道：请使用您密钥旁的 kid") \
    X(HINT_OTHER_KID, "it is signed with the secret of kid {}, and names kid {}", "il est signé avec le secret du kid {}, et nomme le kid {}", "以 kid {} 的密钥签名，却写着 kid {}") \
    X(HINT_NONE, "no common mistake gives this signature: hold expected_text against the text that was signed, byte by byte, and look whether the secret is that of this kid", "aucune erreur courante ne donne cette signature\u00a0: comparez le texte à signer, octet par octet, à celui qui fut signé, et voyez si le secret est celui de ce kid", "没有常见错误会得出此签名：请逐字节比对应签名的文本，并确认密钥属于此 kid") \
    X(HINT_KEY_TEXT, "the key is the secret's text there: it is what stands behind whsec_, decoded from base64", "la clé y est le texte du secret\u00a0: c’est ce qui suit whsec_, décodé de base64", "那里把密钥的文本当作密钥：应取 whsec_ 之后的部分并由 base64 解码") \
    X(HINT_KEY_BASE64, "the key is not decoded there: decode from base64 what stands behind whsec_", "la clé n’y est pas décodée\u00a0: décodez de base64 ce qui suit whsec_", "那里密钥未解码：请由 base64 解码 whsec_ 之后的部分") \
    X(HINT_SIG_BASE64, "sig is base64 there: write the 32 bytes of the HMAC as 64 lowercase hex digits", "sig y est en base64\u00a0: écrivez les 32 octets du HMAC en 64 chiffres hexadécimaux minuscules", "那里 sig 为 base64：请把 HMAC 的 32 字节写成 64 位小写十六进制") \
    X(HINT_SIG_FRONT, "sig is to be 64 lowercase hex digits, and nothing in front of them", "sig doit être 64 chiffres hexadécimaux minuscules, sans rien devant", "sig 须为 64 位小写十六进制，前面不加任何内容") \
    X(HINT_URL, "the whole URL was signed as target: take its path and query alone", "l’URL entière fut signée\u00a0: ne prenez que son chemin et sa requête", "签名的是整个网址：只取路径和查询部分") \
    X(HINT_PERCENT, "the target was signed before it was percent-encoded: sign it as it is sent", "la cible fut signée avant d’être encodée en %\u00a0: signez-la telle qu’elle est envoyée", "目标在百分号编码之前被签名：请按发送时的样子签名") \
    X(HINT_HOST, "another host was signed than this server's: it is the third line of expected_text", "un autre hôte que celui de ce serveur fut signé\u00a0: c’est la troisième ligne du texte à signer", "签名的主机不是本服务器：见应签名文本的第三行") \
    X(HINT_REWRITTEN, "the JSON was written otherwise when it was signed: send the very bytes that were signed", "le JSON était écrit autrement quand il fut signé\u00a0: envoyez les octets mêmes qui furent signés", "签名时 JSON 的写法不同：请发送所签的原字节") \
    X(HINT_BODY_ALONE, "the body alone was signed: the text is webhook-id.webhook-timestamp.body", "seul le corps fut signé\u00a0: le texte est webhook-id.webhook-timestamp.corps", "只签了正文：文本应为 webhook-id.webhook-timestamp.正文") \
    X(HINT_FIRST, "nothing is decided of it before it proves its sender: mend what `signature` names first", "rien n’en est décidé avant qu’il ne prouve son expéditeur\u00a0: corrigez d’abord la signature", "在证明发送方之前不作任何决定：请先修正签名") \
    X(NO_QUOTA, "{_} has {} {_}, and {} allows {}: {_}", "il y en a déjà {}, et {} en permet {}", "已有 {} 个，{} 允许 {} 个")
/* clang-format on */

#endif
