/* As words_refusals.h, behind its rows: what the API says on pages beside the refusal of a form, and of what was
 * asked by an address. What stands in {t} is looked up by itself: a word of ours (a status, a reason, a class, a role)
 * or a text that has a row. */
#ifndef CS_PAGES_WORDS_TOLD_H
#define CS_PAGES_WORDS_TOLD_H

/* clang-format off */
#define WORD_TABLE_TOLD(X) \
    X(TOLD_LEGAL, "nobody said who the {t} is by law: its statement will name no company", "{}\u00a0: personne n’a donné ses mentions légales\u00a0; son relevé ne nommera aucune société", "{}：无人填写其法定资料，结算单上不会有公司名称") \
    X(TOLD_NO_KEY, "the {t} has no key on record, and cannot answer", "{}\u00a0: aucune clé enregistrée, ne peut pas répondre", "{}：没有登记密钥，无法答复") \
    X(TOLD_ONE_VAT_ID, "both parties tell one VAT id, {}: nobody invoices himself", "les deux parties donnent le même numéro de TVA, {}\u00a0: nul ne se facture soi-même", "双方填写了同一增值税号 {}：没有人给自己开票") \
    X(TOLD_ADJUSTMENT, "{} adjustment lacks the {t}'s assent, and will not count", "{} ajustement attend un accord ({}), et ne comptera pas", "{} 项调整尚缺同意（{}），不会计入") \
    X(TOLD_ADJUSTMENTS, "{} adjustments lack the {t}'s assent, and will not count", "{} ajustements attendent un accord ({}), et ne compteront pas", "{} 项调整尚缺同意（{}），不会计入") \
    X(TOLD_CLOCK, "the server's clock was set otherwise: GET /v1/clock, then POST /v1/clock/confirm", "l’horloge du serveur a été changée\u00a0: GET /v1/clock, puis POST /v1/clock/confirm", "服务器时钟被更改：先 GET /v1/clock，再 POST /v1/clock/confirm") \
    X(TOLD_AHEAD, "its period has not ended yet in {}", "sa période n’est pas encore finie dans le fuseau {}", "按 {} 时区，期间尚未结束") \
    X(TOLD_DISPUTES, "the {t} disputes the last statement, {}", "{}\u00a0: conteste le dernier relevé, {}", "{}：对上一份结算单 {} 有异议") \
    X(TOLD_UNANSWERED, "the {t} has not answered the last statement, {}", "{}\u00a0: n’a pas encore répondu au dernier relevé, {}", "{}：尚未答复上一份结算单 {}") \
    X(TOLD_CARRIED, "{} {} stand carried over, which the next statement sets off: they are owed by the first one from the contract's ends_at on, or under terms of set_off owed", "{} {} sont reportés, que le relevé suivant compense\u00a0: ils sont dus par le premier relevé dès la fin du contrat (ends_at), ou si les termes disent set_off owed", "{} {} 结转，由下一份结算单抵销：自合同结束（ends_at）起的第一份，或条款为 set_off owed 时，须支付") \
    X(TOLD_BELOW_VAT, "it comes to less than nothing, which is set off against what comes; the publisher owes the VAT that is credited here", "le total est négatif et se compense avec la suite\u00a0; l’éditeur doit la TVA créditée ici", "合计为负，与之后的金额抵销；此处冲回的增值税由发布商支付") \
    X(TOLD_BELOW, "it comes to less than nothing, which is set off against what comes", "le total est négatif et se compense avec la suite", "合计为负，与之后的金额抵销") \
    X(TOLD_BELOW_LAST, "it comes to less than nothing, which the publisher owes, with what was carried over: there is no statement to come that sets it off", "le total est négatif et l’éditeur le doit, report compris\u00a0: aucun relevé ne suit qui le compense", "合计为负，连同结转部分由发布商支付：之后没有可抵销的结算单") \
    X(TOLD_BELOW_OWED, "it comes to less than nothing, which the publisher owes", "le total est négatif et l’éditeur le doit", "合计为负，由发布商支付") \
    X(TOLD_NO_RATE, "the parties are of one country, but when some of it came the contract agreed no VAT rate (vat_ppm): none is charged on that, and a rate counts from when it is agreed on", "les parties sont du même pays, mais le contrat n’avait pas de taux de TVA (vat_ppm) quand une partie est venue\u00a0: elle n’en porte pas, et un taux compte dès qu’il est convenu", "双方同属一国，但部分内容到来时合同未约定增值税率（vat_ppm）：该部分不计税，税率自约定之时起计") \
    X(TOLD_MORE, "one statement cannot say all that is open: a second one follows, which takes the rest and is not in this", "un seul relevé ne peut tout dire\u00a0: un second suivra avec le reste, qui n’est pas compté ici", "一份结算单无法包含全部未结内容：其余由第二份承接，不计入本份") \
    X(TOLD_RATE_UNTOLD, "the VAT rate that the contract agrees (vat_ppm) is not charged: it takes a supplier with a VAT id and both countries, which are not all told, or call for none", "le taux de TVA du contrat (vat_ppm) n’est pas facturé\u00a0: il faut un numéro de TVA du fournisseur et les deux pays, qui manquent, ou n’en demandent pas", "合同约定的增值税率（vat_ppm）未计：需要供应方的增值税号和双方国家，尚未填齐或无需计税") \
    X(TOLD_RATE_REVERSE, "the VAT rate that the contract agrees (vat_ppm) is not charged: by reverse charge the customer owes it", "le taux de TVA du contrat (vat_ppm) n’est pas facturé\u00a0: par autoliquidation, le client la doit", "合同约定的增值税率（vat_ppm）未计：按反向征收由购买方承担") \
    X(TOLD_RATE_OUTSIDE, "the VAT rate that the contract agrees (vat_ppm) is not charged: the customer is outside of the EU", "le taux de TVA du contrat (vat_ppm) n’est pas facturé\u00a0: le client est hors de l’UE", "合同约定的增值税率（vat_ppm）未计：购买方在欧盟之外") \
    X(TOLD_CORRECTED_BEYOND, "lead {} charged {}, corrected by {} ({}): {} more than it charged is taken back", "le lead {} a été facturé {}, corrigé de {} ({})\u00a0: {} de trop sont repris", "线索 {} 计费 {}，更正 {}（{}）：多收回 {}") \
    X(TOLD_CORRECTED_AGAIN, "lead {} charged {}, corrected by {} ({}): {} stands of it; more than one statement corrects it", "le lead {} a été facturé {}, corrigé de {} ({})\u00a0: il en reste {}\u00a0; plus d’un relevé le corrige", "线索 {} 计费 {}，更正 {}（{}）：剩余 {}；由多份结算单更正") \
    X(TOLD_CORRECTED_MORE, "so many leads more are corrected beyond what they charged, or again: {}", "autres leads corrigés au-delà de leur prix, ou de nouveau\u00a0: {}", "另有超额更正或重复更正的线索：{}") \
    X(TOLD_DESPITE, "the supplier says that it charges no VAT ({}), and the terms charge {_}: both cannot be right", "le fournisseur dit ne pas facturer de TVA ({}), et les termes en facturent\u00a0: l’un des deux est faux", "供应方称不收增值税（{}），而条款计税：两者不能同时成立") \
    X(TOLD_VAT_OF_SUPPLIER, "no VAT is charged and no reason for that is given, since nobody told the supplier's VAT id, nor by which exemption it charges no VAT", "aucune TVA n’est facturée, sans raison dite\u00a0: il manque le numéro de TVA du fournisseur, ou son exonération", "未计增值税且无理由：缺少供应方的增值税号或其免税依据") \
    X(TOLD_VAT_OF_CUSTOMER, "no VAT is charged and no reason for that is given, since nobody told the customer's VAT id", "aucune TVA n’est facturée, sans raison dite\u00a0: il manque le numéro de TVA du client", "未计增值税且无理由：缺少购买方的增值税号") \
    X(TOLD_COUNTRY_OF_SUPPLIER, "no VAT is charged and no reason for that is given, since nobody told the supplier's country", "aucune TVA n’est facturée, sans raison dite\u00a0: il manque le pays du fournisseur", "未计增值税且无理由：缺少供应方的国家") \
    X(TOLD_COUNTRY_OF_CUSTOMER, "no VAT is charged and no reason for that is given, since nobody told the customer's country", "aucune TVA n’est facturée, sans raison dite\u00a0: il manque le pays du client", "未计增值税且无理由：缺少购买方的国家") \
    X(TOLD_LATE, "its period ended in a month after which invoices are due by the 15th of the next one (Directive 2006/112/EC, article 222, for reverse charge; many states ask it of all): ask a tax adviser, and settle sooner", "sa période finit dans un mois dont les factures sont dues au 15 du suivant (directive 2006/112/CE, article 222, pour l’autoliquidation\u00a0; bien des États le demandent à tous)\u00a0: voyez un conseil fiscal, et réglez plus tôt", "其期间所在月份的发票须于次月 15 日前开具（指令 2006/112/EC 第 222 条，适用反向征收；多国要求所有发票）：请咨询税务顾问，并尽早结算") \
    X(TOLD_VAT_CHANGED, "it is under more than one VAT, {_}: each line goes by what was agreed when it came, a correction by what it corrects", "il relève de plus d’une TVA\u00a0: chaque ligne suit ce qui était convenu à sa venue, une correction ce qu’elle corrige", "涉及多种增值税：每行按其到来时的约定，更正按其所更正者") \
    X(TOLD_OTHER_PARTIES, "a party tells another country, name or VAT id now than when what it closes came, which is told as it was then, on a statement of its own: {_}", "une partie donne un autre pays, nom ou numéro de TVA qu’à la venue de ce qu’il clôt, qui est dit comme alors, sur un relevé à part", "一方现在填写的国家、名称或增值税号与内容到来时不同：按当时的资料另开一份结算单") \
    X(TOLD_KIND_CHANGED, "by what the parties said of themselves when what is new on it came that is under {}, and on the statement before it was under {}", "selon ce que les parties disaient d’elles-mêmes, le nouveau relève de {}, et le relevé précédent relevait de {}", "按双方当时的资料，新内容适用 {}，而上一份结算单适用 {}") \
    X(TOLD_UNREADABLE, "its statement cannot be built: {t}", "son relevé ne peut être établi\u00a0: {}", "无法编制其结算单：{}") \
    X(TOLD_ROW_AGAIN, "row {} names the same lead", "la ligne {} nomme le même lead", "第 {} 行指同一线索") \
    X(TOLD_LINE_AGAIN, "line {} names the same lead", "la ligne {} nomme le même lead", "第 {} 行指同一线索") \
    X(TOLD_DUPLICATE_AT, "refused as a duplicate of the lead at entry {}", "refusé comme doublon du lead de l’entrée {}", "作为条目 {} 线索的重复被拒") \
    X(TOLD_DUPLICATE, "refused as a duplicate of a lead in another contract of the campaign", "refusé comme doublon d’un lead d’un autre contrat de la campagne", "作为此推广活动另一合同中线索的重复被拒") \
    X(TOLD_ZONE_DAYS, "the rows' clock shows {t}: by it the days are equal", "l’horloge des lignes montre {}\u00a0: les jours sont alors égaux", "各行的时钟为{}：按此日期相同") \
    X(TOLD_ZONE_BEYOND, "the rows' clock shows {t}: the log has it on the other side of the period's end or beginning", "l’horloge des lignes montre {}\u00a0: le journal l’a au-delà du début ou de la fin de la période", "各行的时钟为{}：日志中它在期间界限的另一侧") \
    X(TOLD_ZONE_OUTSIDE, "the rows' clock shows {t}: by it the lead lies outside the period", "l’horloge des lignes montre {}\u00a0: le lead est alors hors de la période", "各行的时钟为{}：按此线索在期间之外") \
    X(TOLD_BEHIND_DAYS, "the rows' clock is {} h behind {t}: by it the days are equal", "l’horloge des lignes a {} h de retard sur {}\u00a0: les jours sont alors égaux", "各行的时钟慢 {} 小时（对照{}）：按此日期相同") \
    X(TOLD_BEHIND_BEYOND, "the rows' clock is {} h behind {t}: the log has it on the other side of the period's end or beginning", "l’horloge des lignes a {} h de retard sur {}\u00a0: le journal l’a au-delà du début ou de la fin de la période", "各行的时钟慢 {} 小时（对照{}）：日志中它在期间界限的另一侧") \
    X(TOLD_BEHIND_OUTSIDE, "the rows' clock is {} h behind {t}: by it the lead lies outside the period", "l’horloge des lignes a {} h de retard sur {}\u00a0: le lead est alors hors de la période", "各行的时钟慢 {} 小时（对照{}）：按此线索在期间之外") \
    X(TOLD_FORWARD_DAYS, "the rows' clock is {} h ahead of {t}: by it the days are equal", "l’horloge des lignes a {} h d’avance sur {}\u00a0: les jours sont alors égaux", "各行的时钟快 {} 小时（对照{}）：按此日期相同") \
    X(TOLD_FORWARD_BEYOND, "the rows' clock is {} h ahead of {t}: the log has it on the other side of the period's end or beginning", "l’horloge des lignes a {} h d’avance sur {}\u00a0: le journal l’a au-delà du début ou de la fin de la période", "各行的时钟快 {} 小时（对照{}）：日志中它在期间界限的另一侧") \
    X(TOLD_FORWARD_OUTSIDE, "the rows' clock is {} h ahead of {t}: by it the lead lies outside the period", "l’horloge des lignes a {} h d’avance sur {}\u00a0: le lead est alors hors de la période", "各行的时钟快 {} 小时（对照{}）：按此线索在期间之外") \
    X(TOLD_AFTER_ROWS, "the log received it after the last time in the rows", "le journal l’a reçu après la dernière heure des lignes", "日志在各行最后时间之后收到") \
    X(TOLD_AFTER_LOG, "the row's time comes after the log's last entry", "l’heure de la ligne suit la dernière entrée du journal", "此行时间晚于日志的最后条目") \
    X(TOLD_AFTER_PERIOD, "the log received it on {}, after the period", "le journal l’a reçu le {}, après la période", "日志于 {} 收到，在期间之后") \
    X(TOLD_BEFORE_PERIOD, "the log received it on {}, before the period", "le journal l’a reçu le {}, avant la période", "日志于 {} 收到，在期间之前") \
    X(TOLD_AFTER_DAY, "the log received it on {}, after the day in the row", "le journal l’a reçu le {}, après le jour de la ligne", "日志于 {} 收到，晚于此行的日期") \
    X(TOLD_BEFORE_DAY, "the log received it on {}, before the day in the row", "le journal l’a reçu le {}, avant le jour de la ligne", "日志于 {} 收到，早于此行的日期") \
    X(TOLD_NOT_IN_ROWS, "the log has it, and no row names it", "le journal l’a, et aucune ligne ne le nomme", "日志中有，没有一行指明它") \
    X(TOLD_NOT_IN_LOG, "the log has no lead that the row's keys name", "le journal n’a aucun lead que nomment les clés de la ligne", "日志中没有此行各键所指的线索") \
    X(TOLD_AMOUNTS, "the amounts differ, and nothing that is known explains it", "les montants diffèrent, et rien de connu ne l’explique", "金额不同，已知信息无法解释") \
    X(TOLD_STATE, "the log has it as {t} ({t}), the row as {t}", "le journal l’a comme {} ({}), la ligne comme {}", "日志中为{}（{}），此行为{}") \
    X(TOLD_REJECTED_FOR, "the log has it as {t}: {t}", "le journal l’a comme {}\u00a0: {}", "日志中为{}：{}") \
    X(TOLD_AS_TEST, "the log has it as a test", "le journal l’a comme un test", "日志中为测试") \
    X(TOLD_REJECTED, "the log has it as {t}", "le journal l’a comme {}", "日志中为{}") \
    X(TOLD_CLICK_FOREIGN, "its click id is none of this contract", "son click_id n’est pas de ce contrat", "其点击编号不属于此合同") \
    X(TOLD_CLICK_NONE, "its click id names no click of the log", "son click_id ne nomme aucun clic du journal", "其点击编号在日志中没有点击") \
    X(TOLD_CLICK_CLASS, "its click is of class {t}", "son clic est de la classe {}", "其点击属于类别{}") \
    X(TOLD_REFUSED, "the server refused it: {t}", "le serveur l’a refusé\u00a0: {}", "服务器拒收：{}") \
    X(TOLD_ROUNDING, "the amounts differ by {} millionths, less than the smallest coin", "les montants diffèrent de {} millionièmes, moins que la plus petite pièce", "金额相差 {} 个百万分之一，不到最小货币单位") \
    X(TOLD_CURRENCY, "the row is in {}, the contract in {}", "la ligne est en {}, le contrat en {}", "此行为 {}，合同为 {}") \
    X(TOLD_MACRO, "its key is a macro that nobody filled in, such as {txid}", "sa clé est une macro que personne n’a remplie", "其键是未被替换的宏") \
    X(TOLD_KEYLESS, "no cell of the row names a lead", "aucune cellule de la ligne ne nomme un lead", "此行没有单元格指明线索") \
    X(TOLD_UNKNOWN_LEAD, "its lead reference names no lead of this contract", "sa référence ne nomme aucun lead de ce contrat", "其编号不指此合同的任何线索") \
    X(TOLD_SALE, "the row has the lead's price alone, without the share of its sale", "la ligne n’a que le prix du lead, sans la part de sa vente", "此行只有线索价格，没有成交分成") \
    X(TOLD_NOT_JUDGED, "only the server can open its lead reference", "seul le serveur peut ouvrir sa référence", "只有服务器能解读其编号") \
    X(TOLD_PAID, "paid", "payé", "已付") \
    X(TOLD_OPEN, "open", "en attente", "未定") \
    X(TOLD_UNPAID, "unpaid", "non payé", "不付") \
    X(TOLD_COUNTS, "one that counts", "un lead qui compte", "计入的线索") \
    X(TOLD_UTC, "UTC", "UTC", "UTC") \
    X(TOLD_ITS_ZONE, "the contract's zone", "le fuseau du contrat", "合同的时区") \
    X(TOLD_STORE_MOVED, "store.mdb was removed or moved away under this server: see the log, and do not stop it before", "store.mdb a été retiré ou déplacé sous ce serveur\u00a0: voyez le journal, et ne l’arrêtez pas avant", "store.mdb 已被删除或移走：请先查看日志，勿先停止服务器") \
    X(TOLD_FULL, "storage is full", "le stockage est plein", "存储已满") \
    X(TOLD_QUEUE, "a queue of requests is more than three quarters full", "une file de requêtes est pleine à plus des trois quarts", "有请求队列已满四分之三以上") \
    X(TOLD_STUCK, "the commit under way takes too long: the disk stands still, or is slow", "l’écriture en cours dure trop\u00a0: le disque est arrêté, ou lent", "正在进行的写入过久：磁盘停滞或缓慢") \
    X(TOLD_READY_CLOCK, "the clock was set otherwise: no statement, no approval by time, until POST /v1/clock/confirm", "l’horloge a été changée\u00a0: ni relevé ni approbation à l’échéance avant POST /v1/clock/confirm", "时钟被更改：在 POST /v1/clock/confirm 之前，不开结算单，也不按时批准") \
    X(TOLD_READY_WITNESSES, "{} of {} witnesses cosigned another root log than ours: see the log", "{} témoins sur {} ont cosigné un autre journal racine que le nôtre\u00a0: voyez le journal", "{}/{} 个见证方联签了另一份根日志：请查看日志") \
    X(TOLD_READY_CERT, "the new certificate was refused, and the one from before is in use: see the log", "le nouveau certificat a été refusé, l’ancien sert encore\u00a0: voyez le journal", "新证书被拒，仍用旧证书：请查看日志") \
    X(TOLD_READY_GONE, "{} was removed from the data folder: the next start is refused without it", "{} a été retiré du dossier de données\u00a0: sans lui, le prochain démarrage sera refusé", "{} 已从数据目录删除：缺少它将无法再次启动") \
    X(TOLD_READY_DISK, "the disk has room for {} MiB alone", "le disque n’a plus de place que pour {} Mio", "磁盘仅余 {} MiB") \
    X(TOLD_READY_MAP, "the map has room for {} MiB alone: raise map_size_gib and restart", "la base n’a plus de place que pour {} Mio\u00a0: augmentez map_size_gib et redémarrez", "存储映射仅余 {} MiB：请增大 map_size_gib 并重启") \
    X(TOLD_PARAMETER_BYTES, "does not decode to UTF-8 text", "n’est pas du texte en UTF-8", "不是 UTF-8 文本") \
    X(TOLD_PARAMETER, "unknown query parameter", "paramètre inconnu dans l’adresse", "网址中有未知参数") \
    X(TOLD_PARAMETER_TWICE, "query parameter given twice", "paramètre donné deux fois dans l’adresse", "网址参数重复") \
    X(TOLD_ROLE, "must be advertiser, publisher, auditor or operator", "doit être advertiser, publisher, auditor ou operator", "须为 advertiser、publisher、auditor 或 operator") \
    X(TOLD_CAMPAIGN_OF, "a campaign is changed by its advertiser or the operator", "une campagne est modifiée par son annonceur ou l’opérateur", "推广活动由其广告主或运营方更改") \
    X(TOLD_KEY_OF, "a countersigning key is set by the party itself", "une clé de contresignature est donnée par la partie elle-même", "会签密钥由该方自己设置") \
    X(TOLD_CODES_OF, "a publisher's codes are made by the publisher; your campaign's own at its direct_contract", "les liens d’un éditeur sont créés par lui\u00a0; ceux de votre campagne, dans son contrat direct", "发布商的链接由其自己创建；推广活动自己的链接在其直接合同中") \
    X(TOLD_ANSWER_OF, "a statement is answered by its two parties", "un relevé reçoit la réponse de ses deux parties", "结算单由其双方答复") \
    X(TOLD_CAMPAIGNS_OF, "an advertiser makes campaigns for itself only", "un annonceur ne crée de campagnes que pour lui-même", "广告主只能为自己创建推广活动") \
    X(TOLD_EVENTS_TO, "events are sent to advertisers and publishers", "les événements vont aux annonceurs et aux éditeurs", "事件只发送给广告主和发布商") \
    X(TOLD_ASSENT_OF, "is for its advertiser and its publisher, who take back what they assented to", "est pour son annonceur et son éditeur, qui reprennent leur accord", "由其广告主和发布商撤回各自的同意") \
    X(TOLD_NO_ASSENTS, "is not one that both parties had to assent to, and did: who may change the terms withdraws it", "n’avait pas à recevoir l’accord des deux parties\u00a0: qui peut changer les termes la retire", "无需双方同意：由有权更改条款者撤回") \
    X(TOLD_LEGAL_OF, "legal data are said by the party itself, or the operator", "les mentions légales sont données par la partie elle-même, ou l’opérateur", "法定资料由该方自己或运营方填写") \
    X(TOLD_CRM_OF, "only the advertiser itself says where its leads go", "seul l’annonceur dit où vont ses leads", "线索去向只由广告主自己设置") \
    X(TOLD_EVENTS_OF, "only the party itself says where its events go", "seule la partie dit où vont ses événements", "事件去向只由该方自己设置") \
    X(TOLD_NOTICES_OF, "only the party itself says which notices it wants", "seule la partie dit quels avis elle veut", "通知种类只由该方自己设置") \
    X(TOLD_RESEND_OF, "only the party whose webhook or CRM it is for may have it sent again", "seule la partie à qui est le webhook ou le CRM peut le faire renvoyer", "只有 webhook 或 CRM 所属方可要求重发") \
    X(TOLD_WITHDRAWN_BY, "who may change terms withdraws them: the operator, and of the campaign's own contract its advertiser; what both parties assented to each of them takes back by a JWS of its own key", "qui peut changer les termes les retire\u00a0: l’opérateur, et pour le contrat propre de la campagne son annonceur\u00a0; ce que les deux ont accepté, chacune le retire par un JWS de sa clé", "由有权更改条款者撤回：运营方，推广活动自己的合同则为其广告主；双方均已同意的，由各方以自己密钥的 JWS 撤回") \
    X(TOLD_NOT_DELIVERIES, "is none of the words that deliveries have", "n’est pas un mot des livraisons", "不是投递的状态词") \
    X(TOLD_NOT_CHANGE, "is none of the kinds of changes, such as rename or token_end", "n’est pas une sorte de changement, comme rename ou token_end", "不是变更种类，例如 rename 或 token_end") \
    X(TOLD_NUMBER_TO, "must be a number from 0 to {}", "doit être un nombre de 0 à {}", "须为 0 至 {} 的数字") \
    X(TOLD_NUMBER_ONE, "must be a number from 1 to {}", "doit être un nombre de 1 à {}", "须为 1 至 {} 的数字") \
    X(TOLD_A_REASON, "must be a reason, such as outside_profile", "doit être un motif, comme outside_profile", "须为原因词，例如 outside_profile") \
    X(TOLD_VERDICT, "must be accept, dispute or none", "doit être accept, dispute ou none", "须为 accept、dispute 或 none") \
    X(TOLD_ALL, "must be all, or left out", "doit être all, ou absent", "须为 all，或省略") \
    X(TOLD_FORMAT, "must be jws (or jose, the same), html or csv", "doit être jws (ou jose), html ou csv", "须为 jws（或 jose）、html 或 csv") \
    X(TOLD_REPORT_FORMAT, "must be json, csv or jws", "doit être json, csv ou jws", "须为 json、csv 或 jws") \
    X(TOLD_FORMATS, "must be jws, json or csv", "doit être jws, json ou csv", "须为 jws、json 或 csv") \
    X(TOLD_NEVER, "must be never: what waits and is not approved by itself; with another order than due", "doit être never\u00a0: ce qui attend sans être approuvé de soi-même\u00a0; avec un autre ordre que due", "须为 never：等待且不会自动批准的；且排序不为 due") \
    X(TOLD_ORDER_DUE, "must be newest, or due: what is approved by itself, the soonest first; or left out: oldest first", "doit être newest, ou due\u00a0: ce qui est approuvé de soi-même, le plus proche d’abord\u00a0; absent\u00a0: le plus ancien d’abord", "须为 newest 或 due（自动批准，最近到期在前）；省略则最早在前") \
    X(TOLD_ORDER, "must be newest, or left out: oldest first", "doit être newest, ou absent\u00a0: le plus ancien d’abord", "须为 newest，或省略：最早在前") \
    X(TOLD_STATUSES, "must be pending, held, approved, rejected, duplicate, returned or converted; several with commas between them", "doit être pending, held, approved, rejected, duplicate, returned ou converted\u00a0; plusieurs avec des virgules", "须为 pending、held、approved、rejected、duplicate、returned 或 converted；多个以逗号分隔") \
    X(TOLD_STATUS, "must be pending, held, approved, rejected, duplicate, returned or converted", "doit être pending, held, approved, rejected, duplicate, returned ou converted", "须为 pending、held、approved、rejected、duplicate、returned 或 converted") \
    X(TOLD_CLASS, "must be ok, prefetch, bot, datacenter, test, embedded, repeat or ended", "doit être ok, prefetch, bot, datacenter, test, embedded, repeat ou ended", "须为 ok、prefetch、bot、datacenter、test、embedded、repeat 或 ended") \
    X(TOLD_NO_REASON, "is none of the reason words", "n’est pas un motif connu", "不是原因词") \
    X(TOLD_NEXT, "must be the `next` of the answer before", "doit être le next de la réponse précédente\u00a0: reprenez la liste à son début", "须为上一页的 next：请从列表开头重新开始") \
    X(TOLD_DAY_OR_TO, "say a day, or `from` and `to`", "dites un jour, ou un début et une fin", "请给出某日，或起止日期") \
    X(TOLD_ONE_KEY, "say one of txid, click_id and email", "dites l’un de txid, click_id et email", "请给出 txid、click_id、email 之一") \
    X(TOLD_WHOSE, "say whose: add `contract` or `campaign`, or say `from` and `to`", "dites de qui\u00a0: ajoutez un contrat ou une campagne, ou un début et une fin", "请指明范围：加上合同或推广活动，或起止日期") \
    X(TOLD_LINK_OVER, "this link has expired or was ended: ask whoever sent it for a new one", "ce lien a expiré ou a été fermé\u00a0: demandez-en un nouveau à qui l’a envoyé", "此链接已过期或被关闭：请向发送者索取新的") \
    X(TOLD_CONTACT, "whom a lead is about, your role is not shown", "votre rôle ne voit pas de qui parle un lead", "您的角色看不到线索所涉的人") \
    X(TOLD_ADVERTISERS_PAGE, "this page is the advertiser's", "cette page est à l’annonceur", "此页属于广告主") \
    X(TOLD_PUBLISHERS_PAGE, "this page is the publisher's", "cette page est à l’éditeur", "此页属于发布商") \
    X(TOLD_YOUR_CONTRACT, "there is no such contract, or it is not yours", "ce contrat n’existe pas, ou n’est pas à vous", "没有此合同，或不属于您") \
    X(TOLD_YOUR_LINK, "there is no such link, or it is not yours", "ce lien n’existe pas, ou n’est pas à vous", "没有此链接，或不属于您") \
    X(TOLD_YOUR_DELIVERY, "there is no such delivery, or it is not yours to see", "cette livraison n’existe pas, ou n’est pas à vous", "没有此投递，或您无权查看") \
    X(TOLD_SUCH, "there is no such {_}, or it is not yours to see", "cela n’existe pas, ou n’est pas à vous", "没有此项，或您无权查看") \
    X(TOLD_BEHIND, "is behind `to`: the period would hold nothing", "suit la fin\u00a0: la période serait vide", "晚于结束：期间为空") \
    X(TOLD_OFFERED, "is none of those that the page offers", "n’est pas de ceux que la page propose", "不在此页所提供的选项中") \
    X(TOLD_OTHER_SESSION, "this form was made for another session: open the page anew, and send it from there", "ce formulaire est d’une autre session\u00a0: rouvrez la page, et envoyez-le de là", "此表单属于另一会话：请重新打开页面后提交") \
    X(TOLD_SIGN_IN, "sign in first", "connectez-vous d’abord", "请先登录") \
    X(TOLD_GROUP_TWICE, "has {} twice", "a {} deux fois", "{} 重复") \
    X(TOLD_GROUP_TIMES, "has {} and {}: one of hour, day, week and month is enough", "a {} et {}\u00a0: l’un de hour, day, week et month suffit", "含 {} 和 {}：hour、day、week、month 只需一个") \
    X(TOLD_GROUP_BOTH, "has {} and {}: of code, sub1 to sub5, utm_*, channel, country, device and score one at a time is counted; ask once for each, or fold the entries of `countersign pull`", "a {} et {}\u00a0: de code, sub1 à sub5, utm_*, channel, country, device et score, un seul est compté à la fois\u00a0; demandez l’un après l’autre", "含 {} 和 {}：code、sub1 至 sub5、utm_*、channel、country、device、score 每次只计一个；请分别查询") \
    X(TOLD_GROUP_WITH, "goes with no group or filter by {}: of code, sub1 to sub5, utm_*, channel, country, device and score one at a time is counted; ask once for each", "ne va pas avec un groupe ou filtre par {}\u00a0: de code, sub1 à sub5, utm_*, channel, country, device et score, un seul est compté à la fois", "不能与按 {} 的分组或筛选并用：code、sub1 至 sub5、utm_*、channel、country、device、score 每次只计一个") \
    X(TOLD_GROUPS, "knows hour, day, week, month, campaign, contract, publisher, class, status, reason, code, sub1 to sub5, utm_source, utm_medium, utm_campaign, utm_term, utm_content, channel, country, device and score, with commas between them", "connaît hour, day, week, month, campaign, contract, publisher, class, status, reason, code, sub1 à sub5, utm_source, utm_medium, utm_campaign, utm_term, utm_content, channel, country, device et score, avec des virgules", "可用 hour、day、week、month、campaign、contract、publisher、class、status、reason、code、sub1 至 sub5、utm_source、utm_medium、utm_campaign、utm_term、utm_content、channel、country、device、score，以逗号分隔") \
    X(TOLD_MODEL, "must be last, first, linear, time-decay, position, shapley or markov", "doit être last, first, linear, time-decay, position, shapley ou markov", "须为 last、first、linear、time-decay、position、shapley 或 markov") \
    X(TOLD_MODEL_GROUPS, "{} weighs all clicks of a lead: it goes with groups by what clicks have, and with no filter by it", "{} pèse tous les clics d’un lead\u00a0: il va avec des groupes de ce que les clics ont, sans filtre de cela", "{} 权衡线索的所有点击：可按点击属性分组，不能按其筛选") \
    X(TOLD_MODEL_FILTER, "{} weighs all clicks of a lead: in place of a filter group by contract or publisher", "{} pèse tous les clics d’un lead\u00a0: au lieu d’un filtre, groupez par contrat ou éditeur", "{} 权衡线索的所有点击：请以合同或发布商分组代替筛选") \
    X(TOLD_MODEL_ROWS, "gives more than {} rows", "donne plus de {} lignes", "超过 {} 行") \
    X(TOLD_MARKOV_ROWS, "has more than {} rows that leads lead through, which is what markov weighs: group by something coarser, or ask for a shorter period", "a plus de {} lignes par où passent des leads, ce que markov pèse\u00a0: groupez plus large, ou une période plus courte", "线索经过的行超过 {}，这是 markov 所权衡的：请用更粗的分组或更短的期间") \
    X(TOLD_MARKOV_ALL, "markov weighs all leads of the period together: it goes with no group or filter by time, status or reason", "markov pèse ensemble tous les leads de la période\u00a0: sans groupe ni filtre par temps, statut ou motif", "markov 权衡期间的全部线索：不能按时间、状态或原因分组或筛选") \
    X(TOLD_MARKOV_CLICKS, "these are more clicks than markov weighs: ask for a shorter period", "c’est plus de clics que markov n’en pèse\u00a0: une période plus courte", "点击数超过 markov 的上限：请缩短期间") \
    X(TOLD_MARKOV_LEADS, "these are more leads than markov weighs: ask for a shorter period", "c’est plus de leads que markov n’en pèse\u00a0: une période plus courte", "线索数超过 markov 的上限：请缩短期间") \
    X(TOLD_MARKOV_ONE, "markov is of one campaign: name it in campaign", "markov porte sur une campagne\u00a0: nommez-la", "markov 针对单个推广活动：请指明") \
    X(TOLD_MODEL_ADVERTISER, "is for the campaign's advertiser: it rests on the clicks of all of its publishers", "est à l’annonceur de la campagne\u00a0: il repose sur les clics de tous ses éditeurs", "仅供推广活动的广告主：它依据其全部发布商的点击") \
    X(TOLD_SUM, "a sum is more than {}: ask for a shorter period", "une somme dépasse {}\u00a0: une période plus courte", "合计超过 {}：请缩短期间") \
    X(TOLD_LOOKS_AT, "this looks at more than {}: ask for a shorter period, or name a contract or campaign", "cela regarde plus de {}\u00a0: une période plus courte, ou nommez un contrat ou une campagne", "查看量超过 {}：请缩短期间，或指明合同或推广活动") \
    X(TOLD_FILTER_LONG, "has more than {} bytes, which no click's has", "a plus de {} octets, ce qu’aucun clic n’a", "超过 {} 字节，没有点击会这样长") \
    X(TOLD_QUARTER, "must be a whole quarter of an hour: no finer times are counted", "doit être un quart d’heure entier\u00a0: rien de plus fin n’est compté", "须为整刻钟：不计更细的时间") \
    X(TOLD_COMPARE, "must be previous", "doit être previous", "须为 previous") \
    X(TOLD_COMPARE_TIME, "goes with no group by time, whose rows have none before them: ask for both periods", "ne va pas avec un groupe de temps, dont les lignes n’ont pas de précédent\u00a0: demandez les deux périodes", "不能与按时间的分组并用：请分别查询两个期间") \
    X(TOLD_COMPARE_PERIOD, "needs from and to, both as days or both as times", "demande un début et une fin, tous deux des jours ou des heures", "需要起止两者，同为日期或同为时间")
/* clang-format on */

#endif
