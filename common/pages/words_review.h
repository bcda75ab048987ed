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
    X(LD_MORE_FILTERS, "More filters", "Plus de filtres", "更多筛选")
/* clang-format on */

#endif
