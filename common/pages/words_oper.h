/* Words of the operator's and the auditor's pages, of settings, deliveries, refusals, search and invitations. */
#ifndef CS_PAGES_WORDS_OPER_H
#define CS_PAGES_WORDS_OPER_H

/* clang-format off */
#define WORD_TABLE_OPER(X)                                                                                             \
    X(SETTINGS, "Settings", "Réglages", "设置") \
    X(SEARCH, "Search", "Recherche", "搜索") \
    X(SYSTEM, "System", "Système", "系统") \
    X(SET_WHAT, "Who may act as {}, and where it is told what happens.", "Qui peut agir au nom de {}, et où elle est avertie.", "谁可以 {} 的名义操作，以及在何处接收通知。") \
    X(SET_ID, "Party id", "Identifiant", "参与方标识") \
    X(SET_SINCE, "Here since", "Ici depuis", "加入时间") \
    X(SET_TOKENS, "API tokens", "Jetons d’API", "API 令牌") \
    X(SET_TOKENS_WHAT, "Programs and browsers sign in with one. Give each its own, so that one can be ended without the others.", "Programmes et navigateurs s’identifient avec un jeton. Donnez à chacun le sien, pour pouvoir en révoquer un sans les autres.", "程序和浏览器用令牌登录。请为每个程序单独创建，以便单独作废。") \
    X(SET_LABEL, "Label", "Libellé", "标签") \
    X(SET_NO_LABEL, "no label", "sans libellé", "无标签") \
    X(SET_LAST_USE, "Last used", "Dernier usage", "最近使用") \
    X(SET_NEVER, "never", "jamais", "从未") \
    X(SET_EXPIRES, "Expires", "Expire", "到期") \
    X(SET_EXPIRED, "Expired", "Expirée", "已过期") \
    X(SET_MADE, "Made", "Créé", "创建") \
    X(SET_MADE_BY, "by the token {}", "par le jeton {}", "由令牌 {}") \
    X(SET_SCOPE, "May also", "Peut aussi", "附加权限") \
    X(SET_SCOPE_NONE, "read and report alone", "lire et transmettre seulement", "仅读取和上报") \
    X(SET_THIS, "this session", "cette session", "当前会话") \
    X(SET_END, "End", "Révoquer", "作废") \
    X(SET_TOKEN_NEW, "New token", "Nouveau jeton", "新建令牌") \
    X(SET_LABEL_HINT, "What it is for, such as “reports at night”.", "À quoi il sert, par exemple «\u00a0rapports de nuit\u00a0».", "用途，例如“夜间报表”。") \
    X(SET_EXPIRES_ON, "Good until (UTC)", "Valable jusqu’au (UTC)", "有效期至（UTC）") \
    X(SET_EXPIRES_HINT, "Empty: until it is ended.", "Vide\u00a0: jusqu’à sa révocation.", "留空：直到作废为止。") \
    X(SET_SCOPE_HINT, "Without any it reads what the account may read, and reports leads.", "Sans rien, il lit ce que le compte peut lire, et transmet des leads.", "都不选则只能读取账户可见内容并上报线索。") \
    X(SCOPE_CAMPAIGNS, "make and change campaigns and contracts", "créer et modifier campagnes et contrats", "创建和修改推广活动与合同") \
    X(SCOPE_CLOCK, "confirm the clock", "confirmer l’horloge", "确认时钟") \
    X(SCOPE_CODES, "make and change links", "créer et modifier des liens", "创建和修改链接") \
    X(SCOPE_CREDENTIALS, "make and end tokens, secrets and keys", "créer et révoquer jetons, secrets et clés", "创建和作废令牌、密钥") \
    X(SCOPE_ERASURES, "destroy what is sealed of persons", "détruire ce qui est scellé des personnes", "销毁封存的个人数据") \
    X(SCOPE_GRANTS, "let auditors read", "ouvrir la lecture aux auditeurs", "授权审计方读取") \
    X(SCOPE_OPERATORS, "make operators", "créer des opérateurs", "创建运营方") \
    X(SCOPE_PARTIES, "change names and legal data", "modifier noms et données légales", "修改名称与法定信息") \
    X(SCOPE_UPKEEP, "have the server’s folder copied and checked", "faire copier et contrôler le dossier du serveur", "备份并校验服务器数据") \
    X(SCOPE_SETTLEMENT, "issue statements and corrections", "émettre relevés et corrections", "开具结算单与更正") \
    X(SET_SECRETS, "Postback secrets", "Secrets de postback", "回传密钥") \
    X(SET_SECRETS_WHAT, "Each signs postbacks under its own key id. To change one, make a new one, use it everywhere, then retire the old one: both are good meanwhile.", "Chacun signe les postbacks sous son propre identifiant. Pour changer, créez-en un nouveau, employez-le partout, puis retirez l’ancien\u00a0: les deux valent entre-temps.", "每个密钥以自己的标识签名回传。更换时先新建并全部启用，再停用旧密钥：期间两者均有效。") \
    X(SET_SECRET_NONE, "There is none: signed postbacks are refused.", "Il n’y en a pas\u00a0: les postbacks signés sont refusés.", "没有密钥：签名回传将被拒绝。") \
    X(SET_SECRET_NEW, "New secret", "Nouveau secret", "新建密钥") \
    X(SET_RETIRE, "Retire", "Retirer", "停用") \
    X(SET_KEY, "Signing key", "Clé de signature", "签名密钥") \
    X(SET_KEY_WHAT, "Answers to statements are signed with it. Its secret half stays with the party.", "Les réponses aux relevés sont signées avec elle. Sa moitié secrète reste chez la partie.", "用于签署结算单答复。私钥部分仅由该方保管。") \
    X(SET_KEY_NONE, "There is no key yet: statements cannot be answered.", "Pas encore de clé\u00a0: on ne peut répondre aux relevés.", "尚无密钥：无法答复结算单。") \
    X(SET_KEY_MAKE, "Make a key", "Créer une clé", "生成密钥") \
    X(SET_KEY_MAKE_WHAT, "1. This browser makes a key and saves its file. Keep a copy of it in a safe place: a lost key cannot be followed by another.", "1. Ce navigateur crée une clé et enregistre son fichier. Gardez-en une copie en lieu sûr\u00a0: une clé perdue ne peut être remplacée.", "1. 由此浏览器生成密钥并保存为文件。请妥善备份：密钥丢失后无法更换。") \
    X(SET_KEY_REPLACE, "Replace the key", "Remplacer la clé", "更换密钥") \
    X(SET_KEY_REPLACE_WHAT, "The key on record signs the new one, so that nobody else can put theirs in its place. Once it is on record, answers are signed by the new key; what the old one signed stays good. A key that is lost cannot be followed by another.", "La clé enregistrée signe la nouvelle\u00a0: nul autre ne peut mettre la sienne à sa place. Dès lors, les réponses sont signées de la nouvelle\u00a0; ce que l’ancienne a signé reste valable. Une clé perdue ne peut être suivie d’une autre.", "由已登记的密钥签署新密钥，他人无法冒换。登记后以新密钥签署答复；旧密钥此前的签名仍然有效。遗失的密钥无法更换。") \
    X(SET_KEY_OLD, "Key file so far", "Fichier de clé actuel", "现用密钥文件") \
    X(SET_KEY_OLD_WHAT, "The file of the key that is on record. It stays in this browser.", "Le fichier de la clé enregistrée. Il reste dans ce navigateur.", "已登记密钥的文件，只留在此浏览器。") \
    X(SET_KEY_NEW, "New key file", "Fichier de la nouvelle clé", "新密钥文件") \
    X(SET_KEY_SWAP, "Put the new key in its place", "Mettre la nouvelle clé à sa place", "以新密钥替换") \
    X(SET_KEY_PUT, "Put the key on record", "Enregistrer la clé", "登记密钥") \
    X(SET_KEY_PUT_WHAT, "2. Choose the file that was saved, or one of countersign keygen. It stays in this browser; its public half goes on record.", "2. Choisissez le fichier enregistré, ou un de countersign keygen. Il reste dans ce navigateur\u00a0; sa moitié publique est enregistrée.", "2. 选择已保存的文件，或 countersign keygen 生成的文件。文件只留在此浏览器中，仅登记公钥。") \
    X(SET_HOOK, "Webhook", "Webhook", "Webhook") \
    X(SET_HOOK_WHAT, "Leads, decisions and statements are sent there as they come, signed.", "Leads, décisions et relevés y sont envoyés à mesure, signés.", "线索、决定和结算单会即时签名发送到此处。") \
    X(SET_HOOK_URL, "Address that takes JSON", "Adresse qui reçoit du JSON", "接收 JSON 的地址") \
    X(SET_HOOK_MACRO, "Or an address with macros, called by GET", "Ou une adresse à macros, appelée par GET", "或带宏的 GET 地址") \
    X(SET_HOOK_MACRO_HINT, "Such as https://tracker.example/pb?cid={click_id}&payout={payout}. One of the two.", "Par exemple https://tracker.example/pb?cid={click_id}&payout={payout}. L’une des deux.", "例如 https://tracker.example/pb?cid={click_id}&payout={payout}。两者选一。") \
    X(SET_HOOK_KEY, "Public key of its signatures", "Clé publique de ses signatures", "签名公钥") \
    X(SET_SAVE, "Save", "Enregistrer", "保存") \
    X(SET_REMOVE, "Send nothing any more", "Ne plus rien envoyer", "停止发送") \
    X(SET_HOOK_TEST, "Send a test", "Envoyer un essai", "发送测试") \
    X(SET_NOTICES, "Notices by e-mail", "Avis par e-mail", "邮件通知") \
    X(SET_NOTICES_NONE, "This server sends no e-mail: the operator has set no SMTP server.", "Ce serveur n’envoie pas d’e-mails\u00a0: l’opérateur n’a pas réglé de serveur SMTP.", "本服务器未设置 SMTP，不发送邮件。") \
    X(SET_EMAIL, "E-mail address", "Adresse e-mail", "电子邮箱") \
    X(SET_KINDS, "Tell me when", "M’avertir quand", "通知内容") \
    X(NOTICE_STATEMENT, "a statement waits for an answer", "un relevé attend une réponse", "结算单待答复") \
    X(NOTICE_BUDGET, "a budget is used up", "un budget est épuisé", "预算用尽") \
    X(NOTICE_CAP, "a cap is reached", "un plafond est atteint", "达到上限") \
    X(NOTICE_QUIET, "no leads come where they used to", "plus aucun lead n’arrive là où il en venait", "线索中断") \
    X(NOTICE_REFUSED, "postbacks are refused", "des postbacks sont refusés", "回传被拒") \
    X(NOTICE_WEBHOOK, "the webhook fails", "le webhook échoue", "Webhook 失败") \
    X(SET_INVITES, "Invitations for colleagues", "Invitations pour collègues", "邀请同事") \
    X(SET_INVITES_WHAT, "Whoever opens its link first gets a token and a secret of their own. It is good for seven days.", "Qui ouvre son lien en premier reçoit un jeton et un secret à soi. Il vaut sept jours.", "首位打开链接者将获得自己的令牌和密钥。有效期七天。") \
    X(SET_INVITE_NEW, "Make an invitation", "Créer une invitation", "创建邀请") \
    X(SET_WITHDRAW, "Withdraw", "Retirer", "撤回") \
    X(SET_INVITE_LINK, "Link of the invitation", "Lien d’invitation", "邀请链接") \
    X(SET_SHOW, "Language and times", "Langue et heures", "语言与时间") \
    X(SET_SHOW_WHAT, "Kept in this browser.", "Gardé dans ce navigateur.", "保存在此浏览器中。") \
    X(SET_ZONE_HINT, "Such as Europe/Paris. Empty: that of the first contract.", "Par exemple Europe/Paris. Vide\u00a0: celui du premier contrat.", "例如 Europe/Paris。留空：使用首个合同的时区。") \
    X(SET_LEGAL, "Who it is by law", "Identité légale", "法定信息") \
    X(SET_LEGAL_WHAT, "Statements name it from now on, and the logs of its contracts keep it for good.", "Les relevés la portent désormais, et les journaux de ses contrats la gardent pour de bon.", "今后的结算单将载明，并永久记入其合同日志。") \
    X(SET_LEGAL_NAME, "Registered name", "Dénomination", "注册名称") \
    X(SET_ADDRESS, "Address", "Adresse", "地址") \
    X(SET_COUNTRY, "Country (two letters)", "Pays (deux lettres)", "国家（两位代码）") \
    X(SET_VAT, "VAT id", "N° de TVA", "增值税号") \
    X(SET_EXEMPTION, "Why it charges no VAT, if so", "Pourquoi sans TVA, le cas échéant", "不收增值税的理由（如有）") \
    X(SET_NAME, "Name that others see", "Nom que les autres voient", "对外名称") \
    X(SET_RENAME, "Rename", "Renommer", "重命名") \
    X(SET_LOCK, "Lock", "Verrouillage", "锁定") \
    X(SET_LOCKED, "Locked since {}: nothing is taken from it, nor clicks of its links.", "Verrouillé depuis {}\u00a0: rien n’en est pris, ni les clics de ses liens.", "自 {} 起锁定：不接收其任何内容及其链接的点击。") \
    X(SET_LOCK_WHAT, "A locked party can do nothing, and clicks of its links count nowhere, until it is unlocked.", "Une partie verrouillée ne peut rien faire, et les clics de ses liens ne comptent pas, jusqu’au déverrouillage.", "锁定后该方不能进行任何操作，其链接的点击不计，直至解锁。") \
    X(SET_LOCK_DO, "Lock it", "Verrouiller", "锁定") \
    X(SET_UNLOCK_DO, "Unlock it", "Déverrouiller", "解锁") \
    X(SET_MAY_NOT, "The token of this session may not change these: sign in with one that may make and end tokens, secrets and keys.", "Le jeton de cette session ne peut modifier ceci\u00a0: connectez-vous avec un jeton qui peut créer et révoquer jetons, secrets et clés.", "当前会话的令牌无权修改：请用可创建和作废令牌、密钥的令牌登录。") \
    X(SHOWN_BACK, "I have kept it", "C’est conservé", "我已保存") \
    X(SHOWN_WHAT, "It is shown this once. Nobody can show it again, we neither.", "Ceci n’est montré que cette fois. Personne ne peut le remontrer, nous non plus.", "仅显示这一次，任何人（包括我们）都无法再次显示。") \
    X(SHOWN_FILE, "Download as a file", "Télécharger en fichier", "下载为文件") \
    X(ACT_TITLE, "What came in, what went out", "Ce qui est entré, ce qui est sorti", "收到与发出") \
    X(ACT_WHAT, "Kept for 30 days. What was refused is not part of the ledger and counts nowhere.", "Gardé 30 jours. Ce qui fut refusé ne fait pas partie du registre et ne compte nulle part.", "保留 30 天。被拒内容不入账本，不计入任何统计。") \
    X(ACT_REFUSED, "Refused", "Refusés", "被拒") \
    X(ACT_OUT, "Went out", "Sortis", "已发出") \
    X(ACT_TIME, "Time", "Heure", "时间") \
    X(ACT_WRONG, "What was wrong, and the cure", "Ce qui n’allait pas, et le remède", "问题与解决办法") \
    X(ACT_FIELD, "Field", "Champ", "字段") \
    X(ACT_SENDER, "Sender", "Expéditeur", "发送方") \
    X(ACT_NOBODY, "unknown", "inconnu", "未知") \
    X(ACT_ANSWER, "Answer", "Réponse", "响应") \
    X(ACT_REQUEST, "Request", "Requête", "请求") \
    X(ACT_NO_REFUSAL, "Nothing was refused", "Rien n’a été refusé", "没有被拒的请求") \
    X(ACT_NO_REFUSAL_WHAT, "What is sent and cannot be read, or is not signed as it must be, stands here with its reason.", "Ce qui est envoyé et ne se lit pas, ou n’est pas signé comme il faut, figure ici avec son motif.", "无法读取或签名不符的请求会连同原因列在此处。") \
    X(OUT_EVENT, "Event", "Événement", "事件") \
    X(OUT_PENDING, "waits, or is tried again", "en attente, ou réessayé", "等待或重试") \
    X(OUT_DELIVERED, "delivered", "livré", "已送达") \
    X(OUT_FAILED, "failed", "échoué", "失败") \
    X(OUT_DROPPED, "dropped", "abandonné", "已放弃") \
    X(OUT_NEXT, "again at {}", "de nouveau le {}", "{} 重试") \
    X(OUT_ATTEMPTS, "Attempts", "Essais", "尝试") \
    X(OUT_AGAIN, "Send again", "Renvoyer", "重新发送") \
    X(OUT_NONE, "Nothing was sent", "Rien n’a été envoyé", "没有发出内容") \
    X(OUT_NONE_WHAT, "Give an address, and leads, decisions and statements are sent there as they come.", "Donnez une adresse, et leads, décisions et relevés y seront envoyés à mesure.", "填写地址后，线索、决定和结算单将即时发送。") \
    X(SEARCH_WHAT, "A lead by its reference, your own number (txid), the click id or the person’s e-mail address; a statement, contract or party by its id.", "Un lead par sa référence, votre propre numéro (txid), l’identifiant de clic ou l’e-mail de la personne\u00a0; un relevé, un contrat ou une partie par son identifiant.", "按引用、您自己的编号（txid）、点击标识或本人邮箱查线索；按标识查结算单、合同或参与方。") \
    X(SEARCH_FIELD, "Reference, number, id or e-mail", "Référence, numéro, identifiant ou e-mail", "引用、编号、标识或邮箱") \
    X(SEARCH_NOTHING, "Nothing found", "Rien trouvé", "未找到") \
    X(SEARCH_NOTHING_WHAT, "Nothing that you may see has this reference, number or id. Copy it whole.", "Rien de ce que vous pouvez voir n’a cette référence, ce numéro ou cet identifiant. Copiez-le en entier.", "您可见的内容中没有此引用、编号或标识。请完整复制。") \
    X(SEARCH_PERSON, "No lead that stands has this address, of those whose contact you may see. A rejected or returned lead is not found by it, nor one that was erased: the address is kept as a keyed hash, and only while the lead stands. Search by its number (txid).", "Aucun lead en cours n’a cette adresse, parmi ceux dont vous pouvez voir le contact. Un lead refusé, retourné ou effacé ne se trouve pas ainsi\u00a0: l’adresse n’est gardée que comme empreinte à clé, et tant que le lead compte. Cherchez par son numéro (txid).", "在您可见联系方式的有效线索中没有此邮箱。被拒、退回或已删除的线索无法以此查到：邮箱仅以带密钥的摘要保存，且只在线索有效期间。请按编号（txid）查找。") \
    X(CONTRACT_PRICE, "Price", "Prix", "价格") \
    X(PRICE_LEAD, "{} a lead", "{} le lead", "每条线索 {}") \
    X(PRICE_LEADS, "{} to {} a lead", "{} à {} le lead", "每条线索 {} 至 {}") \
    X(PRICE_SALE, "{} of sales", "{} des ventes", "销售额的 {}") \
    X(PRICE_CLICK, "{} a click", "{} le clic", "每次点击 {}") \
    X(PRICE_IMPRESSION, "{} an impression", "{} l’affichage", "每次展示 {}") \
    X(PRICE_ELSE, "all others", "tous les autres", "其余") \
    X(CONTRACT_RUNS, "runs", "en cours", "进行中") \
    X(CONTRACT_WAITS, "has not begun", "pas commencé", "未开始") \
    X(CONTRACT_OVER, "over", "terminé", "已结束") \
    X(CONTRACT_ASSENT, "waits for assent", "attend un accord", "待同意") \
    X(CONTRACT_MATRIX, "Who is with whom", "Qui est avec qui", "合作矩阵") \
    X(CONTRACT_NEW, "New contract", "Nouveau contrat", "新建合同") \
    X(CONTRACT_NEW_WHAT, "Prices that depend on the lead, caps and notice are set by the API; this makes the plain case.", "Les prix selon le lead, les plafonds et le préavis se règlent par l’API\u00a0; ceci fait le cas simple.", "按线索定价、上限和通知期请用 API 设置；此处创建基本合同。") \
    X(CONTRACT_MAKE, "Make it", "Le créer", "创建") \
    X(CONTRACT_TERMS, "Terms in force", "Conditions en vigueur", "现行条款") \
    X(CONTRACT_VERSIONS, "Versions of the terms", "Versions des conditions", "条款版本") \
    X(CONTRACT_LINKS, "Links", "Liens", "链接") \
    X(VERSION, "Version {}", "Version {}", "版本 {}") \
    X(VERSION_FORCE, "in force", "en vigueur", "现行") \
    X(VERSION_WAITS, "waits for its time", "attend son heure", "待生效") \
    X(VERSION_WITHDRAWN, "withdrawn", "retirée", "已撤回") \
    X(GRANTS, "Auditors who may read", "Auditeurs qui peuvent lire", "可读取的审计方") \
    X(GRANTS_WHAT, "They see every entry and no name, address or number of a person.", "Ils voient chaque entrée, et ni nom, ni adresse, ni numéro d’une personne.", "可见全部条目，但看不到个人姓名、地址或号码。") \
    X(GRANT_DO, "Let read", "Ouvrir la lecture", "授权读取") \
    X(GRANT_END, "Revoke", "Retirer", "撤销") \
    X(FORM_LEAD, "Price of a lead", "Prix d’un lead", "线索价格") \
    X(FORM_MONEY, "In the campaign’s currency, such as 12.50.", "Dans la devise de la campagne, par exemple 12,50.", "以活动货币计，例如 12.50。") \
    X(FORM_SALE, "Share of sales, %", "Part des ventes, %", "销售分成（%）") \
    X(FORM_CLICK, "Price of a click", "Prix d’un clic", "点击价格") \
    X(FORM_DUE, "Days to pay", "Jours pour payer", "付款天数") \
    X(FORM_SETTLE, "Statements", "Relevés", "结算方式") \
    X(SETTLE_MANUAL, "when the operator issues them", "quand l’opérateur les émet", "由运营方开具") \
    X(SETTLE_MONTHLY, "by themselves, monthly", "d’eux-mêmes, chaque mois", "每月自动") \
    X(SETTLE_WEEKLY, "by themselves, weekly", "d’eux-mêmes, chaque semaine", "每周自动") \
    X(FORM_ASSENT, "Terms bind", "Les conditions lient", "条款生效") \
    X(ASSENT_OPERATOR, "when the operator sets them", "quand l’opérateur les pose", "由运营方设定") \
    X(ASSENT_BOTH, "once both sides have assented", "quand les deux côtés ont consenti", "双方同意后") \
    X(FORM_FROM, "Begins (UTC)", "Commence (UTC)", "开始（UTC）") \
    X(FORM_TO, "Ends (UTC)", "Finit (UTC)", "结束（UTC）") \
    X(CAP_OF_DAY, "Cap of a day", "Plafond du jour", "每日上限") \
    X(CAP_OF_MONTH, "Cap of a month", "Plafond du mois", "每月上限") \
    X(BUDGET_OF_MONTH, "Budget of a month", "Budget du mois", "每月预算") \
    X(MONTH_UNTIL, "Up to and without this day", "Jusqu’à ce jour exclu", "截至此日（不含）") \
    X(MONTH_AGREED, "Agreed by all: {} of {} last statements", "Acceptés par tous\u00a0: {} des {} derniers relevés", "各方已同意：{} / {} 份最新结算单") \
    X(MONTH_OPEN, "Ready to be issued: {}", "Prêts à émettre\u00a0: {}", "可开具：{}") \
    X(MONTH_ALL, "Issue all of them", "Les émettre tous", "全部开具") \
    X(MONTH_RECKONED, "Leads and decisions reckoned: {} of {}. Each look goes on from there.", "Leads et décisions calculés\u00a0: {} sur {}. Chaque consultation continue à partir de là.", "已计算的线索与决定：{} / {}。每次查看会接着计算。") \
    X(MONTH_RECKON, "Reckon all of it now", "Tout calculer maintenant", "立即全部计算") \
    X(STATE_RECKONING, "being reckoned", "calcul en cours", "计算中") \
    X(MONTH_ISSUE, "Issue", "Émettre", "开具") \
    X(MONTH_OF, "leads: {}, clicks: {}", "leads\u00a0: {}, clics\u00a0: {}", "线索：{}，点击：{}") \
    X(MONTH_WARNINGS, "Warnings: {}", "Avertissements\u00a0: {}", "警告：{}") \
    X(MONTH_LAST, "Last statement", "Dernier relevé", "上一份结算单") \
    X(MONTH_CHASE, "Who has not answered", "Qui n’a pas répondu", "尚未答复者") \
    X(MONTH_SUM, "What may be issued now comes to", "Ce qui peut être émis maintenant fait", "现可开具合计") \
    X(MONTH_SUM_SO_FAR, "What may be issued now comes to, as far as reckoned here", "Ce qui peut être émis maintenant, pour autant que calculé ici", "现可开具合计（截至此处已核算部分）") \
    X(MONTH_NOBODY, "Everybody has answered.", "Tous ont répondu.", "各方均已答复。") \
    X(MONTH_MAIL, "Write an e-mail", "Écrire un e-mail", "写邮件") \
    X(MONTH_NO_MAIL, "gave no address for notices", "n’a pas donné d’adresse pour les avis", "未提供通知邮箱") \
    X(SYS_CLOCK, "Clock is sure", "Horloge sûre", "时钟可靠") \
    X(SYS_STORE, "Ledger on disk", "Registre sur disque", "账本占用") \
    X(SYS_ROOM, "Room left", "Place restante", "剩余空间") \
    X(SYS_COPIES, "Copies and checks", "Copies et contrôles", "备份与校验") \
    X(SYS_COPIES_WHAT, "Made by a process beside the server, which goes on serving; one at a time.", "Faits par un processus à côté du serveur, qui continue de servir\u00a0; un à la fois.", "由独立进程完成，服务不中断；一次一项。") \
    X(SYS_BACKUP, "Back up now", "Sauvegarder maintenant", "立即备份") \
    X(SYS_BACKUP_WHAT, "The copy is checked through and through before it gets its name. It holds secrets.", "La copie est entièrement contrôlée avant de recevoir son nom. Elle contient des secrets.", "备份命名前会完整校验。其中含有密钥。") \
    X(SYS_CHECK, "Verify now", "Vérifier maintenant", "立即校验") \
    X(SYS_CHECK_WHAT, "Replays every entry of the ledger as it is at this moment, and compares every table with that.", "Rejoue chaque entrée du registre tel qu’il est à cet instant, et y compare chaque table.", "重放账本此刻的全部条目，并比对所有数据表。") \
    X(SYS_COPYING, "A copy is being made", "Une copie est en cours", "正在备份") \
    X(SYS_COPY_CHECKED, "The copy is made and is being checked", "La copie est faite, son contrôle est en cours", "备份已完成，正在校验") \
    X(SYS_CHECKING, "The folder is being checked", "Le dossier est en cours de contrôle", "正在校验数据") \
    X(SYS_SINCE, "since {}", "depuis le {}", "自 {}") \
    X(SYS_MIB, "{} of about {} MiB", "{} sur environ {} Mio", "{} / 约 {} MiB") \
    X(SYS_LAST, "Last one: {}", "Dernier\u00a0: {}", "上次：{}") \
    X(SYS_TOOK, "took {} s", "en {} s", "用时 {} 秒") \
    X(SYS_FAILED, "{}: it did not come to its end.", "{}\u00a0: elle n’a pas abouti.", "{}：未能完成。") \
    X(SYS_HOLDS, "holds", "tient", "完好") \
    X(SYS_FAILS, "does not hold", "ne tient pas", "有损坏") \
    X(SYS_UNSURE, "cannot tell", "impossible à dire", "无法判断") \
    X(SYS_NEVER, "never", "jamais", "从未") \
    X(SYS_NO_COPY, "No copy so far.", "Aucune copie à ce jour.", "尚无备份。") \
    X(SYS_NO_CHECK, "Not checked so far.", "Aucun contrôle à ce jour.", "尚未校验。") \
    X(SYS_NO_FOLDER, "For a button here, add this line to the server’s settings, with a folder on another disk, and start it again:", "Pour avoir un bouton ici, ajoutez cette ligne aux réglages du serveur, avec un dossier sur un autre disque, et redémarrez-le\u00a0:", "若要在此备份，请在服务器设置中加入此行（目录应在另一块磁盘上），然后重启：") \
    X(SYS_BY_HAND, "By hand, on the server’s machine", "À la main, sur la machine du serveur", "在服务器上手动执行") \
    X(SYS_LAST_COPY, "Last copy", "Dernière copie", "上次备份") \
    X(SYS_LAST_CHECK, "Last check", "Dernier contrôle", "上次校验") \
    X(AGO_MINUTES, "{} min ago", "il y a {} min", "{} 分钟前") \
    X(AGO_HOURS, "{} h ago", "il y a {} h", "{} 小时前") \
    X(AGO_DAYS, "{} days ago", "il y a {} jours", "{} 天前") \
    X(SYS_FORCE, "What is in force", "Ce qui est en vigueur", "现行配置") \
    X(SYS_VERSION, "Version", "Version", "版本") \
    X(SYS_URL, "Public address", "Adresse publique", "公开地址") \
    X(SYS_ALL, "All settings", "Tous les réglages", "全部设置") \
    X(AUDIT_LOG, "Who changed what", "Qui a changé quoi", "变更记录") \
    X(AUDIT_LOG_WHAT, "Parties, tokens, secrets, campaigns, contracts, links and who may read them, newest first. Each contract’s page has the versions of its terms.", "Parties, jetons, secrets, campagnes, contrats, liens et droits de lecture, du plus récent au plus ancien. La page de chaque contrat a les versions de ses conditions.", "参与方、令牌、密钥、活动、合同、链接及阅读权限的变更，最新在前。各合同页列有条款版本。") \
    X(AUDIT_LOG_OWN, "What was done by your tokens, and by others to what is yours, newest first. Each contract’s page has the versions of its terms.", "Ce qui a été fait par vos jetons, et par d’autres à ce qui est à vous, du plus récent au plus ancien. La page de chaque contrat a les versions de ses conditions.", "您的令牌所做的操作，以及他人对您所属内容的更改，最新在前。各合同页列有条款版本。") \
    X(AUDIT_LOG_KIND, "Kind of change", "Type de changement", "变更类型") \
    X(AUDIT_LOG_NONE, "Nothing was changed like that.", "Aucun changement de ce type.", "没有此类变更。") \
    X(CHANGE_PARTY, "Party made", "Partie créée", "创建参与方") \
    X(CHANGE_RENAME, "Party renamed", "Partie renommée", "参与方改名") \
    X(CHANGE_LEGAL, "Legal data given", "Données légales fournies", "填写法定信息") \
    X(CHANGE_LOCK, "Party locked", "Partie verrouillée", "锁定参与方") \
    X(CHANGE_UNLOCK, "Party unlocked", "Partie déverrouillée", "解锁参与方") \
    X(CHANGE_KEY, "Signing key put on record", "Clé de signature enregistrée", "登记签名密钥") \
    X(CHANGE_TOKEN, "API token made", "Jeton d’API créé", "创建 API 令牌") \
    X(CHANGE_TOKEN_END, "API token ended", "Jeton d’API révoqué", "作废 API 令牌") \
    X(CHANGE_INVITE, "Invitation made", "Invitation créée", "创建邀请") \
    X(CHANGE_INVITE_END, "Invitation withdrawn", "Invitation retirée", "撤回邀请") \
    X(CHANGE_ACCEPT, "Invitation used", "Invitation utilisée", "使用邀请") \
    X(CHANGE_SECRET, "Postback secret made", "Secret de postback créé", "创建回传密钥") \
    X(CHANGE_SECRET_END, "Postback secret retired", "Secret de postback retiré", "停用回传密钥") \
    X(CHANGE_POSTBACK, "Unsigned postbacks set", "Postbacks non signés réglés", "设置未签名回传") \
    X(CHANGE_WEBHOOK, "Webhook set", "Webhook réglé", "设置 Webhook") \
    X(CHANGE_NOTICES, "Notices by e-mail set", "Avis par e-mail réglés", "设置邮件通知") \
    X(CHANGE_CAMPAIGN, "Campaign made", "Campagne créée", "创建推广活动") \
    X(CHANGE_CAMPAIGN_TERMS, "Campaign changed", "Campagne modifiée", "修改推广活动") \
    X(CHANGE_CRM, "CRM set", "CRM réglé", "设置 CRM") \
    X(CHANGE_CONTRACT, "Contract made", "Contrat créé", "创建合同") \
    X(CHANGE_CONTRACT_TERMS, "Contract changed", "Contrat modifié", "修改合同") \
    X(CHANGE_ASSENT, "Terms assented to", "Conditions acceptées", "同意条款") \
    X(CHANGE_WITHDRAWAL, "Terms withdrawn", "Conditions retirées", "撤回条款") \
    X(CHANGE_GRANT, "Auditor may read", "Un auditeur peut lire", "允许审计方阅读") \
    X(CHANGE_GRANT_END, "Auditor may read no more", "Un auditeur ne peut plus lire", "取消审计方阅读权") \
    X(CHANGE_CODE, "Link made", "Lien créé", "创建链接") \
    X(CHANGE_CODE_CHANGE, "Link changed", "Lien modifié", "修改链接") \
    X(CHANGE_SHARE, "Statement shared", "Relevé partagé", "分享结算单") \
    X(CHANGE_SHARE_END, "Share link ended", "Lien de partage révoqué", "作废分享链接") \
    X(CHANGE_CLOCK, "Clock confirmed", "Horloge confirmée", "确认时钟") \
    X(CHANGE_UPKEEP, "Copy or check of the server’s folder asked for", "Copie ou contrôle du dossier du serveur demandé", "请求备份或校验服务器数据") \
    X(CHANGE_SERVER_KEYS, "Other keys of the server sign", "D’autres clés du serveur signent", "更换服务器签名密钥") \
    X(CHANGE_BY, "by {}", "par {}", "由 {}") \
    X(CHANGE_BY_MACHINE, "on the server’s machine", "sur la machine du serveur", "在服务器本机") \
    X(CHANGE_WAS, "before: {}", "avant\u00a0: {}", "之前：{}") \
    X(AT_UTC, "{} UTC", "{} UTC", "{} UTC") \
    X(INVITE_TRY, "Sign in and send a test lead", "Se connecter et envoyer un lead d’essai", "登录并发送测试线索") \
    X(TEST_LEAD, "Send a test lead", "Envoyer un lead d’essai", "发送测试线索") \
    X(TEST_LEAD_WHAT, "A made-up lead goes the whole way and stands in the ledger as a test. It is never paid.", "Un lead inventé fait tout le chemin et figure au registre comme essai. Il n’est jamais payé.", "虚构线索走完整流程，并以测试记入账本，永不付款。") \
    X(LINK_HINT, "The address that was given for notices. A link comes there that signs in once, within 15 minutes.", "L’adresse donnée pour les avis. Un lien y arrive qui connecte une fois, dans les 15 minutes.", "填写用于通知的邮箱。将收到一个登录链接，15 分钟内有效，仅限一次。") \
    X(LINK_SEND, "Send me a link", "M’envoyer un lien", "发送登录链接") \
    X(LINK_SENT, "Look into your mailbox", "Regardez votre boîte", "请查收邮件") \
    X(LINK_SENT_WHAT, "If this address is known here, a link is on its way to it. It signs in once, within 15 minutes.", "Si cette adresse est connue ici, un lien est en route. Il connecte une fois, dans les 15 minutes.", "若此地址已登记，链接正在发送。15 分钟内有效，仅限一次。") \
    X(LINK_OVER_TITLE, "This link signs nobody in any more", "Ce lien ne connecte plus personne", "此链接已失效") \
    X(LINK_OVER_WHAT, "It was used, is older than 15 minutes, or its token was ended. Ask for another one.", "Il a servi, a plus de 15 minutes, ou son jeton a été révoqué. Demandez-en un autre.", "已使用、超过 15 分钟或其令牌已作废。请重新获取。") \
    X(LINK_AS, "You sign in as {}.", "Vous vous connectez en tant que {}.", "您将以 {} 的身份登录。") \
    X(LINK_SUBJECT, "Your sign-in link", "Votre lien de connexion", "您的登录链接") \
    X(LINK_MAIL, "Somebody asked for a link to sign in to {}. It can be used once, within 15 minutes:\n\n{}\n\nIf it was not you, do nothing.\n", "Quelqu’un a demandé un lien de connexion à {}. Il sert une fois, dans les 15 minutes\u00a0:\n\n{}\n\nSi ce n’était pas vous, ne faites rien.\n", "有人请求登录 {} 的链接。15 分钟内可使用一次：\n\n{}\n\n如果不是您本人，请忽略。\n") \
    X(AUDIT_KEYS, "Keys to compare", "Clés à comparer", "待比对的密钥") \
    X(AUDIT_KEYS_WHAT, "Compare them with those that others were shown: whoever is shown other keys is shown another history.", "Comparez-les à celles montrées aux autres\u00a0: à qui l’on montre d’autres clés, on montre une autre histoire.", "请与他人看到的密钥比对：看到不同密钥者看到的是不同的历史。") \
    X(AUDIT_FINDINGS, "Findings are what “verify” prints, with its exit status. Nothing of them is sent here.", "Les constats sont ce qu’imprime «\u00a0verify\u00a0», avec son code de sortie. Rien n’en est envoyé ici.", "审计结论即 verify 的输出及其退出状态，不会发送到此处。") \
    X(PARTY_NEW, "New party", "Nouvelle partie", "新建参与方") \
    X(PARTY_NEW_WHAT, "You get a link to send: whoever opens it first gets the token and the secret.", "Vous recevez un lien à envoyer\u00a0: qui l’ouvre en premier reçoit le jeton et le secret.", "您将得到一个可转发的链接：首位打开者获得令牌和密钥。") \
    X(PARTY_KIND, "Role", "Rôle", "角色") \
    X(PARTY_MAKE, "Make it and its invitation", "La créer avec son invitation", "创建并生成邀请") \
    X(PARTY_FIND, "Name or id", "Nom ou identifiant", "名称或标识") \
    X(PARTY_NONE, "No party of this name", "Aucune partie de ce nom", "没有该名称的参与方") \
    X(PARTY_NAME, "Name", "Nom", "名称") \
    X(PARTY_HAS_KEY, "Key on record", "Clé enregistrée", "已登记密钥") \
    X(PARTY_LEGAL_MISSING, "missing", "manquante", "缺失") \
    X(PARTY_STATE, "State", "État", "状态") \
    X(PARTY_LOCKED, "locked", "verrouillée", "已锁定") \
    X(PARTY_ACTIVE, "active", "active", "正常") \
    X(NO, "no", "non", "否")
/* clang-format on */

#endif
