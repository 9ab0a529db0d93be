/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/install.h"

static bool
write_in(const struct install_request *req, const char *name, mode_t mode,
    struct view content, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), req->dir, name, f) &&
	    file_write(path, content, mode, f);
}

/* certs as PEM, one after the other. */
static bool
write_certs(const struct install_request *req, const char *name,
    const struct view *own, const struct view *cas, size_t n, struct fault *f)
{
	struct buf	b;
	bool		ok;

	buf_init(&b, 2 * (INSTALL_CA_MAX + 1) * INSTALL_CERT_MAX);
	if (own != NULL)
		pem_encode("CERTIFICATE", *own, &b);
	for (size_t i = 0; i < n; i++)
		pem_encode("CERTIFICATE", cas[i], &b);
	ok = buf_check(&b, name, f) &&
	    write_in(req, name, 0644, buf_view(&b), f);
	buf_clear(&b);
	return ok;
}

bool
install_files(const struct install_request *req,
    struct install_report *report, struct fault *f)
{
	*report = (struct install_report){ 0 };
	if (req->nca == 0 || req->nca > INSTALL_CA_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "%zu CA certificates, want 1 to %d", req->nca,
		    INSTALL_CA_MAX);
	if (!dir_make(req->dir, 0700, f) ||
	    !write_certs(req, "ca.pem", NULL, &req->ca[req->nca - 1], 1, f) ||
	    !write_in(req, "key.pem", 0600, req->key_pem, f) ||
	    !write_certs(req, "cert.pem", &req->cert, NULL, 0, f) ||
	    !write_certs(req, "chain.pem", &req->cert, req->ca, req->nca, f))
		return false;
	report->files_in_place = true;
	(void)snprintf(report->conf, sizeof(report->conf), "%s", req->dir);
	return true;
}
