#include <stdio.h>

#include "tests/support/world.h"

typedef enum err completing(const json_t *, struct span, struct buf *, struct problem *);

static void completes(completing *complete, const char *in, const char *id, const char *expected)
{
    struct buf got = document_of(complete, in, id);
    char *want = xstrdup(expected);
    for (char *c = want; *c; c++)
        if (*c == '\'')
            *c = '"';
    buf_byte(&got, '\0');
    assert_string_equal(got.ptr, want);
    free(want);
    buf_free(&got);
}

static void campaign_defaults_are_written_out(void **state)
{
    (void)state;
    completes(
        campaign_document, "{" CAMPAIGN_HEAD "}", "K1",
        "{'accept_from':['advertiser','publisher'],'advertiser':'A1','allowed_hosts':[],'attribution':{'click_"
        "days':30,'half_life_days':7,'model':'last'},"
        "'caps':{},'click_param':'click_id','currency':'EUR','dedupe':{'by':['email','phone'],'days':90},'"
        "default_country':'','dispositions':'any','fallback_url':'','id':'K1','landing_url':'https://"
        "shop.example/land',"
        "'lead':{'disposable_email':'ok','hold_below_s':0,'honeypot':'','min_click_to_lead_s':0,'require':[],'require_"
        "any':['email','phone'],'"
        "rules':[]},'name':'Test','"
        "pass':[],'paused':false,'payable_classes':['ok'],"
        "'pixel_leads':'off','referrer_policy':'no-referrer-when-downgrade','repeat_window_s':3600,'return_days':30,"
        "'review':{'auto_approve_days':14,'mode':'auto'},'score':{},'timezone':'UTC'}");
}

static void the_documented_campaign_is_taken_whole(void **state)
{
    (void)state;
    completes(
        campaign_document,
        "{'advertiser':'A1','name':'Solar','currency':'EUR','landing_url':'https://shop.example/"
        "land?a=1#top','allowed_hosts':['*.shop.example'],"
        "'default_country':'uk','click_param':'cid','pass':['aff','x.y'],'fallback_url':'https://home.example/"
        "','timezone':'Europe/"
        "Paris','lead':{'require':['country','phone','email'],'require_any':['phone'],'rules':[{'field':'country','in':"
        "['FR','BE']},"
        "{'field':'f_age','min':25,'max':70},{'equals':'yes','field':'f_owner'}],'min_click_to_lead_s':2,'hold_below_s'"
        ":5,'honeypot':'f_website','disposable_email':'hold'},"
        "'dedupe':{'by':['phone'],'days':30},'attribution':{'model':'time-decay','click_days':7,'half_life_days':3},'"
        "review':{'mode':'manual','"
        "auto_approve_days':3},"
        "'score':{'facts':['f_age','sub1','hour'],'cross':['sub1','f_age'],'hold_below':150},"
        "'return_days':10,'caps':{'day':null,'month':0,'budget_micros_month':9007199254740991},'accept_from':['"
        "publisher'],'"
        "pixel_leads':'hold',"
        "'paused':true,'payable_classes':['repeat','ok'],'repeat_window_s':0,'referrer_policy':'origin'}",
        "K1",
        "{'accept_from':['publisher'],'advertiser':'A1','allowed_hosts':['*.shop.example'],'attribution':{'click_days':"
        "7,'half_life_days':3,'model':'time-decay'},"
        "'caps':{'budget_micros_month':9007199254740991,'month':0},'click_param':'cid','currency':'EUR','dedupe':{'by':"
        "['phone'],'days':30},'default_country':'GB','dispositions':'any','"
        "fallback_url':'https://"
        "home.example/','id':'K1','landing_url':'https://shop.example/"
        "land?a=1#top',"
        "'lead':{'disposable_email':'hold','hold_below_s':5,'honeypot':'f_website','min_click_to_lead_s':2,'require':['"
        "email','phone','country'],"
        "'require_any':['phone'],'rules':[{'field':'country','in':['FR','BE']},{'field':'f_age','max':70,'min':25},{'"
        "equals':'yes','field':'f_"
        "owner'}]},"
        "'name':'Solar','pass':['aff','x.y'],'paused':true,'payable_classes':['ok','repeat'],'pixel_leads':'hold','"
        "referrer_policy':'"
        "origin','"
        "repeat_window_s':0,'return_days':10,"
        "'review':{'auto_approve_days':3,'mode':'manual'},"
        "'score':{'cross':['f_age','sub1'],'facts':['f_age','sub1','hour'],'hold_below':150,'hold_days':3,"
        "'max_held_permille':200},'timezone':'Europe/Paris'}");
}

static void contract_defaults_are_written_out(void **state)
{
    (void)state;
    completes(contract_document, "{'campaign':'K1','publisher':'P1'}", "C1",
              "{'assent':'operator','campaign':'K1','caps':{},'due_days':30,'ends_at':'','id':'C1','price':{'click_"
              "micros':0,'"
              "impression_micros':0,'lead':[],"
              "'sale_ppm':0},"
              "'publisher':'P1','set_off':'owed','settle':'manual','starts_at':'','vat_ppm':0}");
}

static void a_contract_is_taken_whole(void **state)
{
    (void)state;
    completes(
        contract_document,
        "{'campaign':'K1','publisher':'','price':{'lead':[{'when':{'field':'country','in':['FR']},'micros':"
        "12000000},{'micros':8000000}],"
        "'click_micros':10,'impression_micros':1,'sale_ppm':0},'caps':{},'starts_at':'2026-01-01T01:00:00+01:00','ends_"
        "at':'2026-02-01T00:00:00.5Z'}",
        "C1",
        "{'assent':'operator','campaign':'K1','caps':{},'due_days':30,'ends_at':'2026-02-01T00:00:00.500Z','id':'C1','"
        "price':{'click_"
        "micros':10,'"
        "impression_micros':1,"
        "'lead':[{'micros':12000000,'when':{'field':'country','in':['FR']}},{'micros':8000000}],'sale_ppm':0},"
        "'publisher':'','set_off':'owed','settle':'manual','starts_at':'2026-01-01T00:00:00.000Z','vat_ppm':0}");
}

#define RULES(list) CAMPAIGN_HEAD ",'lead':{'rules':[" list "]}"
/* Tiers by one field, a price each. */
#define TIER(when) "{'micros':1,'when':{'field':'f_a'," when "}}"
#define TIERS2(a, b) "'campaign':'K1','price':{'lead':[" TIER(a) "," TIER(b) "]}"
#define TIERS3(a, b, c) "'campaign':'K1','price':{'lead':[" TIER(a) "," TIER(b) "," TIER(c) "]}"

#define BY_SCORE(assent, when)                                                                                         \
    "'campaign':'K1','publisher':'P1','assent':'" assent                                                               \
    "','price':{'lead':[{'micros':1,'when':{'field':'score'," when "}}]}"

/* Members after the head of a campaign, or a whole contract; the field that the refusal names. */
static const struct {
    const char *campaign, *contract, *field;
} refused[] = {
    {"'name':'x','currency':'EUR','landing_url':'https://a.example'", NULL, "advertiser"},
    {"'advertiser':'A1','currency':'EUR','landing_url':'https://a.example'", NULL, "name"},
    {"'advertiser':'A1','name':'x','landing_url':'https://a.example'", NULL, "currency"},
    {"'advertiser':'A1','name':'x','currency':'EUR'", NULL, "landing_url"},
    {"'advertiser':'A1','name':'','currency':'EUR','landing_url':'https://a.example'", NULL, "name"},
    {"'advertiser':'A1','name':' \xe2\x80\x8b','currency':'EUR','landing_url':'https://a.example'", NULL, "name"},
    {"'advertiser':'A1','name':'x','currency':'EUX','landing_url':'https://a.example'", NULL, "currency"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'ftp://a.example'", NULL, "landing_url"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://'", NULL, "landing_url"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://a@b.example/'", NULL, "landing_url"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://a.example/\\n'", NULL, "landing_url"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://a.example\\\\@b.example'", NULL,
     "landing_url"},
    {CAMPAIGN_HEAD ",'id':'K9'", NULL, "id"},
    {CAMPAIGN_HEAD ",'colour':1", NULL, "colour"},
    {CAMPAIGN_HEAD ",'lead':{'need':[]}", NULL, "lead.need"},
    {CAMPAIGN_HEAD ",'lead':{'require':['email','age']}", NULL, "lead.require[1]"},
    {CAMPAIGN_HEAD ",'lead':{'require':'email'}", NULL, "lead.require"},
    {CAMPAIGN_HEAD ",'lead':{'require_any':'email'}", NULL, "lead.require_any"},
    {CAMPAIGN_HEAD ",'lead':{'require_any':['email','last_name']}", NULL, "lead.require_any[1]"},
    {CAMPAIGN_HEAD ",'lead':{'require_any':['phone','phone']}", NULL, "lead.require_any[1]"},
    {CAMPAIGN_HEAD ",'lead':{'honeypot':'website'}", NULL, "lead.honeypot"},
    {CAMPAIGN_HEAD ",'lead':{'disposable_email':'no'}", NULL, "lead.disposable_email"},
    {CAMPAIGN_HEAD ",'lead':{'disposable_email':1}", NULL, "lead.disposable_email"},
    {CAMPAIGN_HEAD ",'default_country':'XX'", NULL, "default_country"},
    {CAMPAIGN_HEAD ",'default_country':'France'", NULL, "default_country"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'country','in':['FR','Frankreich']}]}", NULL, "lead.rules[0].in[1]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'country','equals':'XX'}]}", NULL, "lead.rules[0].equals"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_x','equals':' \xc2\xa0'}]}", NULL, "lead.rules[0].equals"},
    {CAMPAIGN_HEAD ",'lead':{'honeypot':'f_0123456789012345678901234567890123456789012345678901234567890123x'}", NULL,
     "lead.honeypot"},
    {CAMPAIGN_HEAD ",'lead':{'hold_below_s':-1}", NULL, "lead.hold_below_s"},
    {CAMPAIGN_HEAD ",'lead':{'hold_below_s':5,'min_click_to_lead_s':6}", NULL, "lead.hold_below_s"},
    {CAMPAIGN_HEAD ",'lead':{'hold_below_s':5,'min_click_to_lead_s':5}", NULL, "lead.hold_below_s"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':['x']},{'field':'f_b'}]}", NULL, "lead.rules[1]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':['x'],'equals':'x'}]}", NULL, "lead.rules[0]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':[]}]}", NULL, "lead.rules[0].in"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':['x','']}]}", NULL, "lead.rules[0].in[1]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':[1]}]}", NULL, "lead.rules[0].in[0]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','equals':''}]}", NULL, "lead.rules[0].equals"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','min':3,'max':2}]}", NULL, "lead.rules[0].max"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'email','equals':'x'}]}", NULL, "lead.rules[0].field"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'equals':'x'}]}", NULL, "lead.rules[0].field"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','equals':'x','like':'y'}]}", NULL, "lead.rules[0].like"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[7]}", NULL, "lead.rules[0]"},
    {RULES("{'field':'country','min':3}"), NULL, "lead.rules[0].min"},
    {RULES("{'field':'country','max':3}"), NULL, "lead.rules[0].max"},
    {RULES("{'field':'f_a','min':10},{'field':'f_b','min':1},{'field':'f_a','max':5}"), NULL, "lead.rules[2].max"},
    {RULES("{'field':'f_a','max':5},{'field':'f_a','min':10,'max':20}"), NULL, "lead.rules[1].min"},
    {RULES("{'field':'f_a','equals':'1'},{'field':'f_a','equals':'2'}"), NULL, "lead.rules[1].equals"},
    {RULES("{'field':'f_a','in':['a','b']},{'field':'f_a','in':['c','d']}"), NULL, "lead.rules[1].in"},
    {RULES("{'field':'f_a','in':['a','b']},{'field':'f_a','in':['b','c']},{'field':'f_a','in':['c','a']}"), NULL,
     "lead.rules[2].in"},
    {RULES("{'field':'f_a','equals':'7'},{'field':'f_a','min':8}"), NULL, "lead.rules[1].min"},
    {RULES("{'field':'f_a','equals':'7'},{'field':'f_a','min':1,'max':6}"), NULL, "lead.rules[1].max"},
    {RULES("{'field':'f_a','equals':'blue'},{'field':'f_a','max':6}"), NULL, "lead.rules[1].max"},
    {RULES("{'field':'f_a','min':8},{'field':'f_a','equals':'7'}"), NULL, "lead.rules[1].equals"},
    {RULES("{'field':'country','equals':'UK'},{'field':'country','in':['FR']}"), NULL, "lead.rules[1].in"},
    {CAMPAIGN_HEAD ",'lead':{'require':['email','f_a','email']}", NULL, "lead.require[2]"},
    {CAMPAIGN_HEAD ",'lead':{'require':['f_a','f_a']}", NULL, "lead.require[1]"},
    {CAMPAIGN_HEAD ",'lead':{'require':['f_a'],'honeypot':'f_a'}", NULL, "lead.honeypot"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','min':1}],'honeypot':'f_a'}", NULL, "lead.honeypot"},
    {CAMPAIGN_HEAD ",'dedupe':{'by':['email','email']}", NULL, "dedupe.by[1]"},
    {CAMPAIGN_HEAD ",'dedupe':{'days':0}", NULL, "dedupe.days"},
    {CAMPAIGN_HEAD ",'accept_from':[]", NULL, "accept_from"},
    {CAMPAIGN_HEAD ",'accept_from':['auditor']", NULL, "accept_from[0]"},
    {CAMPAIGN_HEAD ",'attribution':{'model':'shapley'}", NULL, "attribution.model"},
    {CAMPAIGN_HEAD ",'attribution':{'click_days':0}", NULL, "attribution.click_days"},
    {CAMPAIGN_HEAD ",'caps':{'day':-1}", NULL, "caps.day"},
    {CAMPAIGN_HEAD ",'caps':{'day':'5'}", NULL, "caps.day"},
    {CAMPAIGN_HEAD ",'caps':{'day':true}", NULL, "caps.day"},
    {CAMPAIGN_HEAD ",'caps':{'budget_micros_month':-5}", NULL, "caps.budget_micros_month"},
    {CAMPAIGN_HEAD ",'caps':7", NULL, "caps"},
    {CAMPAIGN_HEAD ",'caps':{'week':5}", NULL, "caps.week"},
    {CAMPAIGN_HEAD ",'pixel_leads':'On'", NULL, "pixel_leads"},
    {CAMPAIGN_HEAD ",'pixel_leads':true", NULL, "pixel_leads"},
    {CAMPAIGN_HEAD ",'payable_classes':['ok','prefetch']", NULL, "payable_classes[1]"},
    {CAMPAIGN_HEAD ",'payable_classes':['test']", NULL, "payable_classes[0]"},
    {CAMPAIGN_HEAD ",'payable_classes':['ended']", NULL, "payable_classes[0]"},
    {CAMPAIGN_HEAD ",'payable_classes':['ok','ok']", NULL, "payable_classes[1]"},
    {CAMPAIGN_HEAD ",'payable_classes':['']", NULL, "payable_classes[0]"},
    {CAMPAIGN_HEAD ",'payable_classes':'ok'", NULL, "payable_classes"},
    {CAMPAIGN_HEAD ",'repeat_window_s':-1", NULL, "repeat_window_s"},
    {CAMPAIGN_HEAD ",'repeat_window_s':2592001", NULL, "repeat_window_s"},
    {CAMPAIGN_HEAD ",'review':{'mode':'never'}", NULL, "review.mode"},
    {CAMPAIGN_HEAD ",'review':7", NULL, "review"},
    {CAMPAIGN_HEAD ",'timezone':'Europe Paris'", NULL, "timezone"},
    {CAMPAIGN_HEAD ",'referrer_policy':'whatever'", NULL, "referrer_policy"},
    {CAMPAIGN_HEAD ",'click_param':''", NULL, "click_param"},
    {CAMPAIGN_HEAD ",'click_param':'a b'", NULL, "click_param"},
    {CAMPAIGN_HEAD ",'fallback_url':'/home'", NULL, "fallback_url"},
    {CAMPAIGN_HEAD ",'fallback_url':'https://home.example/{sub1}'", NULL, "fallback_url"},
    {CAMPAIGN_HEAD ",'pass':['ok','a&b']", NULL, "pass[1]"},
    {CAMPAIGN_HEAD ",'pass':['sub0','sub1']", NULL, "pass[1]"},
    {CAMPAIGN_HEAD ",'pass':['sub6','sub5']", NULL, "pass[1]"},
    {CAMPAIGN_HEAD ",'pass':['to']", NULL, "pass[0]"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://l.example/?a={sub1}&b={SUB1}'", NULL,
     "landing_url"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://l.example/{sub9}'", NULL, "landing_url"},
    {CAMPAIGN_HEAD ",'allowed_hosts':['*.com']", NULL, "allowed_hosts[0]"},
    {CAMPAIGN_HEAD ",'allowed_hosts':['a.example','a.example.']", NULL, "allowed_hosts[1]"},
    {CAMPAIGN_HEAD ",'allowed_hosts':['*.com.']", NULL, "allowed_hosts[0]"},
    {"'advertiser':'A1','name':'x','currency':'EUR','landing_url':'https://{sub1}.example/'", NULL, "landing_url"},
    {CAMPAIGN_HEAD ",'allowed_hosts':['ok.example','http://x.example']", NULL, "allowed_hosts[1]"},
    {CAMPAIGN_HEAD ",'allowed_hosts':['*']", NULL, "allowed_hosts[0]"},
    {NULL, "'publisher':'P1'", "campaign"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':-1}]}", "price.lead[0].micros"},
    {NULL, "'campaign':'K1','price':{'lead':[{}]}", "price.lead[0].micros"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1},{'micros':2}]}", "price.lead[1]"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'country','in':['']}}]}",
     "price.lead[0].when.in[0]"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'if':1}]}", "price.lead[0].if"},
    {NULL, TIERS2("'min':40", "'min':50"), "price.lead[1].when"},
    {NULL, TIERS3("'max':1", "'min':40", "'min':50,'max':60"), "price.lead[2].when"},
    {NULL, TIERS3("'max':5", "'min':5", "'min':3,'max':7"), "price.lead[2].when"}, /* both of them together */
    {NULL, TIERS3("'max':5", "'min':5", "'min':5,'max':5"), "price.lead[2].when"},
    {NULL, TIERS3("'in':['1','5']", "'in':['a']", "'min':5,'max':5"), "price.lead[2].when"},
    {NULL, TIERS2("'equals':'x'", "'equals':'x'"), "price.lead[1].when"},
    {NULL, TIERS3("'in':['x','y']", "'min':40", "'in':['y','41']"), "price.lead[2].when"},
    {NULL, TIERS2("'min':'a'", "'min':1"), "price.lead[0].when.min"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'sub6','equals':'x'}}]}",
     "price.lead[0].when.field"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'device','in':['phone','toaster']}}]}",
     "price.lead[0].when.in[1]"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'device','min':1}}]}", "price.lead[0].when"},
    {NULL, BY_SCORE("operator", "'min':700"), "price.lead[0].when.field"},
    {NULL, BY_SCORE("both", "'min':1001"), "price.lead[0].when.min"},
    {NULL, BY_SCORE("both", "'max':-1"), "price.lead[0].when.max"},
    {NULL, BY_SCORE("both", "'equals':'700'"), "price.lead[0].when.equals"},
    {NULL, BY_SCORE("both", "'in':['700']"), "price.lead[0].when.in"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'class','equals':'fine'}}]}",
     "price.lead[0].when.equals"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'placement','equals':'0'}}]}",
     "price.lead[0].when.equals"},
    {NULL, "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'sub1','in':[' ']}}]}",
     "price.lead[0].when.in[0]"},
    {CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'sub1','equals':'x'}]}", NULL, "lead.rules[0].field"},
    {NULL, "'campaign':'K1','price':{'sale_ppm':-1}", "price.sale_ppm"},
    {NULL, "'campaign':'K1','price':{'sale_ppm':1000001}", "price.sale_ppm"},
    {NULL, "'campaign':'K1','price':{'click_micros':'1'}", "price.click_micros"},
    {NULL, "'campaign':'K1','caps':{'month':-1}", "caps.month"},
    {NULL, "'campaign':'K1','assent':'none'", "assent"},
    {NULL, "'campaign':'K1','assent':'both'", "assent"}, /* nobody else is there */
    {NULL, "'campaign':'K1','set_off':'never'", "set_off"},
    {CAMPAIGN_HEAD ",'score':{'facts':['f_a','email']}", NULL, "score.facts[1]"},
    {CAMPAIGN_HEAD ",'score':{'facts':['f_a','device']}", NULL, "score.facts[1]"},
    {CAMPAIGN_HEAD ",'score':{'hold_below':5}", NULL, "score.facts"},
    {CAMPAIGN_HEAD ",'score':{'facts':['f_a','hour'],'cross':['hour','f_a','wait']}", NULL, "score.cross[2]"},
    {CAMPAIGN_HEAD ",'score':{'facts':['f_a'],'hold_below':1001}", NULL, "score.hold_below"},
    {CAMPAIGN_HEAD ",'score':{'facts':['f_a'],'why':1}", NULL, "score.why"},
    {CAMPAIGN_HEAD ",'lead':{'honeypot':'f_a'},'score':{'facts':['f_a']}", NULL, "lead.honeypot"},
    {NULL, "'campaign':'K1','starts_at':'yesterday'", "starts_at"},
    {NULL, "'campaign':'K1','starts_at':'2026-02-01T00:00:00Z','ends_at':'2026-02-01T00:00:00Z'", "ends_at"},
    {NULL, "'campaign':'K1','name':'x'", "name"},
};

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *members = refused[i].campaign != NULL ? refused[i].campaign : refused[i].contract;
        char text[1024];
        struct problem p = {0};
        struct buf out;
        snprintf(text, sizeof text, "{%s}", members);
        json_t *in = json_of(text);
        buf_heap(&out);
        enum err err = (refused[i].campaign != NULL ? campaign_document : contract_document)(in, SPAN("X1"), &out, &p);
        if (err != ERR_INVALID || strcmp(p.field, refused[i].field) != 0 || !*p.detail || out.len)
            fail_msg("%s: %s %s %s", text, err_word(err), p.field, p.detail);
        buf_free(&out);
        json_decref(in);
    }
}

/* What narrows, or overlaps, is no contradiction. */
static void what_some_lead_can_meet_is_taken(void **state)
{
    static const struct {
        const char *campaign, *contract;
    } taken[] = {
        {RULES("{'field':'f_a','min':10},{'field':'f_a','max':10},{'field':'f_b','max':5}"), NULL},
        {RULES("{'field':'f_a','in':['7','9']},{'field':'f_a','min':8},{'field':'f_a','in':['9.0','3']}"), NULL},
        {RULES("{'field':'f_a','equals':'x'},{'field':'f_b','equals':'y'},{'field':'f_a','equals':'x'}"), NULL},
        {RULES("{'field':'country','in':['UK','FR']},{'field':'country','equals':'GB'}"), NULL},
        {CAMPAIGN_HEAD ",'lead':{'honeypot':'f_b','require':['f_a'],'rules':[{'field':'f_a','min':1}]}", NULL},
        {NULL, TIERS2("'min':50", "'min':40")},
        {NULL, TIERS3("'max':5", "'min':6", "'min':3,'max':7")}, /* 5.5 */
        {NULL, TIERS3("'min':1,'max':5", "'min':5,'max':9", "'min':5,'max':10")},
        {NULL, TIERS2("'equals':'x'", "'in':['x','y']")},
        {NULL, TIERS2("'min':5,'max':5", "'max':5")},
        {NULL, TIERS2("'max':5", "'equals':'x'")},
        {NULL,
         "'campaign':'K1','price':{'lead':[{'micros':1,'when':{'field':'f_a','min':1}},{'micros':1,'when':{'field'"
         ":'f_b','min':1}},{'micros':1}]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        char text[1024];
        bool campaign = taken[i].campaign != NULL;
        snprintf(text, sizeof text, "{%s}", campaign ? taken[i].campaign : taken[i].contract);
        struct buf out = document_of(campaign ? campaign_document : contract_document, text, "X1");
        buf_free(&out);
    }
}

/* What stands in a log means what it meant, whatever is refused today. */
static void a_stored_contradiction_compiles(void **state)
{
    struct problem p = {0};
    struct terms *t = NULL;
    struct buf campaign = document_of(campaign_document,
                                      "{" RULES("{'equals':'11','field':'f_a'},{'equals':'11','field':'"
                                                "f_a'}") "}",
                                      "K1");
    struct buf contract = document_of(contract_document, "{" TIERS2("'min':50", "'min':40") "}", "C1");
    (void)state;
    *(char *)memmem(campaign.ptr, campaign.len, "11", 2) = '2';
    memcpy(memmem(contract.ptr, contract.len, "50", 2), "30", 2);
    assert_ok(terms_compile(buf_span(&campaign), buf_span(&contract), &t, &p));
    terms_free(t);
    json_t *patch = json_of("{'name':'again'}");
    struct buf out;
    buf_heap(&out);
    assert_int_equal(campaign_patch(buf_span(&campaign), patch, &out, &p), ERR_INVALID);
    assert_string_equal(p.field, "lead.rules[1].equals");
    json_decref(patch);
    buf_free(&out);
    buf_free(&campaign);
    buf_free(&contract);
}

static void numbers_are_taken_up_to_their_bounds(void **state)
{
    static const struct {
        const char *head, *tail, *field;
        long long least, most;
    } bounds[] = {
        {CAMPAIGN_HEAD ",'attribution':{'click_days':", "}", "attribution.click_days", 1, 365},
        {CAMPAIGN_HEAD ",'attribution':{'half_life_days':", "}", "attribution.half_life_days", 1, 365},
        {CAMPAIGN_HEAD ",'dedupe':{'days':", "}", "dedupe.days", 1, 3650},
        {CAMPAIGN_HEAD ",'lead':{'hold_below_s':", "}", "lead.hold_below_s", 0, 86400},
        {CAMPAIGN_HEAD ",'lead':{'min_click_to_lead_s':", "}", "lead.min_click_to_lead_s", 0, 86400},
        {CAMPAIGN_HEAD ",'review':{'auto_approve_days':", "}", "review.auto_approve_days", 0, 365},
        {CAMPAIGN_HEAD ",'return_days':", "", "return_days", 0, 365},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const long long values[] = {bounds[i].least - 1, bounds[i].least, bounds[i].most, bounds[i].most + 1};
        for (int v = 0; v < 4; v++) {
            char text[600];
            struct problem p = {0};
            struct buf out;
            snprintf(text, sizeof text, "{%s%lld%s}", bounds[i].head, values[v], bounds[i].tail);
            json_t *in = json_of(text);
            buf_heap(&out);
            enum err err = campaign_document(in, SPAN("X1"), &out, &p);
            bool inside = v == 1 || v == 2;
            if (err != (inside ? ERR_OK : ERR_INVALID) || (!inside && strcmp(p.field, bounds[i].field) != 0))
                fail_msg("%s = %lld: %s %s", bounds[i].field, values[v], err_word(err), p.field);
            buf_free(&out);
            json_decref(in);
        }
    }
}

static void a_document_too_long_for_an_entry_is_refused(void **state)
{
    (void)state;
    char value[LIMIT_FIELD + 1];
    json_t *in = json_of("{" CAMPAIGN_HEAD ",'lead':{'rules':[{'field':'f_a','in':['x']}]}}"), *values;
    struct problem p = {0};
    struct buf out;

    values = json_object_get(json_array_get(json_object_get(json_object_get(in, "lead"), "rules"), 0), "in");
    memset(value, 'v', LIMIT_FIELD);
    value[LIMIT_FIELD] = '\0';
    for (int i = 1; i < LIMIT_VALUES; i++)
        json_array_append_new(values, json_string(value));
    buf_heap(&out);
    assert_int_equal(campaign_document(in, SPAN("K1"), &out, &p), ERR_INVALID);
    assert_int_equal(out.len, 0);
    json_decref(in);
}

static enum err patched(enum err (*patch)(struct span, const json_t *, struct buf *, struct problem *),
                        struct buf stored, const char *with, struct buf *out, struct problem *p)
{
    json_t *in = json_of(with);
    buf_heap(out);
    enum err err = patch(buf_span(&stored), in, out, p);
    json_decref(in);
    return err;
}

static void a_patch_merges_and_null_restores_the_default(void **state)
{
    (void)state;
    struct buf stored = document_of(
        campaign_document, "{" CAMPAIGN_HEAD ",'lead':{'require':['email'],'hold_below_s':5},'return_days':3}", "K1");
    struct buf expected =
        document_of(campaign_document, "{" CAMPAIGN_HEAD ",'lead':{'require':['phone'],'hold_below_s':5}}", "K1");
    struct problem p = {0};
    struct buf out;

    assert_int_equal(patched(campaign_patch, stored, "{'lead':{'require':['phone']},'return_days':null}", &out, &p),
                     ERR_OK);
    assert_true(span_eq(buf_span(&out), buf_span(&expected)));
    buf_free(&out);
    buf_free(&expected);
    buf_free(&stored);
}

static void a_patch_cannot_change_whose_it_is(void **state)
{
    static const struct {
        bool campaign;
        const char *patch, *field;
    } cases[] = {
        {true, "{'id':'K2'}", "id"},
        {true, "{'advertiser':'A2'}", "advertiser"},
        {true, "{'currency':'USD'}", "currency"},
        {true, "{'currency':null}", "currency"},
        {true, "{'colour':1}", "colour"},
        {true, "{'lead':{'require':7}}", "lead.require"},
        {false, "{'campaign':'K2'}", "campaign"},
        {false, "{'publisher':'P2'}", "publisher"},
        {false, "{'price':{'lead':[{}]}}", "price.lead[0].micros"},
    };
    struct buf campaign = document_of(campaign_document, "{" CAMPAIGN_HEAD "}", "K1");
    struct buf contract = document_of(contract_document, "{'campaign':'K1','publisher':'P1'}", "C1");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem p = {0};
        struct buf out;
        enum err err = patched(cases[i].campaign ? campaign_patch : contract_patch,
                               cases[i].campaign ? campaign : contract, cases[i].patch, &out, &p);
        if (err != ERR_INVALID || strcmp(p.field, cases[i].field) != 0)
            fail_msg("%s: %s %s %s", cases[i].patch, err_word(err), p.field, p.detail);
        buf_free(&out);
    }
    buf_free(&campaign);
    buf_free(&contract);
}

/* Every byte matters: a document with one byte changed compiles to something else or not at all. */
static void only_complete_canonical_documents_compile(void **state)
{
    struct buf campaign = document_of(campaign_document, "{" CAMPAIGN_HEAD "}", "K1");
    struct buf contract = document_of(contract_document, "{'campaign':'K1','publisher':'P1'}", "C1");
    struct buf other = document_of(contract_document, "{'campaign':'K2','publisher':'P1'}", "C1");
    struct terms *t = NULL;

    (void)state;
    assert_int_equal(terms_compile(buf_span(&campaign), buf_span(&contract), &t, NULL), ERR_OK);
    terms_free(t);
    assert_int_equal(terms_compile(buf_span(&campaign), buf_span(&other), &t, NULL), ERR_CORRUPT);
    assert_int_equal(terms_compile(SPAN("{\"id\":\"K1\"}"), buf_span(&contract), &t, NULL), ERR_CORRUPT);
    assert_int_equal(terms_compile(span_of(campaign.ptr, campaign.len - 1), buf_span(&contract), &t, NULL),
                     ERR_CORRUPT);
    char *at = memmem(campaign.ptr, campaign.len, "\"click_days\":30", 15);
    assert_non_null(at);
    memcpy(at, "\"click_dayz\":30", 15);
    assert_int_equal(terms_compile(buf_span(&campaign), buf_span(&contract), &t, NULL), ERR_CORRUPT);
    buf_free(&campaign);
    buf_free(&contract);
    buf_free(&other);
}

static void assert_compiled(struct terms *t, const struct buf *campaign, const struct buf *contract)
{
    const struct buf *const documents[] = {campaign, contract};
    for (int i = 0; i < 2; i++) {
        struct buf text;
        buf_heap(&text);
        terms_document(t, i, &text);
        assert_true(span_eq(buf_span(&text), buf_span(documents[i])));
        buf_free(&text);
    }
}

/* Of a campaign's contracts one tree is enough; of another document it would be the wrong one. */
static void terms_beside_others_share_the_campaign_they_have_alike(void **state)
{
    struct buf campaign = document_of(campaign_document, "{" CAMPAIGN_HEAD ",'allowed_hosts':['a.example']}", "K1");
    struct buf another = document_of(campaign_document, "{" CAMPAIGN_HEAD ",'allowed_hosts':['b.example']}", "K1");
    struct buf contract = document_of(contract_document, "{'campaign':'K1','publisher':'P1'}", "C1");
    struct buf later = document_of(contract_document, "{'campaign':'K1','publisher':'P2'}", "C2");
    struct terms *first = NULL, *alike = NULL, *other = NULL;
    (void)state;
    assert_int_equal(terms_compile(buf_span(&campaign), buf_span(&contract), &first, NULL), ERR_OK);
    assert_int_equal(terms_compile_beside(first, buf_span(&campaign), buf_span(&later), &alike, NULL), ERR_OK);
    assert_int_equal(terms_compile_beside(first, buf_span(&another), buf_span(&later), &other, NULL), ERR_OK);
    assert_ptr_equal(alike->json[0], first->json[0]);
    assert_ptr_not_equal(other->json[0], first->json[0]);
    terms_free(first);
    assert_compiled(alike, &campaign, &later);
    assert_compiled(other, &another, &later);
    assert_true(span_is(alike->allowed_hosts[0], "a.example"));
    assert_true(span_is(other->allowed_hosts[0], "b.example"));
    terms_free(alike);
    terms_free(other);
    buf_free(&campaign);
    buf_free(&another);
    buf_free(&contract);
    buf_free(&later);
}

static void deep_links_go_to_allowed_hosts_only(void **state)
{
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"https://shop.example/other", true},
        {"https://SHOP.example:8080?x", true},
        {"http://shop.example/", false},
        {"https://a.b.pages.example/", true},
        {"https://pages.example/", false},
        {"https://xpages.example/", false},
        {"https://static.example#f", true},
        {"https://evil.example/shop.example", false},
        {"https://shop.example.evil.example/", false},
        {"https://shop.example@evil.example/", false},
        {"https://evil.example\\@shop.example/", false},
        {"https://evil.example/\r\nX: y", false},
        {"//shop.example/", false},
        {"javascript:alert(1)", false},
        {"https:shop.example", false},
        {"https://", false},
        {"https://shop.example:99999999/", false},
        {"https://shop.example:65536/", false},
        {"https://[::1]/", false},
        {"", false},
    };
    struct terms *t = terms_of(",'allowed_hosts':['*.pages.example','static.example']", "", "C1");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (terms_allows_link(t, span_str(cases[i].url)) != cases[i].allowed)
            fail_msg("%s", cases[i].url);
    terms_free(t);
}

static void rules_hold_or_do_not(void **state)
{
    static const struct {
        const char *rule, *value; /* value NULL: the field is absent */
        bool holds;
    } cases[] = {
        {"'field':'f_x','equals':'Yes'", "Yes", true},
        {"'field':'f_x','equals':'Yes'", "yes", false},
        {"'field':'f_x','equals':'Yes'", NULL, false},
        {"'field':'f_x','in':['a','b']", "b", true},
        {"'field':'f_x','in':['a','b']", "c", false},
        {"'field':'f_x','min':25,'max':70", "25", true},
        {"'field':'f_x','min':25,'max':70", "70", true},
        {"'field':'f_x','min':25,'max':70", "24", false},
        {"'field':'f_x','min':25,'max':70", "71", false},
        {"'field':'f_x','min':25", "1000", true},
        {"'field':'f_x','max':-1", "-5", true},
        {"'field':'f_x','min':25", "25.5", true},
        {"'field':'f_x','min':25", "old", false},
        {"'field':'f_x','min':25", "", false},
        {"'field':'country','in':['FR']", "fr", true},
        {"'field':'country','in':['FR']", "DE", false},
        {"'field':'country','in':['UK']", "GB", true},
        {"'field':'country','equals':'gr'", "EL", true},
        /* numbers as numbers */
        {"'field':'f_x','min':35,'max':35", "35 ", true},
        {"'field':'f_x','min':35,'max':35", "35.0", true},
        {"'field':'f_x','min':35,'max':35", "035", true},
        {"'field':'f_x','min':35,'max':35", "35.1", false},
        {"'field':'f_x','max':70", "70.000001", false},
        {"'field':'f_x','min':-5", "-5.5", false},
        {"'field':'f_x','min':35,'max':35", "\xef\xbc\x93\xef\xbc\x95", true},
        {"'field':'f_x','min':35,'max':35", "\xd9\xa3\xd9\xa5", true},
        {"'field':'f_x','equals':'35'", "35.0", true},
        {"'field':'f_x','in':['1','35']", " 035", true},
        {"'field':'f_x','equals':'35'", "35a", false},
        {"'field':'f_x','equals':'0.5'", "0.50", true},
        /* texts in form C */
        {"'field':'f_x','equals':'Orl\xc3\xa9"
         "ans'",
         "Orle\xcc\x81"
         "ans",
         true},
        {"'field':'f_x','equals':'Orl\xc3\xa9"
         "ans'",
         "Orleans", false},
        {"'field':'f_x','equals':'Yes'", "\xc2\xa0Yes\xe2\x80\x8b", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char members[256];
        snprintf(members, sizeof members, ",'lead':{'rules':[{%s}]}", cases[i].rule);
        struct terms *t = terms_of(members, "", "C1");
        struct fact fact = {t->rules[0].field, span_str(cases[i].value)};
        if (rule_holds(&t->rules[0], &fact, cases[i].value != NULL ? 1 : 0) != cases[i].holds)
            fail_msg("%s on %s", cases[i].rule, cases[i].value != NULL ? cases[i].value : "nothing");
        terms_free(t);
    }
}

static void facts_that_terms_look_at_are_known(void **state)
{
    struct terms *t =
        terms_of(",'lead':{'require':['f_req','email'],'rules':[{'field':'f_rule','min':1}],'honeypot':'f_pot'}",
                 ",'price':{'lead':[{'when':{'field':'f_tier','equals':'x'},'micros':1}]}", "C1");
    (void)state;
    assert_true(terms_uses_fact(t, SPAN("country")));
    assert_true(terms_uses_fact(t, SPAN("f_req")));
    assert_true(terms_uses_fact(t, SPAN("f_rule")));
    assert_true(terms_uses_fact(t, SPAN("f_tier")));
    assert_false(terms_uses_fact(t, SPAN("f_pot")));
    assert_false(terms_uses_fact(t, SPAN("f_other")));
    assert_false(terms_uses_fact(t, SPAN("email")));
    terms_free(t);
}

static void a_contract_is_active_between_its_dates(void **state)
{
    struct terms *open = terms_of("", "", "C1");
    struct terms *dated = terms_of("", ",'starts_at':'2026-01-01T00:00:00Z','ends_at':'2026-02-01T00:00:00Z'", "C1");
    (void)state;
    assert_true(terms_active(open, NOW));
    assert_false(terms_active(dated, dated->starts_ms - 1));
    assert_true(terms_active(dated, dated->starts_ms));
    assert_true(terms_active(dated, dated->ends_ms - 1));
    assert_false(terms_active(dated, dated->ends_ms));
    assert_true(terms_takes_traffic(dated, dated->starts_ms));
    assert_false(terms_takes_traffic(dated, dated->ends_ms));
    dated->paused = true;
    assert_false(terms_takes_traffic(dated, dated->starts_ms));
    assert_true(terms_active(dated, dated->starts_ms));
    terms_free(open);
    terms_free(dated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(campaign_defaults_are_written_out),
        cmocka_unit_test(the_documented_campaign_is_taken_whole),
        cmocka_unit_test(contract_defaults_are_written_out),
        cmocka_unit_test(a_contract_is_taken_whole),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(what_some_lead_can_meet_is_taken),
        cmocka_unit_test(a_stored_contradiction_compiles),
        cmocka_unit_test(numbers_are_taken_up_to_their_bounds),
        cmocka_unit_test(a_document_too_long_for_an_entry_is_refused),
        cmocka_unit_test(a_patch_merges_and_null_restores_the_default),
        cmocka_unit_test(a_patch_cannot_change_whose_it_is),
        cmocka_unit_test(only_complete_canonical_documents_compile),
        cmocka_unit_test(deep_links_go_to_allowed_hosts_only),
        cmocka_unit_test(terms_beside_others_share_the_campaign_they_have_alike),
        cmocka_unit_test(rules_hold_or_do_not),
        cmocka_unit_test(facts_that_terms_look_at_are_known),
        cmocka_unit_test(a_contract_is_active_between_its_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
