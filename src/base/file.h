/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - whole files and folders, written so that a crash leaves the old
 * or the new content and nothing between.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Append the file's content to out (whose ceiling bounds it). */
MUST_CHECK bool file_read(const char *path, struct buf *out, struct fault *f);

/*
 * Temporary name in the same folder ("path.new"), write, fsync, rename, fsync
 * the folder.  An existing file is replaced; what a killed writer left under
 * the temporary name too.
 */
MUST_CHECK bool file_write(const char *path, struct view content, mode_t mode,
    struct fault *f);

/* Like file_write, but FAULT_CONFLICT when path exists already. */
MUST_CHECK bool file_create(const char *path, struct view content, mode_t mode,
    struct fault *f);

bool	file_exists(const char *path);

/*
 * Overwrite and remove, as far as a file system lets one.  No link is
 * followed; what is not there is fine.
 */
MUST_CHECK bool file_destroy(const char *path, struct fault *f);

/* mkdir -p; folders made get mode. */
MUST_CHECK bool dir_make(const char *path, mode_t mode, struct fault *f);
MUST_CHECK bool dir_sync(const char *path, struct fault *f);
/* Remove path and all below it, without following links.  Missing is fine. */
MUST_CHECK bool dir_remove(const char *path, struct fault *f);

/* "dir/name" into out (size n); FAULT_LIMIT if it does not fit. */
MUST_CHECK bool path_join(char *out, size_t n, const char *dir, const char *name,
    struct fault *f);

/*
 * Take an exclusive lock file; returns an open descriptor or -1 with
 * FAULT_BUSY naming the holder's pid.  Closing it releases the lock.
 */
int	file_lock(const char *path, struct fault *f);

#endif
