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
    enum channel is;
};

static const struct word media[] = {
    {"organic", CHANNEL_SEO},
    {"seo", CHANNEL_SEO},
    {"cpc", CHANNEL_PPC},
    {"ppc", CHANNEL_PPC},
    {"cpm", CHANNEL_PPC},
    {"cpv", CHANNEL_PPC},
    {"paid", CHANNEL_PPC},
    {"paidsearch", CHANNEL_PPC},
    {"paid_search", CHANNEL_PPC},
    {"paid-search", CHANNEL_PPC},
    {"sem", CHANNEL_PPC},
    {"ads", CHANNEL_PPC},
    {"banner", CHANNEL_PPC},
    {"display", CHANNEL_PPC},
    {"retargeting", CHANNEL_PPC},
    {"content", CHANNEL_CONTENT},
    {"article", CHANNEL_CONTENT},
    {"blog", CHANNEL_CONTENT},
    {"native", CHANNEL_CONTENT},
    {"advertorial", CHANNEL_CONTENT},
    {"video", CHANNEL_VIDEO},
    {"social", CHANNEL_SOCIAL},
    {"social-media", CHANNEL_SOCIAL},
    {"social_media", CHANNEL_SOCIAL},
    {"social-network", CHANNEL_SOCIAL},
    {"paid_social", CHANNEL_SOCIAL},
    {"paid-social", CHANNEL_SOCIAL},
    {"smm", CHANNEL_SOCIAL},
    {"sm", CHANNEL_SOCIAL},
    {"messenger", CHANNEL_MESSENGER},
    {"messaging", CHANNEL_MESSENGER},
    {"chat", CHANNEL_MESSENGER},
    {"sms", CHANNEL_MESSENGER},
    {"push", CHANNEL_MESSENGER},
    {"email", CHANNEL_EMAIL},
    {"e-mail", CHANNEL_EMAIL},
    {"e_mail", CHANNEL_EMAIL},
    {"mail", CHANNEL_EMAIL},
    {"newsletter", CHANNEL_EMAIL},
    {"referral", CHANNEL_REFERRAL},
    {"affiliate", CHANNEL_REFERRAL},
    {"partner", CHANNEL_REFERRAL},
    {NULL, CHANNEL_DIRECT},
};

static const struct word ids[] = {
    {"gclid", CHANNEL_PPC},     {"gbraid", CHANNEL_PPC},    {"wbraid", CHANNEL_PPC}, {"msclkid", CHANNEL_PPC},
    {"fbclid", CHANNEL_SOCIAL}, {"ttclid", CHANNEL_SOCIAL}, {NULL, CHANNEL_DIRECT},
};

static const struct word sources[] = {
    {"google", CHANNEL_SEO},         {"bing", CHANNEL_SEO},
    {"yahoo", CHANNEL_SEO},          {"duckduckgo", CHANNEL_SEO},
    {"baidu", CHANNEL_SEO},          {"yandex", CHANNEL_SEO},
    {"ecosia", CHANNEL_SEO},         {"qwant", CHANNEL_SEO},
    {"facebook", CHANNEL_SOCIAL},    {"instagram", CHANNEL_SOCIAL},
    {"linkedin", CHANNEL_SOCIAL},    {"twitter", CHANNEL_SOCIAL},
    {"x", CHANNEL_SOCIAL},           {"tiktok", CHANNEL_SOCIAL},
    {"pinterest", CHANNEL_SOCIAL},   {"reddit", CHANNEL_SOCIAL},
    {"snapchat", CHANNEL_SOCIAL},    {"weibo", CHANNEL_SOCIAL},
    {"youtube", CHANNEL_VIDEO},      {"vimeo", CHANNEL_VIDEO},
    {"dailymotion", CHANNEL_VIDEO},  {"twitch", CHANNEL_VIDEO},
    {"bilibili", CHANNEL_VIDEO},     {"whatsapp", CHANNEL_MESSENGER},
    {"telegram", CHANNEL_MESSENGER}, {"messenger", CHANNEL_MESSENGER},
    {"viber", CHANNEL_MESSENGER},    {"wechat", CHANNEL_MESSENGER},
    {"line", CHANNEL_MESSENGER},     {"signal", CHANNEL_MESSENGER},
    {"newsletter", CHANNEL_EMAIL},   {"mailchimp", CHANNEL_EMAIL},
    {"email", CHANNEL_EMAIL},        {NULL, CHANNEL_DIRECT},
};

static const struct word *find(const struct word *table, struct span text)
{
    for (; table->word != NULL && !span_empty(text); table++)
        if (ascii_to_lower(text.ptr[0]) == table->word[0] && ascii_is(text, table->word))
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
