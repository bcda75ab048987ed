#include "common/reports/channel.h"

#include "common/base/ascii.h"
#include "common/base/query.h"

const char *channel_word(enum channel c)
{
    static const char *const words[CHANNELS] = {
#define X(symbol, word) word,
        CHANNEL_TABLE(X)
#undef X
    };
    return words[c];
}

struct word {
    const char *word;
    uint8_t len, is; /* enum channel */
};
#define WORD(word, is)                                                                                                 \
    {                                                                                                                  \
        word, sizeof word - 1, is                                                                                      \
    }

static const struct word media[] = {
    WORD("organic", CHANNEL_SEO),
    WORD("seo", CHANNEL_SEO),
    WORD("cpc", CHANNEL_PPC),
    WORD("ppc", CHANNEL_PPC),
    WORD("cpm", CHANNEL_PPC),
    WORD("cpv", CHANNEL_PPC),
    WORD("paid", CHANNEL_PPC),
    WORD("paidsearch", CHANNEL_PPC),
    WORD("paid_search", CHANNEL_PPC),
    WORD("paid-search", CHANNEL_PPC),
    WORD("sem", CHANNEL_PPC),
    WORD("ads", CHANNEL_PPC),
    WORD("banner", CHANNEL_PPC),
    WORD("display", CHANNEL_PPC),
    WORD("retargeting", CHANNEL_PPC),
    WORD("content", CHANNEL_CONTENT),
    WORD("article", CHANNEL_CONTENT),
    WORD("blog", CHANNEL_CONTENT),
    WORD("native", CHANNEL_CONTENT),
    WORD("advertorial", CHANNEL_CONTENT),
    WORD("video", CHANNEL_VIDEO),
    WORD("social", CHANNEL_SOCIAL),
    WORD("social-media", CHANNEL_SOCIAL),
    WORD("social_media", CHANNEL_SOCIAL),
    WORD("social-network", CHANNEL_SOCIAL),
    WORD("paid_social", CHANNEL_SOCIAL),
    WORD("paid-social", CHANNEL_SOCIAL),
    WORD("smm", CHANNEL_SOCIAL),
    WORD("sm", CHANNEL_SOCIAL),
    WORD("messenger", CHANNEL_MESSENGER),
    WORD("messaging", CHANNEL_MESSENGER),
    WORD("chat", CHANNEL_MESSENGER),
    WORD("sms", CHANNEL_MESSENGER),
    WORD("push", CHANNEL_MESSENGER),
    WORD("email", CHANNEL_EMAIL),
    WORD("e-mail", CHANNEL_EMAIL),
    WORD("e_mail", CHANNEL_EMAIL),
    WORD("mail", CHANNEL_EMAIL),
    WORD("newsletter", CHANNEL_EMAIL),
    WORD("referral", CHANNEL_REFERRAL),
    WORD("affiliate", CHANNEL_REFERRAL),
    WORD("partner", CHANNEL_REFERRAL),
    {NULL, 0, CHANNEL_DIRECT},
};

static const struct word ids[] = {
    WORD("gclid", CHANNEL_PPC),   WORD("gbraid", CHANNEL_PPC),    WORD("wbraid", CHANNEL_PPC),
    WORD("msclkid", CHANNEL_PPC), WORD("fbclid", CHANNEL_SOCIAL), WORD("ttclid", CHANNEL_SOCIAL),
    {NULL, 0, CHANNEL_DIRECT},
};

static const struct word sources[] = {
    WORD("google", CHANNEL_SEO),         WORD("bing", CHANNEL_SEO),
    WORD("yahoo", CHANNEL_SEO),          WORD("duckduckgo", CHANNEL_SEO),
    WORD("baidu", CHANNEL_SEO),          WORD("yandex", CHANNEL_SEO),
    WORD("ecosia", CHANNEL_SEO),         WORD("qwant", CHANNEL_SEO),
    WORD("facebook", CHANNEL_SOCIAL),    WORD("instagram", CHANNEL_SOCIAL),
    WORD("linkedin", CHANNEL_SOCIAL),    WORD("twitter", CHANNEL_SOCIAL),
    WORD("x", CHANNEL_SOCIAL),           WORD("tiktok", CHANNEL_SOCIAL),
    WORD("pinterest", CHANNEL_SOCIAL),   WORD("reddit", CHANNEL_SOCIAL),
    WORD("snapchat", CHANNEL_SOCIAL),    WORD("weibo", CHANNEL_SOCIAL),
    WORD("youtube", CHANNEL_VIDEO),      WORD("vimeo", CHANNEL_VIDEO),
    WORD("dailymotion", CHANNEL_VIDEO),  WORD("twitch", CHANNEL_VIDEO),
    WORD("bilibili", CHANNEL_VIDEO),     WORD("whatsapp", CHANNEL_MESSENGER),
    WORD("telegram", CHANNEL_MESSENGER), WORD("messenger", CHANNEL_MESSENGER),
    WORD("viber", CHANNEL_MESSENGER),    WORD("wechat", CHANNEL_MESSENGER),
    WORD("line", CHANNEL_MESSENGER),     WORD("signal", CHANNEL_MESSENGER),
    WORD("newsletter", CHANNEL_EMAIL),   WORD("mailchimp", CHANNEL_EMAIL),
    WORD("email", CHANNEL_EMAIL),        {NULL, 0, CHANNEL_DIRECT},
};

static const struct word *find(const struct word *table, struct span text)
{
    for (; table->word != NULL && !span_empty(text); table++)
        if (table->len == text.len && ascii_is(text, table->word))
            return table;
    return NULL;
}

static const struct word *click_id(struct span link)
{
    const char *at = memchr(link.ptr != NULL ? link.ptr : "", '?', link.len);
    struct query q;
    struct span name, value;
    if (at == NULL)
        return NULL;
    query_open(&q, span_skip(link, (size_t)(at - link.ptr) + 1));
    const struct word *found = NULL;
    while (found == NULL && query_next(&q, &name, &value))
        if (!span_empty(value))
            found = find(ids, name);
    return found;
}

enum channel channel_of(struct span utm_source, struct span utm_medium, struct span deep_link)
{
    const struct word *w = find(media, utm_medium);
    if (w == NULL)
        w = click_id(deep_link);
    if (w == NULL)
        w = find(sources, utm_source);
    if (w != NULL)
        return w->is;
    return span_empty(utm_source) && span_empty(utm_medium) ? CHANNEL_DIRECT : CHANNEL_REFERRAL;
}
