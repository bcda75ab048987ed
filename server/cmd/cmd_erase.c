#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/commit/committer.h"
#include "server/commit/erasure.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

enum { DATA, EMAIL, PHONE, LEAD, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder"},
    [EMAIL] = {.name = "--email", .value = "ADDRESS", .help = "whose: an e-mail address, however it was written"},
    [PHONE] = {.name = "--phone", .value = "NUMBER", .help = "whose: a telephone number with its country's code"},
    [LEAD] = {.name = "--lead",
              .value = "REF",
              .help = "a lead by its reference, with its other parts where it is shared"},
};

static job_run *const runs[RECORD_KINDS] = {[RECORD_ERASE] = erase_run};

static struct erasure_asked asked_of(const struct instance *in, const char *const given[])
{
    struct erasure_asked a = {
        .email = given[EMAIL] != NULL ? span_str(given[EMAIL]) : SPAN(""),
        .phone = given[PHONE] != NULL ? span_str(given[PHONE]) : SPAN(""),
        .by_lead = given[LEAD] != NULL,
    };
    struct tokens *tokens = keys_new_tokens(in->keys);
    if (a.by_lead && lead_ref_read(tokens, span_str(given[LEAD]), &a.lead) != ERR_OK)
        die("%.60s is no lead's reference of this server: nothing was changed", given[LEAD]);
    tokens_free(tokens);
    return a;
}

static void find(const struct instance *in, const struct catalog *c, const struct erasure_asked *asked,
                 struct erasure *out)
{
    struct problem p = {0};
    struct txn *t;
    enum err err = txn_begin(in->store, false, &t);
    if (err == ERR_OK) {
        err = erasure_find(c, t, asked, out, &p);
        txn_abort(t);
    }
    if (err == ERR_INVALID)
        decline("--%s %s", p.field, p.detail);
    if (err == ERR_NOT_FOUND)
        die("there is no such lead: nothing was changed");
    if (err != ERR_OK)
        die("the logs cannot be read (%s): run countersign check", err_word(err));
}

/* One record: all that it names, or nothing. */
static void erase_found(struct committer *c, const struct catalog *catalog, const struct erasure *e)
{
    struct job job = {
        .record = {.kind = RECORD_ERASE,
                   .now_ms = clock_ms(),
                   .erase = {.by = catalog_party_number(catalog, 1)->number, .places = buf_span(&e->places)}}};
    struct job *jobs[] = {&job};
    bool wrote;
    enum err err = committer_run(c, jobs, 1, &wrote);
    if (err == ERR_OK)
        err = job.err;
    if (err != ERR_OK)
        die("it could not be written (%s), and nothing of this step was erased: %s", err_word(err),
            err == ERR_FULL ? "free some disk space and run it again" : "run countersign check");
}

static void erase_all(struct instance *in, const struct erasure_asked *asked)
{
    struct catalog *catalog = catalog_hold(in->catalog);
    struct committer *c;
    struct erasure e;
    bool more = true;
    enum err err = committer_open(&(struct committer_setup){.instance = in, .runs = runs}, &c);
    if (err != ERR_OK)
        die("the logs cannot be written (%s): nothing was changed; run countersign check", err_word(err));
    while (more) {
        find(in, catalog, asked, &e);
        more = e.more;
        if (e.places.len > 0)
            erase_found(c, catalog, &e);
        buf_free(&e.places);
    }
    committer_close(c);
    catalog_unref(catalog);
    printf("%" PRIu64 " lead%s, %" PRIu64 " sealed part%s: nothing of them is there any more\n", e.leads,
           e.leads == 1 ? "" : "s", e.parts, e.parts == 1 ? "" : "s");
}

static int run(const char *const given[])
{
    struct instance in;
    if ((given[EMAIL] != NULL) + (given[PHONE] != NULL) + (given[LEAD] != NULL) != 1)
        decline("say one of --email, --phone and --lead");
    data_folder_open(&in, given[DATA], options_map_size(), "stop it first, or use POST /v1/erasures",
                     data_folder_damaged);
    const struct erasure_asked asked = asked_of(&in, given);
    erase_all(&in, &asked);
    instance_close(&in);
    return STATUS_DONE;
}

const struct command cmd_erase = {
    .name = "erase",
    .summary = "destroy what is sealed of a person, offline",
    .help = "Destroys the contact fields, network addresses and user agents of a person's leads, and of the clicks and "
            "views that\nbelong to them, while the server is stopped. The log says of which entries, and of no person; "
            "money, proofs and\nduplicates stay as they were. What was cut short is done again by the same command, "
            "which answers the same.",
    .args = args,
    .n_args = ARGS,
    .as_owner = true,
    .run = run,
};
