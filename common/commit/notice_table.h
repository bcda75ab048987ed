/* Notices by e-mail: symbol, word, subject in English, French and Chinese, first sentence likewise; then the lines that
 * say of what. */
#ifndef CS_COMMIT_NOTICE_TABLE_H
#define CS_COMMIT_NOTICE_TABLE_H

/* clang-format off */
#define NOTICE_TABLE(X)                                                                                                \
    X(STATEMENT, "statement", \
      "A statement waits for your answer", "Un relevé attend votre réponse", "有结算单等待您的答复", \
      "These statements have no answer of yours yet:", "Ces relevés n’ont pas encore de réponse de votre part\u00a0:", "以下结算单尚无您的答复：") \
    X(BUDGET, "budget", \
      "A budget is nearly used up", "Un budget est presque épuisé", "预算即将用完", \
      "Four fifths or more of these monthly budgets are used:", "Ces budgets mensuels sont utilisés aux quatre cinquièmes au moins\u00a0:", "以下月度预算已使用五分之四以上：") \
    X(CAP, "cap", \
      "A cap was reached", "Un plafond est atteint", "已达到上限", \
      "Further leads are refused or held by these caps until their time is over:", "D’autres prospects sont refusés ou retenus par ces plafonds jusqu’à la fin de leur période\u00a0:", "在相应期限结束之前，以下上限会使后续线索被拒绝或暂缓：") \
    X(QUIET, "quiet", \
      "Clicks, but no leads today", "Des clics, mais aucun prospect aujourd’hui", "今天有点击但没有线索", \
      "Clicks of people came today (UTC), and no lead: does the landing page report them?", "Des clics de personnes sont arrivés aujourd’hui (UTC), mais aucun prospect\u00a0: la page de destination les transmet-elle\u202f?", "今天（UTC）有真人点击，但没有线索：落地页是否正常上报？") \
    X(REFUSED, "refused", \
      "Postbacks of yours were refused", "Des postbacks de votre part ont été refusés", "您的回传被拒绝", \
      "What you sent today (UTC) was refused; GET /v1/refused says why:", "Ce que vous avez envoyé aujourd’hui (UTC) a été refusé\u202f; GET /v1/refused dit pourquoi\u00a0:", "您今天（UTC）发送的请求被拒绝，原因见 GET /v1/refused：") \
    X(WEBHOOK, "webhook", \
      "Your webhook fails", "Votre webhook échoue", "您的 webhook 出现故障", \
      "What is to be told to you does not arrive; GET /v1/deliveries has every attempt:", "Ce qui doit vous être transmis n’arrive pas\u202f; GET /v1/deliveries montre chaque tentative\u00a0:", "应当通知您的内容无法送达，每次尝试见 GET /v1/deliveries：")

/* symbol, English, French, Chinese; {} are filled in turn */
#define NOTICE_LINE_TABLE(X)                                                                                           \
    X(STATEMENT, "no. {} of contract {} ({}): {}", "n° {} du contrat {} ({})\u00a0: {}", "编号 {}，合同 {}（{}）：{}") \
    X(BUDGET, "{}, {}: {} of {} {}", "{}, {}\u00a0: {} sur {} {}", "{}，{}：{} / {} {}") \
    X(CAP_DAY, "{}, {}: {} leads a day", "{}, {}\u00a0: {} prospects par jour", "{}，{}：每天 {} 条线索") \
    X(CAP_MONTH, "{}, {}: {} leads a month", "{}, {}\u00a0: {} prospects par mois", "{}，{}：每月 {} 条线索") \
    X(CAP_BUDGET, "{}, {}: {} {} a month", "{}, {}\u00a0: {} {} par mois", "{}，{}：每月 {} {}") \
    X(QUIET, "{}, {}: {} clicks", "{}, {}\u00a0: {} clics", "{}，{}：{} 次点击") \
    X(REFUSED, "{} requests", "{} requêtes", "{} 个请求") \
    X(FAILS, "{}: tried {} times without success", "{}\u00a0: {} tentatives sans succès", "{}：已尝试 {} 次均未成功") \
    X(OFF, "{}: it answered 410, so nothing is sent there until it is set again", "{}\u00a0: il a répondu 410, rien n’y est donc envoyé avant qu’il soit de nouveau réglé", "{}：对方返回 410，重新设置之前不再发送") \
    X(FOOTER, "{} asked for this at {}. To get no more of these: {}", "{} l’a demandé sur {}. Pour ne plus en recevoir\u00a0: {}", "{} 在 {} 订阅了此通知。不再接收：{}") \
    X(STOPPED, "You get no more notices at this address.", "Vous ne recevrez plus d’avis à cette adresse.", "此地址不再接收通知。") \
    X(STOP, "Get no more notices", "Ne plus recevoir d’avis", "不再接收通知")
/* clang-format on */

#endif
