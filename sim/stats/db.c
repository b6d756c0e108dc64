/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the database and putting SQLite's errors into the user's words. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "sim/stats/internal.h"

/* Free room on the disk below which nothing more than necessary is put there. */
#define WAL_ROOM (UINT64_C(4) << 20)
/* What is kept of it for the end of the run, which has to be written on a full disk, too. */
#define BALLAST (1 << 20)

static bool is_full(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

int stats_sql_error(sqlite3 *db, const char *path, const char *doing, struct tg_error *err)
{
    int rc = sqlite3_extended_errcode(db), code = sqlite3_system_errno(db), last = 0;
    sqlite3_file *beside = NULL; /* WAL or rollback journal */
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
        if (!is_full(last) && !sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &beside) &&
            beside && beside->pMethods)
            beside->pMethods->xFileControl(beside, SQLITE_FCNTL_LAST_ERRNO, &last);
        if (is_full(last))
            code = last;
        if (is_full(code))
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

bool stats_db_journal(sqlite3 *db, const char *mode)
{
    char *sql = sqlite3_mprintf("PRAGMA journal_mode = %s", mode);
    sqlite3_stmt *st = NULL;
    bool is = false;
    if (sql && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        is = !strcasecmp((const char *)sqlite3_column_text(st, 0), mode);
    sqlite3_finalize(st);
    sqlite3_free(sql);
    return is;
}

/* The directory of a file: SQLite needs it for what it keeps beside the file. NULL: out of memory. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

bool stats_db_has_room(const char *path)
{
    char *dir = directory_of(path);
    struct statvfs fs;
    struct rlimit size;
    bool room = dir && !statvfs(dir, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize >= WAL_ROOM &&
                (getrlimit(RLIMIT_FSIZE, &size) || size.rlim_cur == RLIM_INFINITY);
    free(dir);
    return room;
}

int stats_db_ballast(const char *path)
{
    char *dir = directory_of(path);
    int fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    free(dir);
    if (fd >= 0 && posix_fallocate(fd, 0, BALLAST)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* What SQLite would say in fewer words. */
static int check_place(const char *path, struct tg_error *err)
{
    char *dir = directory_of(path);
    struct stat st;
    int rc = 0;
    if (!dir)
        return tg_error_set(err, ENOMEM, "database '%s': no memory", path);
    if (!stat(path, &st) && !S_ISREG(st.st_mode))
        rc = tg_error_set(err, EACCES, "database '%s': %s; expected a file that is writable", path,
                          S_ISDIR(st.st_mode) ? "it is a directory" : "it is no regular file");
    else if (access(dir, W_OK | X_OK))
        rc = tg_error_set(
            err, EACCES, "database '%s': its directory '%s': %s; the file and its directory must be writable",
            path, dir, strerror(errno));
    else if (!access(path, F_OK) && access(path, W_OK))
        rc = tg_error_set(err, EACCES, "database '%s': %s; the file and its directory must be writable", path,
                          strerror(errno));
    free(dir);
    return rc;
}

/* A file in WAL mode (its run was killed, or was read when it ended) cannot be opened where nothing may be
 * written, unless SQLite is told that nobody writes: true of a file without the other two. */
static int open_immutable(const char *path, sqlite3 **db)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    char *wal = sqlite3_mprintf("%s-wal", path);
    int rc = !wal || !access(wal, F_OK) ? SQLITE_CANTOPEN : SQLITE_OK;
    sqlite3_str_appendall(uri, "file:");
    for (const char *s = path; *s; s++)
        sqlite3_str_appendf(uri, strchr("%?#", *s) ? "%%%02x" : "%c", (unsigned char)*s);
    sqlite3_str_appendall(uri, "?immutable=1");
    char *text = sqlite3_str_finish(uri);
    if (!rc)
        rc = text ? sqlite3_open_v2(text, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) : SQLITE_NOMEM;
    sqlite3_free(text);
    sqlite3_free(wal);
    return rc;
}

/* Opens it, to read or to write. */
static int open_file(const char *path, bool create, sqlite3 **db, struct tg_error *err)
{
    int64_t n;
    int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), NULL);
    if (*db)
        sqlite3_busy_timeout(*db, STATS_BUSY_MS);
    if (!rc)
        rc = pragma(*db, "SELECT count(*) FROM sqlite_schema", &n);
    int code = rc & 0xff;
    if (!create && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_IOERR)) {
        sqlite3 *other = NULL;
        if (!open_immutable(path, &other) && !pragma(other, "SELECT count(*) FROM sqlite_schema", &n)) {
            sqlite3_close(*db);
            *db = other;
            return 0;
        }
        sqlite3_close(other);
    }
    if (!rc)
        return 0;
    rc = *db ? stats_sql_error(*db, path, create ? "open it" : "read it", err)
             : tg_error_set(err, ENOMEM, "database '%s': no memory", path);
    sqlite3_close(*db);
    *db = NULL;
    return rc;
}

int stats_db_open(const char *path, bool create, sqlite3 **out, bool *fresh, struct tg_error *err)
{
    sqlite3 *db = NULL;
    *out = NULL;
    *fresh = false;
    if (!create && access(path, F_OK))
        return tg_error_set(err, ENOENT, "database '%s': %s; `tollgate run --db %s` makes one", path,
                            strerror(errno), path);
    int rc = create ? check_place(path, err) : 0;
    if (!rc)
        rc = open_file(path, create, &db, err);
    if (rc)
        return rc;
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
