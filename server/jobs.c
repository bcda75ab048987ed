#include "server/jobs.h"

#include "server/api/api.h"
#include "server/commit/credentials.h"
#include "server/commit/erasure.h"
#include "server/commit/outbox.h"
#include "server/commit/uses.h"
#include "server/settlement/seeds.h"
#include "server/settlement/settlement.h"

/* What goes on, a log at a time. */
static log_change *const logs[RECORD_KINDS] = {
    [RECORD_CAMPAIGN_CHANGE] = campaign_change_log,
    [RECORD_WITHDRAWAL] = withdrawal_log,
    [RECORD_PARTY_KEY] = party_key_log,
    [RECORD_LEGAL] = party_legal_log,
};

static enum err go_on(struct batch *cx, struct job *job)
{
    return go_on_run(cx, job, logs);
}

job_run *const job_runs[RECORD_KINDS] = {
    [RECORD_CLICK] = pipeline_track,
    [RECORD_VIEW] = pipeline_track,
    [RECORD_LEAD] = pipeline_lead,
    [RECORD_DISPOSITION] = pipeline_disposition,
    [RECORD_DISPOSE] = dispose_run,
    [RECORD_PARTY] = party_run,
    [RECORD_SECRET] = secret_run,
    [RECORD_RETIRE] = retire_run,
    [RECORD_TOKEN] = token_run,
    [RECORD_TOKEN_END] = token_end_run,
    [RECORD_ACCEPT] = accept_run,
    [RECORD_PARTY_KEY] = party_key_run,
    [RECORD_CAMPAIGN] = campaign_run,
    [RECORD_CAMPAIGN_CHANGE] = campaign_change_run,
    [RECORD_CONTRACT] = contract_run,
    [RECORD_CONTRACT_CHANGE] = contract_change_run,
    [RECORD_GRANT] = grant_run,
    [RECORD_GRANT_END] = grant_end_run,
    [RECORD_CODE] = code_run,
    [RECORD_CODE_CHANGE] = code_change_run,
    [RECORD_STATEMENT] = statement_run,
    [RECORD_SEED] = seed_run,
    [RECORD_RESPONSE] = response_run,
    [RECORD_ASSENT] = assent_run,
    [RECORD_WITHDRAWAL] = withdrawal_run,
    [RECORD_SHARE] = share_run,
    [RECORD_LEGAL] = party_legal_run,
    [RECORD_FRESH_HEAD] = fresh_head_run,
    [RECORD_APPROVE] = chore_approve,
    [RECORD_TIDY] = chore_tidy,
    [RECORD_GAP] = chore_gap,
    [RECORD_DAY_KEYS] = chore_day_keys,
    [RECORD_SWEEP] = chore_sweep,
    [RECORD_PUBLISH] = chore_publish,
    [RECORD_PROBE] = chore_probe,
    [RECORD_REFUSED] = chore_refused,
    [RECORD_IMPRESSION] = pipeline_track,
    [RECORD_POSTBACK_KEY] = postback_key_run,
    [RECORD_CLOCK] = chore_clock,
    [RECORD_CLOCK_CONFIRM] = clock_confirm_run,
    [RECORD_SERVER_KEYS] = server_keys_run,
    [RECORD_TELL] = chore_tell,
    [RECORD_GO_ON] = go_on,
    [RECORD_ADJUSTMENT] = adjustment_run,
    [RECORD_LOCK] = lock_run,
    [RECORD_USED] = chore_used,
    [RECORD_ERASE] = erase_run,
    [RECORD_WEBHOOK] = webhook_run,
    [RECORD_DELIVER] = deliver_run,
    [RECORD_CRM] = crm_run,
    [RECORD_NOTICES] = notices_run,
    [RECORD_ATTEMPTED] = chore_attempted,
    [RECORD_UPKEEP] = upkeep_run,
};
