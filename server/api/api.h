/* Handlers of the management API, one file a family, and the runs of its writes. */
#ifndef CS_SERVER_API_API_H
#define CS_SERVER_API_API_H

#include "server/api/go_on.h"
#include "server/worker/dispatch.h"

#define HANDLER(name) enum err name(struct request *rq, struct reply *reply)
#define FINISH(name) enum err name(struct request *rq, struct job *job, struct reply *reply)

FINISH(control_finish);   /* call.c: what the run answered */
FINISH(call_look_finish); /* likewise, behind what a reader looked at first */

/* api_parties.c, api_secrets.c, api_tokens.c */
HANDLER(parties_create);
HANDLER(parties_list);
HANDLER(parties_get);
HANDLER(secrets_create);
HANDLER(secrets_delete);
HANDLER(party_tokens_create);
HANDLER(party_tokens_list);
HANDLER(party_tokens_delete);
HANDLER(invitations_create);
HANDLER(invitations_list);
HANDLER(invitations_delete);
HANDLER(party_key_put);
HANDLER(parties_patch);
HANDLER(lock_create);
HANDLER(lock_delete);
HANDLER(postback_key_put);
HANDLER(postback_key_delete);
/* Of its secrets, those that count for quota_secrets where `by` makes one more, with `gone` retired. */
size_t secrets_counted(const struct batch *cx, const struct party *p, uint32_t by, const struct secret *gone);
job_run party_run, secret_run, retire_run, token_run, token_end_run, party_key_run, party_legal_run, postback_key_run,
    lock_run, accept_run;
log_change party_key_log, party_legal_log;
enum { INVITATION_DAYS = 7 };
int64_t invitation_until(int64_t now_ms); /* of one that is made now */

/* api_webhooks.c */
HANDLER(webhook_get);
HANDLER(webhook_put);
HANDLER(webhook_delete);
HANDLER(webhook_test);
job_run webhook_run, deliver_run;

/* api_deliveries.c */
HANDLER(deliveries_list);
HANDLER(deliveries_get);
HANDLER(deliveries_resend);

/* api_campaigns.c */
HANDLER(campaigns_create);
HANDLER(campaigns_list);
HANDLER(campaigns_get);
HANDLER(campaigns_patch);
HANDLER(campaigns_pause);
job_run campaign_run, campaign_change_run;
log_change campaign_change_log;

/* api_crm.c */
HANDLER(crm_get);
HANDLER(crm_put);
HANDLER(crm_delete);
HANDLER(crm_test);
job_run crm_run;

/* api_try.c */
HANDLER(campaigns_try);

/* api_explain.c */
HANDLER(postbacks_explain);

/* api_contracts.c */
HANDLER(contracts_create);
HANDLER(contracts_list);
HANDLER(contracts_get);
HANDLER(contracts_patch);
job_run contract_run, contract_change_run;

/* api_grants.c */
HANDLER(grants_create);
HANDLER(grants_list);
HANDLER(grants_delete);
job_run grant_run, grant_end_run;

/* api_terms.c */
HANDLER(terms_list);
HANDLER(terms_get);

/* api_codes.c */
HANDLER(codes_create);
HANDLER(codes_patch);
HANDLER(codes_list);
HANDLER(click_key_get);
job_run code_run, code_change_run;

/* api_leads.c */
HANDLER(leads_list);
HANDLER(leads_list_all);
HANDLER(leads_get);
HANDLER(leads_dispose);
job_run dispose_run;

/* api_notices.c */
HANDLER(notices_get);
HANDLER(notices_put);
HANDLER(notices_delete);
job_run notices_run;

/* api_changes.c */
HANDLER(changes_list);

/* api_refused.c */
HANDLER(refused_list);

/* api_erasures.c */
HANDLER(erasures_create);
FINISH(erasures_finish);

/* api_clock.c */
HANDLER(clock_get);
HANDLER(clock_confirm_create);
job_run clock_confirm_run;

/* api_upkeep.c */
HANDLER(upkeep_get);
HANDLER(backups_create);
HANDLER(checks_create);
FINISH(upkeep_finish);
job_run upkeep_run;

/* ops.c, openapi.c */
HANDLER(healthz_get);
HANDLER(readyz_get);
HANDLER(metrics_get);
HANDLER(openapi_get);

#undef HANDLER
#undef FINISH

#endif
