/* Pages for people who sign in with a token: what each shows is what the API answers the same party. */
#ifndef CS_SERVER_PAGES_PAGES_H
#define CS_SERVER_PAGES_PAGES_H

#include "server/worker/dispatch.h"

extern const char style_address[], script_address[], sign_address[]; /* assets.c */

enum err asset_get(struct request *rq, struct reply *reply);
enum err sign_in_get(struct request *rq, struct reply *reply);
enum err sign_in_post(struct request *rq, struct reply *reply);
enum err sign_out_post(struct request *rq, struct reply *reply);
enum err home_get(struct request *rq, struct reply *reply);
enum err leads_page_get(struct request *rq, struct reply *reply);
enum err leads_csv_get(struct request *rq, struct reply *reply);
enum err lead_page_get(struct request *rq, struct reply *reply);
enum err lead_page_post(struct request *rq, struct reply *reply);
enum err act_finish(struct request *rq, struct job *job, struct reply *reply); /* of every form that is a call: act.h */
enum err campaigns_page_get(struct request *rq, struct reply *reply);
enum err campaigns_page_post(struct request *rq, struct reply *reply);
enum err campaign_page_get(struct request *rq, struct reply *reply);
enum err campaign_page_post(struct request *rq, struct reply *reply);
enum err campaign_rules_get(struct request *rq, struct reply *reply);
enum err campaign_rules_post(struct request *rq, struct reply *reply);
enum err campaign_landing_get(struct request *rq, struct reply *reply);
enum err campaign_landing_post(struct request *rq, struct reply *reply);
enum err campaign_crm_get(struct request *rq, struct reply *reply);
enum err campaign_crm_post(struct request *rq, struct reply *reply);
enum err answers_page_get(struct request *rq, struct reply *reply);
enum err answers_page_post(struct request *rq, struct reply *reply);
enum err publishers_page_get(struct request *rq, struct reply *reply);
enum err reconcile_page_get(struct request *rq, struct reply *reply);
enum err reconcile_page_post(struct request *rq, struct reply *reply);
enum err review_page_get(struct request *rq, struct reply *reply);
enum err review_page_post(struct request *rq, struct reply *reply);
enum err statements_page_get(struct request *rq, struct reply *reply);
enum err statement_page_get(struct request *rq, struct reply *reply);
enum err account_get(struct request *rq, struct reply *reply);
enum err account_post(struct request *rq, struct reply *reply);
enum err parties_page_get(struct request *rq, struct reply *reply);
enum err parties_page_post(struct request *rq, struct reply *reply);
enum err refused_page_get(struct request *rq, struct reply *reply);
enum err deliveries_page_get(struct request *rq, struct reply *reply);
enum err deliveries_page_post(struct request *rq, struct reply *reply);
enum err search_page_get(struct request *rq, struct reply *reply);
enum err contracts_page_get(struct request *rq, struct reply *reply);
enum err contracts_page_post(struct request *rq, struct reply *reply);
enum err contract_page_get(struct request *rq, struct reply *reply);
enum err contract_page_post(struct request *rq, struct reply *reply);
enum err month_page_get(struct request *rq, struct reply *reply);
enum err month_page_post(struct request *rq, struct reply *reply);
enum err system_page_get(struct request *rq, struct reply *reply);
enum err system_page_post(struct request *rq, struct reply *reply);
enum err changes_page_get(struct request *rq, struct reply *reply);
enum err statement_answer_get(struct request *rq, struct reply *reply);
enum err statement_answer_post(struct request *rq, struct reply *reply);
enum err links_page_get(struct request *rq, struct reply *reply);
enum err links_page_post(struct request *rq, struct reply *reply);
enum err offers_page_get(struct request *rq, struct reply *reply);
enum err offer_page_get(struct request *rq, struct reply *reply);
enum err postbacks_page_get(struct request *rq, struct reply *reply);
enum err postbacks_page_post(struct request *rq, struct reply *reply);
enum err follow_get(struct request *rq, struct reply *reply);
enum err reports_page_get(struct request *rq, struct reply *reply);
void pages_fail(struct request *rq, enum err err, struct reply *reply); /* an error, for people */

#endif
