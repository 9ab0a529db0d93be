/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - run files through a fuzz harness without libFuzzer.
 *
 * Takes files and folders (one level); each is one input.  Every input is
 * copied into memory of its exact size, so that a sanitizer sees a read past
 * the end.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_OCTETS_MAX	4096
#define INPUT_OCTETS_MAX (64L << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned long replayed;

static int
replay_file(const char *path)
{
	FILE	*fp = fopen(path, "rb");
	uint8_t	*p = NULL;
	long	 n = -1;
	int	 rc = 1;

	if (fp == NULL || fseek(fp, 0, SEEK_END) != 0 || (n = ftell(fp)) < 0 ||
	    n > INPUT_OCTETS_MAX || fseek(fp, 0, SEEK_SET) != 0 ||
	    (p = malloc(n == 0 ? 1 : (size_t)n)) == NULL ||
	    fread(p, 1, (size_t)n, fp) != (size_t)n)
		goto out;
	LLVMFuzzerTestOneInput(p, (size_t)n);
	replayed++;
	rc = 0;
out:
	if (rc != 0)
		fprintf(stderr, "could not replay %s\n", path);
	free(p);
	if (fp != NULL)
		fclose(fp);
	return rc;
}

static int
replay(const char *path)
{
	struct dirent	*e;
	struct stat	 st;
	char		 name[PATH_OCTETS_MAX];
	DIR		*d;
	int		 rc = 0;

	if (stat(path, &st) != 0) {
		fprintf(stderr, "no such corpus: %s\n", path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	if ((d = opendir(path)) == NULL)
		return 1;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
		    (int)sizeof(name) || replay_file(name) != 0)
			rc = 1;
	}
	closedir(d);
	return rc;
}

int
main(int argc, char **argv)
{
	static const uint8_t	nothing[1];
	int			rc = 0;

	LLVMFuzzerTestOneInput(nothing, 0);
	for (int i = 1; i < argc; i++)
		rc |= replay(argv[i]);
	printf("%lu inputs replayed\n", replayed);
	if (replayed == 0) {
		fprintf(stderr, "the corpus is empty\n");
		rc = 1;
	}
	return rc;
}
