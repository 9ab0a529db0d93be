/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "crypt/ossl.h"
#include "crypt/path.h"

#define NAME_TEXT_MAX	200

/* What one validation needs; everything NULL until made. */
struct work {
	X509_STORE	*store;
	X509_STORE_CTX	*ctx;
	STACK_OF(X509)	*untrusted;
	X509		*leaf;
};

static X509 *
read_cert(struct view v, const char *what, size_t at, struct fault *f)
{
	const uint8_t	*p = v.p;
	X509		*x = v.n > INT32_MAX ? NULL : d2i_X509(NULL, &p, (long)v.n);

	if (x != NULL && p == v.p + v.n)
		return x;
	X509_free(x);
	ossl_fault(f, FAULT_MALFORMED, "RFC 5280, 4.1", "cannot read %s %zu", what, at + 1);
	return NULL;
}

static bool
add_anchor(struct work *w, struct view v, size_t at, struct fault *f)
{
	X509	*x = read_cert(v, "trust anchor", at, f);
	bool	 ok;

	if (x == NULL)
		return false;
	ok = X509_STORE_add_cert(w->store, x) == 1;
	X509_free(x);
	return ok || ossl_fault(f, FAULT_INTERNAL, "", "cannot hold trust anchor %zu", at + 1);
}

static bool
add_untrusted(struct work *w, struct view v, size_t at, struct fault *f)
{
	X509	*x = read_cert(v, "certificate", at, f);

	if (x == NULL)
		return false;
	if (sk_X509_push(w->untrusted, x) > 0)
		return true;
	X509_free(x);
	return fault_set(f, FAULT_INTERNAL, "", "out of memory for certificates");
}

static bool
add_crl(struct work *w, struct view v, size_t at, struct fault *f)
{
	const uint8_t	*p = v.p;
	X509_CRL	*x = v.n > INT32_MAX ? NULL : d2i_X509_CRL(NULL, &p, (long)v.n);
	bool		 ok;

	if (x == NULL || p != v.p + v.n) {
		X509_CRL_free(x);
		return ossl_fault(f, FAULT_MALFORMED, "RFC 5280, 5.1", "cannot read CRL %zu",
		    at + 1);
	}
	ok = X509_STORE_add_crl(w->store, x) == 1;
	X509_CRL_free(x);
	return ok || ossl_fault(f, FAULT_INTERNAL, "", "cannot hold CRL %zu", at + 1);
}

typedef bool add_one(struct work *, struct view, size_t, struct fault *);

static bool
add_all(struct work *w, const struct view *list, size_t n, add_one *add, struct fault *f)
{
	if (n > PATH_CERTS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu certificates or CRLs, %d are taken",
		    n, PATH_CERTS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!add(w, list[i], i, f))
			return false;
	return true;
}

static bool
gather(struct work *w, const struct path *p, struct fault *f)
{
	w->store = X509_STORE_new();
	w->ctx = X509_STORE_CTX_new();
	w->untrusted = sk_X509_new_null();
	if (w->store == NULL || w->ctx == NULL || w->untrusted == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory for certificates");
	return (w->leaf = read_cert(p->leaf, "certificate", 0, f)) != NULL &&
	    add_all(w, p->intermediates, p->nintermediates, add_untrusted, f) &&
	    add_all(w, p->anchors, p->nanchors, add_anchor, f) &&
	    add_all(w, p->crls, p->ncrls, add_crl, f);
}

static bool
set_rules(struct work *w, const struct path *p, struct fault *f)
{
	X509_VERIFY_PARAM	*param;
	unsigned long		 flags = X509_V_FLAG_X509_STRICT |
				    X509_V_FLAG_CHECK_SS_SIGNATURE | X509_V_FLAG_USE_DELTAS;

	if (p->check_crls)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
		    X509_V_FLAG_EXTENDED_CRL_SUPPORT;
	if (X509_STORE_CTX_init(w->ctx, w->store, w->leaf, w->untrusted) != 1)
		return ossl_fault(f, FAULT_INTERNAL, "", "could not prepare a path");
	param = X509_STORE_CTX_get0_param(w->ctx);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_depth(param, PATH_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, 1);
	X509_VERIFY_PARAM_set_time(param, (time_t)p->at);
	return true;
}

static bool
say_why(const struct work *w, struct fault *f)
{
	int	 error = X509_STORE_CTX_get_error(w->ctx);
	int	 depth = X509_STORE_CTX_get_error_depth(w->ctx);
	X509	*x = X509_STORE_CTX_get_current_cert(w->ctx);
	char	*name = x == NULL ? NULL :
		    X509_NAME_oneline(X509_get_subject_name(x), NULL, 0);

	ERR_clear_error();
	fault_set(f, FAULT_REFUSED, "RFC 5280, 6.1", "%s, at certificate %d of the path%s%.*s",
	    X509_verify_cert_error_string(error), depth + 1, name == NULL ? "" : ": ",
	    NAME_TEXT_MAX, name == NULL ? "" : name);
	OPENSSL_free(name);
	return false;
}

bool
path_validate(const struct path *p, struct fault *f)
{
	struct work	w = { NULL, NULL, NULL, NULL };
	bool		ok;

	ok = gather(&w, p, f) && set_rules(&w, p, f) &&
	    (X509_verify_cert(w.ctx) == 1 || say_why(&w, f));
	ERR_clear_error();
	X509_STORE_CTX_free(w.ctx);
	sk_X509_pop_free(w.untrusted, X509_free);
	X509_STORE_free(w.store);
	X509_free(w.leaf);
	return ok;
}
