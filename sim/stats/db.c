/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the database and putting SQLite's errors into the user's words. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sim/stats/internal.h"

int stats_sql_error(sqlite3 *db, const char *path, const char *doing, struct tg_error *err)
{
    int rc = sqlite3_extended_errcode(db), code = sqlite3_system_errno(db), last = 0;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return tg_error_set(err, ENOSPC,
                            "database '%s': the disk is full, cannot %s; make room and run again, or give "
                            "--db a file elsewhere",
                            path, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return tg_error_set(err, EBUSY,
                            "database '%s': cannot %s: another program has kept it locked for more than %d "
                            "s; close it (an open sqlite3 "
                            "shell, a viewer) or give --db another file",
                            path, doing, STATS_BUSY_MS / 1000);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return tg_error_set(err, EACCES,
                            "database '%s': cannot %s: %s; the file and its directory must be writable", path,
                            doing, code ? strerror(code) : sqlite3_errmsg(db));
    case SQLITE_NOTADB:
        return tg_error_set(err, EINVAL,
                            "database '%s': the file is not an SQLite database; give --db a new name", path);
    case SQLITE_CORRUPT:
        return tg_error_set(err, EINVAL,
                            "database '%s': the file is damaged (%s); keep a copy and give --db a new name",
                            path, sqlite3_errmsg(db));
    case SQLITE_NOMEM:
        return tg_error_set(err, ENOMEM, "database '%s': no memory", path);
    case SQLITE_IOERR:
        /* A plain "disk full" is SQLITE_FULL; EFBIG and EDQUOT come as I/O errors, whose errno the file
         * remembers. */
        sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &last);
        if (last == EFBIG || last == EDQUOT)
            code = last;
        if (code == ENOSPC || code == EDQUOT || code == EFBIG)
            return tg_error_set(err, ENOSPC,
                                "database '%s': no space, cannot %s: %s; make room and run again", path,
                                doing, strerror(code));
        return tg_error_set(err, EIO, "database '%s': cannot %s: %s", path, doing,
                            code ? strerror(code) : sqlite3_errmsg(db));
    default:
        return tg_error_set(err, EIO, "database '%s': cannot %s: %s", path, doing, sqlite3_errmsg(db));
    }
}

static int pragma(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc)
        return rc;
    rc = sqlite3_step(st);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int stats_db_version(sqlite3 *db)
{
    int64_t version;
    return pragma(db, "PRAGMA user_version", &version) ? -1 : (int)version;
}

int stats_db_open(const char *path, bool create, sqlite3 **out, bool *fresh, struct tg_error *err)
{
    sqlite3 *db = NULL;
    *out = NULL;
    *fresh = false;
    if (!create && access(path, F_OK))
        return tg_error_set(err, ENOENT, "database '%s': %s; `tollgate run --db %s` makes one", path,
                            strerror(errno), path);
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), NULL);
    if (rc) {
        rc = db ? stats_sql_error(db, path, "open it", err)
                : tg_error_set(err, ENOMEM, "database '%s': no memory", path);
        sqlite3_close(db);
        return rc;
    }
    sqlite3_busy_timeout(db, STATS_BUSY_MS);
    int64_t id = 0, version = 0, objects = 0;
    if (pragma(db, "PRAGMA application_id", &id) || pragma(db, "PRAGMA user_version", &version) ||
        pragma(db, "SELECT count(*) FROM sqlite_schema", &objects)) {
        rc = stats_sql_error(db, path, "read it", err);
    } else if (objects == 0) {
        *fresh = true;
        if (!create)
            rc = tg_error_set(err, EINVAL, "database '%s': it is empty, no run was written to it", path);
    } else if (id != STATS_APPLICATION_ID) {
        rc = tg_error_set(
            err, EINVAL,
            "database '%s': an SQLite database of another program, not Tollgate's; give --db a new name",
            path);
    } else if (version > STATS_SCHEMA_VERSION) {
        rc = tg_error_set(err, EINVAL,
                          "database '%s': written by a newer Tollgate (schema %lld, this program knows %d); "
                          "use that program, or give --db "
                          "a new name",
                          path, (long long)version, STATS_SCHEMA_VERSION);
    } else if (create && sqlite3_db_readonly(db, "main") == 1) {
        rc = tg_error_set(err, EACCES, "database '%s': the file is not writable", path);
    }
    if (rc) {
        sqlite3_close(db);
        return rc;
    }
    *out = db;
    return 0;
}
