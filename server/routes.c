/* The one visible table of URLs. */
#include "server/routes.h"

#include "server/api/api.h"
#include "server/audit/audit.h"
#include "server/live/live.h"
#include "server/pages/invite.h"
#include "server/pages/mail_sign_in.h"
#include "server/pages/pages.h"
#include "server/postback/postback.h"
#include "server/reports/reports.h"
#include "server/settlement/settlement.h"
#include "server/tracking/tracking.h"
#include "server/web/site.h"
#include "server/web/unsubscribe.h"

#define GET METHOD_GET
#define READ (METHOD_GET | METHOD_HEAD)
#define POST METHOD_POST
#define ANY ROUTE_ANY_PARTY
#define OPERATOR ROLE_OPERATOR
#define PUBLIC ROUTE_PUBLIC
#define PAGE ROUTE_PAGE
#define READS ROUTE_READS
#define SESSION (ROUTE_PAGE | ROUTE_SESSION)
#define VISITORS ROUTE_VISITORS

/* methods, pattern, who (and which scope its token wants), handler, after the commit, summary, of what is no request,
 * who sent it. First match wins. */
/* clang-format off */
static const struct route table[] = {
    {READ, "/c/{*}", VISITORS, click_handle, click_finish, "Tracking link: records the click and redirects to the landing page", click_fault},
    {READ | POST | METHOD_OPTIONS, "/p/{*}", VISITORS, pixel_handle, pixel_finish, "Tracking pixel: a view, an impression, or a thank-you page's lead; a transparent GIF of 43 bytes", pixel_fault, pixel_sender},
    {READ, "/t.js", VISITORS, tag_handle, NULL, "Tag for landing pages"},
    {GET | POST, "/postback", ROUTE_SIGNED, postback_query_handle, postback_finish, "Lead or disposition, signed query", NULL, postback_sender},
    {POST, "/postback/{}", ROUTE_SIGNED, postback_json_handle, postback_finish, "Lead or disposition, signed JSON (Standard Webhooks 1.0)", NULL, postback_sender},

    {POST, "/v1/parties", OPERATOR | MAY_CREDENTIALS, parties_create, control_finish, "Make a party; its secrets are shown once"},
    {READ, "/v1/parties", ANY, parties_list, NULL, "List parties that the caller may see"},
    {READ, "/v1/parties/{}", ANY, parties_get, NULL, "Read a party"},
    {METHOD_PATCH, "/v1/parties/{}", ANY | MAY_PARTIES, parties_patch, control_finish, "Say who a party is by law, for its statements; rename it"},
    {POST, "/v1/parties/{}/lock", ANY | MAY_CREDENTIALS, lock_create, control_finish, "Lock a party: nothing is taken from it, nor clicks of its codes"},
    {METHOD_DELETE, "/v1/parties/{}/lock", OPERATOR | MAY_CREDENTIALS, lock_delete, control_finish, "Unlock a party"},
    {POST, "/v1/parties/{}/secrets", ANY | MAY_CREDENTIALS, secrets_create, control_finish, "Make a new postback secret"},
    {METHOD_DELETE, "/v1/parties/{}/secrets/{}", ANY | MAY_CREDENTIALS, secrets_delete, control_finish, "Retire a postback secret"},
    {READ, "/v1/parties/{}/tokens", ANY, party_tokens_list, NULL, "List the party's API tokens that have not ended"},
    {POST, "/v1/parties/{}/tokens", ANY | MAY_CREDENTIALS, party_tokens_create, control_finish, "Make a new API token"},
    {METHOD_DELETE, "/v1/parties/{}/tokens/{}", ANY, party_tokens_delete, control_finish, "End an API token, at once"},
    {POST, "/v1/parties/{}/invitations", ANY | MAY_CREDENTIALS, invitations_create, control_finish, "Make an invitation: whoever opens its link gets an API token and a postback secret of the party, once"},
    {READ, "/v1/parties/{}/invitations", ANY, invitations_list, NULL, "List the party's invitations that were neither used nor withdrawn"},
    {METHOD_DELETE, "/v1/parties/{}/invitations/{}", ANY | MAY_CREDENTIALS, invitations_delete, control_finish, "Withdraw an invitation, at once"},
    {METHOD_PUT, "/v1/parties/{}/postback-key", ANY | MAY_CREDENTIALS, postback_key_put, control_finish, "Let the party send unsigned postbacks (`key=`) from these addresses"},
    {METHOD_DELETE, "/v1/parties/{}/postback-key", ANY | MAY_CREDENTIALS, postback_key_delete, control_finish, "Let it no longer"},
    {READ, "/v1/parties/{}/webhook", ANY, webhook_get, NULL, "Where the party's events are sent"},
    {METHOD_PUT, "/v1/parties/{}/webhook", ANY | MAY_CREDENTIALS, webhook_put, control_finish, "Send the party's events to a webhook, or to a macro URL"},
    {METHOD_DELETE, "/v1/parties/{}/webhook", ANY | MAY_CREDENTIALS, webhook_delete, control_finish, "Send them nowhere"},
    {POST, "/v1/parties/{}/webhook/test", ANY, webhook_test, control_finish, "Send a test to the party's webhook"},
    {READ, "/v1/parties/{}/notices", ANY, notices_get, NULL, "Which notices the party wants by e-mail"},
    {METHOD_PUT, "/v1/parties/{}/notices", ROLE_ADVERTISER | ROLE_PUBLISHER | MAY_CREDENTIALS, notices_put, control_finish, "Have notices sent by e-mail: what waits, what ran out, what fails"},
    {METHOD_DELETE, "/v1/parties/{}/notices", ROLE_ADVERTISER | ROLE_PUBLISHER, notices_delete, control_finish, "Have none sent"},
    {METHOD_PUT, "/v1/parties/{}/key", ANY | MAY_CREDENTIALS, party_key_put, control_finish, "Set the party's Ed25519 key for countersigning"},

    {POST, "/v1/campaigns", OPERATOR | ROLE_ADVERTISER | MAY_CAMPAIGNS, campaigns_create, control_finish, "Make a campaign"},
    {READ, "/v1/campaigns", ANY, campaigns_list, NULL, "List campaigns"},
    {READ, "/v1/campaigns/{}", ANY, campaigns_get, NULL, "Read a campaign"},
    {METHOD_PATCH, "/v1/campaigns/{}", OPERATOR | ROLE_ADVERTISER | MAY_CAMPAIGNS, campaigns_patch, call_look_finish, "Change a campaign: a new terms version"},
    {POST, "/v1/campaigns/{}/pause", OPERATOR | ROLE_ADVERTISER | MAY_CAMPAIGNS, campaigns_pause, call_look_finish, "Pause a campaign, or go on"},
    {READ, "/v1/campaigns/{}/crm", OPERATOR | ROLE_ADVERTISER, crm_get, NULL, "The CRM that the campaign's leads are sent to"},
    {METHOD_PUT, "/v1/campaigns/{}/crm", ROLE_ADVERTISER | MAY_CREDENTIALS, crm_put, control_finish, "Send the campaign's leads to a CRM, by a recipe and the CRM's own names"},
    {METHOD_DELETE, "/v1/campaigns/{}/crm", ROLE_ADVERTISER | MAY_CREDENTIALS, crm_delete, control_finish, "Send them to none"},
    {POST, "/v1/campaigns/{}/crm/test", ROLE_ADVERTISER, crm_test, control_finish, "Send nobody's lead to the campaign's CRM, as a test"},
    {POST, "/v1/campaigns/{}/try", OPERATOR | ROLE_ADVERTISER | READS, campaigns_try, NULL, "How the last leads would have fared under other terms; nothing is recorded"},

    {POST, "/v1/contracts", OPERATOR | MAY_CAMPAIGNS, contracts_create, control_finish, "Make a contract"},
    {READ, "/v1/contracts", ANY, contracts_list, NULL, "List contracts"},
    {READ, "/v1/contracts/{}", ANY, contracts_get, NULL, "Read a contract"},
    {METHOD_PATCH, "/v1/contracts/{}", OPERATOR | MAY_CAMPAIGNS, contracts_patch, control_finish, "Change a contract: a new terms version"},
    {READ, "/v1/contracts/{}/terms", ANY | READS, terms_list, NULL, "List the versions of a contract's terms, and what each changed"},
    {POST, "/v1/contracts/{}/terms/{}/assent", ROLE_ADVERTISER | ROLE_PUBLISHER, assents_create, control_finish, "Assent to a version of a contract's terms, signed by the party"},
    {POST, "/v1/contracts/{}/terms/{}/withdraw", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER, withdrawals_create, call_look_finish, "Take back a version of a contract's terms that binds nobody yet"},
    {READ, "/v1/contracts/{}/terms/{}", ANY | READS, terms_get, NULL, "Read one version of a contract's terms, whole"},
    {POST, "/v1/contracts/{}/adjustments", OPERATOR | MAY_SETTLEMENT, adjustments_create, control_finish, "Correct what a contract comes to, by an entry of its own"},
    {READ, "/v1/contracts/{}/adjustments", ANY | READS, adjustments_list, NULL, "List adjustments, who assented, and where they stand"},
    {POST, "/v1/contracts/{}/adjustments/{}/assent", ROLE_ADVERTISER | ROLE_PUBLISHER, adjustments_assent, control_finish, "Assent to an adjustment, signed by the party"},
    {POST, "/v1/contracts/{}/grants", OPERATOR | MAY_GRANTS, grants_create, control_finish, "Let an auditor read the contract"},
    {READ, "/v1/contracts/{}/grants", ANY, grants_list, NULL, "List who was granted to read the contract, also those that were revoked"},
    {METHOD_DELETE, "/v1/contracts/{}/grants/{}", OPERATOR | MAY_GRANTS, grants_delete, control_finish, "Revoke an auditor's grant"},
    {POST, "/v1/contracts/{}/codes", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | MAY_CODES, codes_create, control_finish, "Issue a tracking code"},
    {METHOD_PATCH, "/v1/contracts/{}/codes/{}", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | MAY_CODES, codes_patch, control_finish, "Label a tracking code otherwise, switch it off or on again"},
    {READ, "/v1/contracts/{}/codes", ANY, codes_list, NULL, "List tracking codes"},
    {READ, "/v1/contracts/{}/click-key", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER, click_key_get, NULL, "Keys that open the contract's click ids"},
    {READ, "/v1/contracts/{}/models/{}", ANY | READS, state_get, NULL, "What leads are scored by, as a model entry of the contract's log names it"},
    {READ, "/v1/contracts/{}/leads", ANY | READS, leads_list, NULL, "List leads"},
    {POST, "/v1/contracts/{}/reconcile", ANY | READS | ROUTE_LONG, reconcile_create, NULL, "Hold one's own rows against the log: what differs, and why; nothing is recorded"},
    {POST, "/v1/contracts/{}/statements", OPERATOR | MAY_SETTLEMENT, statements_create, statements_finish, "Issue a settlement statement"},
    {READ, "/v1/contracts/{}/statements", ANY | READS, statements_of_contract, NULL, "List a contract's statements, and who answered them"},

    {POST, "/v1/leads", ROLE_ADVERTISER | ROLE_PUBLISHER | ROUTE_ROWS, rows_leads_handle, rows_finish, "Report a lead, or up to 1,000 in an array, by token"},
    {POST, "/v1/dispositions", OPERATOR | ROLE_ADVERTISER | ROUTE_ROWS, rows_dispositions_handle, rows_finish, "Say what became of leads: up to 10,000 rows, JSON or CSV"},
    {POST, "/v1/postbacks/explain", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | READS, postbacks_explain, NULL, "What would become of a postback; nothing is recorded", .admit = party_may_have_explained},
    {READ, "/v1/leads", ANY | READS, leads_list_all, NULL, "List leads of all contracts that the caller may read, filtered; JSON or CSV"},
    {READ, "/v1/leads/{}", ANY | READS, leads_get, NULL, "Read a lead"},
    {READ, "/v1/leads/{}/proof", ANY, leads_proof, leads_proof_finish, "Inclusion proof of a lead (C2SP tlog-proof)"},
    {POST, "/v1/leads/{}/dispositions", OPERATOR | ROLE_ADVERTISER, leads_dispose, control_finish, "Approve, reject, return or convert a lead"},

    {POST, "/v1/erasures", OPERATOR | ROLE_ADVERTISER | MAY_ERASURES, erasures_create, erasures_finish, "Destroy what is sealed of a person, by e-mail address, telephone number or lead"},

    {READ, "/v1/changes", ANY | READS, changes_list, NULL, "Changes of control data, and who made them, newest first"},

    {READ, "/v1/refused", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | READS, refused_list, NULL, "Refused postbacks and pixels of the last 30 days, newest first"},

    {READ, "/v1/deliveries", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | READS, deliveries_list, NULL, "What was sent to webhooks, or is to be, with every attempt; of both sides, newest first"},
    {READ, "/v1/deliveries/{}", OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | READS, deliveries_get, NULL, "Read a delivery, with its body as far as the caller may see it"},
    {POST, "/v1/deliveries/{}/resend", ROLE_ADVERTISER | ROLE_PUBLISHER, deliveries_resend, control_finish, "Send a delivery again"},

    {READ, "/v1/live", ANY, live_get, NULL, "Leads, dispositions, statements, counters and refusals as they come (Server-Sent Events)"},

    {READ, "/v1/clock", OPERATOR | READS, clock_get, NULL, "Steps of the server's clock, newest first"},
    {POST, "/v1/clock/confirm", OPERATOR | MAY_CLOCK, clock_confirm_create, control_finish, "Say that the clock is right after its steps: statements and approvals by time go on"},

    {READ, "/v1/upkeep", OPERATOR | READS, upkeep_get, NULL, "When the server's folder was last copied and checked, and what is under way"},
    {POST, "/v1/backups", OPERATOR | MAY_UPKEEP, backups_create, upkeep_finish, "Have a copy of the server's folder made, in its backup_dir"},
    {POST, "/v1/checks", OPERATOR | MAY_UPKEEP, checks_create, upkeep_finish, "Have the server's folder checked through and through"},

    {READ, "/v1/reports", ANY | READS, reports_get, NULL, "Clicks, leads, money and ratios, grouped and filtered; JSON, CSV or signed", .admit = reports_admit},

    {READ, "/v1/settlements", OPERATOR | READS, settlements_list, NULL, "What a statement of each contract would come to now, and what stands in its way"},
    {READ, "/v1/statements", ANY | READS, statements_list, NULL, "List statements"},
    {READ, "/v1/statements/{}", PUBLIC | READS, statements_get, NULL, "Read a statement: JWS, HTML or CSV; by token or share link", .admit = statements_admit, .fail = pages_fail},
    {READ, "/v1/statements/{}/lines", ANY | READS, statements_lines, NULL, "Line items, JSON lines"},
    {READ, "/v1/statements/{}/checkpoint", ANY | READS, statements_checkpoint, NULL, "Checkpoint note of the tree that the statement closes"},
    {READ, "/v1/statements/{}/proof", ANY, statements_proof, statements_proof_finish, "Inclusion proof of a statement's entry (C2SP tlog-proof)"},
    {POST, "/v1/statements/{}/shares", ANY, shares_create, control_finish, "Make a share link: reads the statement without a token until it expires"},
    {READ, "/v1/statements/{}/shares", ANY | READS, shares_list, NULL, "List the statement's share links"},
    {METHOD_DELETE, "/v1/statements/{}/shares/{}", ANY, shares_delete, control_finish, "End a share link"},
    {POST, "/v1/statements/{}/responses", ROLE_ADVERTISER | ROLE_PUBLISHER, responses_create, control_finish, "Accept or dispute, signed by the party"},
    {READ, "/v1/statements/{}/responses", ANY | READS, responses_list, NULL, "The parties' answers"},

    {READ, "/.well-known/jwks.json", PUBLIC, jwks_get, NULL, "Statement and receipt keys (RFC 7517)"},
    {READ, "/log/keys", PUBLIC, log_keys_get, NULL, "Note verifier keys"},
    {READ, "/log/checkpoint", PUBLIC | READS, root_checkpoint_get, NULL, "Checkpoint of the root log"},
    {READ, "/log/witnessed", PUBLIC, root_witnessed_get, NULL, "The newest checkpoint of the root log that a quorum of witnesses cosigned"},
    {READ, "/log/tile/{*}", PUBLIC | READS, root_tile_get, NULL, "Tiles and entries of the root log (C2SP tlog-tiles)"},
    {READ, "/log/{}/checkpoint", ANY | READS, checkpoint_get, NULL, "Checkpoint of a contract's log"},
    {READ, "/log/{}/witnessed", ANY | READS, witnessed_get, NULL, "The last head of a contract's log that the witnessed root log holds"},
    {READ, "/log/{}/tile/{*}", ANY | READS, tile_get, NULL, "Tiles and entries of a contract's log"},
    {READ, "/log/{}/heads", ANY | READS, heads_get, NULL, "The contract's heads in the root log, JSON lines"},
    {READ, "/log/{}/openings", ANY | READS, openings_get, NULL, "Openings of commitments, JSON lines"},

    {POST, "/witness/add-checkpoint", PUBLIC | READS, witness_add, NULL, "Cosign a checkpoint of a log that this instance witnesses (C2SP tlog-witness)"},
    {READ, "/witness/key", PUBLIC, witness_key_get, NULL, "This instance's verifier key as a witness"},

    {READ, "/healthz", ROUTE_OPS, healthz_get, NULL, "Is the process alive"},
    {READ, "/readyz", ROUTE_OPS, readyz_get, NULL, "Can events be recorded"},
    {READ, "/metrics", ROUTE_OPS, metrics_get, NULL, "Counters, Prometheus text"},
    {READ, "/openapi.json", PUBLIC, openapi_get, NULL, "This description"},
    {READ, "/unsubscribe/{}", PAGE, unsubscribe_get, NULL, "A notice's link: the way to get no more of them", .fail = pages_fail},
    {POST, "/unsubscribe/{}", PAGE, unsubscribe_post, unsubscribe_finish, "Get no more notices by e-mail (RFC 8058)", .fail = pages_fail},
    {READ, "/", SESSION, home_get, NULL, "What this server is; to whoever is signed in, what is new and what waits", .fail = pages_fail},
    {READ, "/assets/{}", PAGE, asset_get, NULL, "The style and the script of pages"},
    {READ, "/sign-in", SESSION, sign_in_get, NULL, "The page that signs a browser in", .fail = pages_fail},
    {POST, "/sign-in", SESSION, sign_in_post, NULL, "Sign a browser in with an API token", .fail = pages_fail},
    {POST, "/sign-in/link", SESSION, mail_sign_in_ask, NULL, "Have a link sent by e-mail that signs in once", .fail = pages_fail},
    {READ, "/sign-in/link/{}", SESSION, mail_sign_in_get, NULL, "Page behind such a link", .fail = pages_fail},
    {POST, "/sign-in/link/{}", SESSION, mail_sign_in_post, NULL, "Sign a browser in by it", .fail = pages_fail},
    {POST, "/sign-out", SESSION, sign_out_post, NULL, "Sign it out", .fail = pages_fail},
    {READ, "/leads", SESSION, leads_page_get, NULL, "Page of leads", .fail = pages_fail},
    {READ, "/leads.csv", SESSION, leads_csv_get, NULL, "The same leads as a table, all of them", .fail = pages_fail},
    {READ, "/leads/{}", SESSION, lead_page_get, NULL, "Page of a lead", .fail = pages_fail},
    {POST, "/leads/{}", SESSION, lead_page_post, act_finish, "Decide a lead, by the form on its page", .fail = pages_fail},
    {READ, "/statements", SESSION, statements_page_get, NULL, "Page of statements", .fail = pages_fail},
    {READ, "/statements/{}", SESSION, statement_page_get, NULL, "Page of a statement", .fail = pages_fail},
    {READ, "/settings", SESSION, account_get, NULL, "Page of one's own settings", .fail = pages_fail},
    {POST, "/settings", SESSION, account_post, act_finish, "Change them, by the forms on their page", .fail = pages_fail},
    {READ, "/parties", SESSION, parties_page_get, NULL, "Page of parties", .fail = pages_fail},
    {POST, "/parties", SESSION, parties_page_post, act_finish, "Make a party, by the form on that page", .fail = pages_fail},
    {READ, "/parties/{}", SESSION, account_get, NULL, "Page of a party", .fail = pages_fail},
    {POST, "/parties/{}", SESSION, account_post, act_finish, "Change a party, by the forms on its page", .fail = pages_fail},
    {READ, "/contracts", SESSION, contracts_page_get, NULL, "Page of contracts", .fail = pages_fail},
    {POST, "/contracts", SESSION, contracts_page_post, act_finish, "Make a contract, by the form on that page", .fail = pages_fail},
    {READ, "/contracts/{}", SESSION, contract_page_get, NULL, "Page of a contract", .fail = pages_fail},
    {POST, "/contracts/{}", SESSION, contract_page_post, act_finish, "Let an auditor read it, or no longer, by the forms on its page", .fail = pages_fail},
    {READ, "/month-end", SESSION | ROUTE_LONG, month_page_get, NULL, "Page of what is to be settled", .fail = pages_fail},
    {POST, "/month-end", SESSION, month_page_post, act_finish, "Issue a statement, by the form on that page", .fail = pages_fail},
    {READ, "/audit", SESSION, changes_page_get, NULL, "Page of what was changed, and by whom", .fail = pages_fail},
    {READ, "/system", SESSION, system_page_get, NULL, "Page of the server itself", .fail = pages_fail},
    {POST, "/system", SESSION, system_page_post, act_finish, "Have its folder copied or checked, by the forms on that page", .fail = pages_fail},
    {READ, "/refused", SESSION, refused_page_get, NULL, "Page of what was refused", .fail = pages_fail},
    {READ, "/deliveries", SESSION, deliveries_page_get, NULL, "Page of what was sent to webhooks", .fail = pages_fail},
    {POST, "/deliveries", SESSION, deliveries_page_post, act_finish, "Send one again, by the form on that page", .fail = pages_fail},
    {READ, "/search", SESSION, search_page_get, NULL, "Page of what was searched for", .fail = pages_fail},
    {READ, "/statements/{}/answer", SESSION, statement_answer_get, NULL, "Page to answer a statement, signed by the party's key in its browser", .fail = pages_fail},
    {POST, "/statements/{}/answer", SESSION, statement_answer_post, act_finish, "Answer it, by the form on it", .fail = pages_fail},
    {READ, "/review", SESSION, review_page_get, NULL, "Page of leads that wait for the advertiser's answer", .fail = pages_fail},
    {POST, "/review", SESSION, review_page_post, act_finish, "Answer many, by the form on it", .fail = pages_fail},
    {READ, "/campaigns", SESSION, campaigns_page_get, NULL, "Page of campaigns", .fail = pages_fail},
    {POST, "/campaigns", SESSION, campaigns_page_post, act_finish, "Make a campaign, by the form on it", .fail = pages_fail},
    {READ, "/campaigns/{}", SESSION, campaign_page_get, NULL, "Page of a campaign", .fail = pages_fail},
    {POST, "/campaigns/{}", SESSION, campaign_page_post, act_finish, "Pause it, go on, take a version back, by the forms on it", .fail = pages_fail},
    {READ, "/campaigns/{}/rules", SESSION, campaign_rules_get, NULL, "Page of what counts as a lead", .fail = pages_fail},
    {POST, "/campaigns/{}/rules", SESSION, campaign_rules_post, act_finish, "Try a change of it, or put it into force, by the form on it", .fail = pages_fail},
    {READ, "/campaigns/{}/landing", SESSION, campaign_landing_get, NULL, "Page of a campaign's tag, and of which field of a form is which", .fail = pages_fail},
    {POST, "/campaigns/{}/landing", SESSION, campaign_landing_post, act_finish, "Make the campaign's code, or read a form's HTML, by the forms on it", .fail = pages_fail},
    {READ, "/campaigns/{}/crm", SESSION, campaign_crm_get, NULL, "Page of the CRM that a campaign's leads are sent to", .fail = pages_fail},
    {POST, "/campaigns/{}/crm", SESSION, campaign_crm_post, act_finish, "Set it, test it, send to none, by the forms on it", .fail = pages_fail},
    {READ, "/publishers", SESSION, publishers_page_get, NULL, "Page of what each publisher sent, and what it cost", .fail = pages_fail},
    {READ, "/answers", SESSION, answers_page_get, NULL, "Page to answer leads by rows", .fail = pages_fail},
    {POST, "/answers", SESSION | ROUTE_ROWS, answers_page_post, act_finish, "Answer them, by the form on it", .fail = pages_fail},
    {READ, "/reconcile", SESSION, reconcile_page_get, NULL, "Page to hold one's own rows against the log", .fail = pages_fail},
    {POST, "/reconcile", SESSION | ROUTE_LONG | ROUTE_ROWS, reconcile_page_post, act_finish, "Hold them against it, by the form on it; nothing is recorded", .fail = pages_fail},
    {READ, "/links", SESSION, links_page_get, NULL, "Page of tracking links: what came of them, and new ones", .fail = pages_fail},
    {POST, "/links", SESSION, links_page_post, act_finish, "Make, name or switch a tracking link, by the forms on its page", .fail = pages_fail},
    {READ, "/live", SESSION, follow_get, NULL, "What is new as it comes, for pages (Server-Sent Events)"},
    {READ, "/offers", SESSION, offers_page_get, NULL, "Page of what a publisher may promote, with the terms in words", .fail = pages_fail},
    {READ, "/offers/{}", SESSION, offer_page_get, NULL, "Page of one of them: its versions, and what each changed", .fail = pages_fail},
    {READ, "/postbacks", SESSION, postbacks_page_get, NULL, "Page of postbacks: secrets, code to copy, a test", .fail = pages_fail},
    {POST, "/postbacks", SESSION, postbacks_page_post, act_finish, "Make or retire a secret, have a postback explained, send a test lead, by the forms on its page", .fail = pages_fail},
    {READ, "/reports", SESSION, reports_page_get, NULL, "Page of reports: what came of clicks and leads, grouped and filtered", .fail = pages_fail},
    {READ, "/invite/{}", PAGE, invite_get, NULL, "Whom an invitation is for, and the way to use it", .fail = pages_fail},
    {POST, "/invite/{}", PAGE, invite_post, invite_finish, "Use an invitation: an API token and a postback secret, shown once", .fail = pages_fail},
    {READ, "/verify", PAGE, verify_get, NULL, "The page that checks statements in the browser", .fail = pages_fail},
    {READ, "/robots.txt", PAGE, robots_get, NULL, "What crawlers leave alone (RFC 9309)"},
    {READ, "/favicon.ico", PAGE, favicon_get, NULL, "The icon that browsers fetch by themselves"},
    {READ, "/icon.svg", PAGE, icon_get, NULL, "The same, drawn"},
};
/* clang-format on */

const struct routes all_routes = {table, sizeof table / sizeof table[0], .fail = pages_fail};

const char *const fast_targets[] = {"/c/", "/p/", NULL};
const struct http_large large_targets[] = {
    {"/v1/leads", LIMIT_BODY_ROWS},   {"/v1/dispositions", LIMIT_BODY_ROWS},
    {"/answers", LIMIT_BODY_ROWS},    {"/v1/contracts/{}/reconcile", LIMIT_BODY_SHEET},
    {"/reconcile", LIMIT_BODY_SHEET}, {.path = NULL}};
