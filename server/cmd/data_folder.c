#include "server/cmd/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/system/bounds.h"
#include "server/system/log.h"

static const char *folder = "";

void data_folder_damaged(void)
{
    complain(
        "the store of %s is damaged, or its disk does not read it: run `countersign check --data %s`, and put back "
        "a copy that holds",
        folder, folder);
}

void data_folder_cannot(const char *dir, const char *what, enum err err, const char *when_busy)
{
    switch (err) {
    case ERR_BUSY:
        die("%s is in use by another countersign (or its store.mdb is, under another name): %s", dir, when_busy);
    case ERR_CONFLICT:
        if (strcmp(what, INSTANCE_UNCONFIRMED) == 0)
            die("%s is a backup, or was restored from one, and nobody has said what was signed after that was made, so "
                "it must not go on: make a folder of the backup by `countersign restore` with --lost DIR or "
                "--nothing-signed-since",
                dir);
        die("keys.json of %s is not the one that its store was made with: put that one back", dir);
    case ERR_FORBIDDEN:
        if (strcmp(what, INSTANCE_FOLDER) == 0)
            die("others may write to %s or its keys/, and so put keys of theirs in the place of its own: chmod go-w "
                "both, "
                "and look whether all in it is yours",
                dir);
        if (strcmp(what, INSTANCE_STORE) == 0 || strcmp(what, INSTANCE_HEADS) == 0)
            die("others may write to %s of %s, and so change what was recorded or signed: chmod go-w it, and run "
                "`countersign check --data %s`",
                what, dir, dir);
        die("others may read or write %s of %s: who has seen it can sign in this server's name. If nobody has: chmod "
            "600; else treat it as stolen (README.md, \"The server's own keys\")",
            what, dir);
    case ERR_TOO_LARGE:
        die("%s of %s is larger than it can be: put back the one that belongs there", what, dir);
    case ERR_CORRUPT:
        die("%s of %s does not read: run `countersign check --data %s`, and put back a copy that holds", what, dir,
            dir);
    case ERR_NOT_IMPLEMENTED:
        if (strcmp(what, INSTANCE_FORMAT) == 0)
            decline("the store of %s has another format than " STORE_FORMAT
                    ", which this program reads: run the version that last "
                    "served it",
                    dir);
        decline("%s of %s holds terms of rules that this program does not know: run the version that made them", what,
                dir);
    case ERR_FULL:
        die("cannot open %s of %s: the disk is full, free some space%s", what, dir, bounds_of_files());
    case ERR_NOT_FOUND:
        if (store_missing(dir) == ERR_CONFLICT)
            decline("%s of %s is missing, and the store is there: put back the one that belongs to it", what, dir);
        if (strcmp(what, "the store") == 0)
            decline(
                "%s of %s is missing, and its keys.json is there: put back store.mdb; if no init of this folder ever "
                "said that it is ready, run init again",
                what, dir);
        decline("%s of %s is missing: give a folder that `countersign init` made", what, dir);
    case ERR_INTERNAL:
        decline("%s of %s cannot be copied, since no second thread can be started%s", what, dir, bounds_of_processes());
    default:
        decline("cannot read %s of %s (%s): check that this user may read and write it", what, dir, err_word(err));
    }
}

void data_folder_as_owner(const char *dir)
{
    struct stat st;
    if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
        return;
    if (setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0 &&
        faccessat(AT_FDCWD, dir, R_OK | W_OK | X_OK, AT_EACCESS) == 0)
        return;
    if (seteuid(0) != 0 || setegid(0) != 0)
        die("cannot act as the owner of %s, nor as root again: run it as the user whose folder it is", dir);
}

void data_folder_open(struct instance *in, const char *dir, uint64_t map_size, const char *when_busy,
                      void (*last_words)(void))
{
    const char *what;
    folder = dir;
    store_last_words(last_words);
    enum err err = instance_open(in, dir, STORE_SERVE, map_size, &what);
    if (err != ERR_OK)
        data_folder_cannot(dir, what, err, when_busy);
}
