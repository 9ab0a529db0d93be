/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypt/ossl.h"
#include "crypt/path.h"

#define NAME_TEXT_MAX	200
#define P521_BITS	521

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

/* --- with everything told about it ------------------------------------------------ */

/* What the verifier's errors are called here, and the step they belong to. */
static const struct {
	int		 error;
	const char	*reason, *rule;
} reasons[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "expired", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "no-path", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "no-path", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "no-path", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "no-path", "RFC 5280, 6.1.1" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "no-path", "RFC 5280, 6.1.1" },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "no-path", "RFC 5280, 6.1" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "signature", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "algorithm", "RFC 5280, 6.1.4" },
	{ X509_V_ERR_INVALID_CA, "ca-bc", "RFC 5280, 6.1.4" },
	{ X509_V_ERR_INVALID_NON_CA, "ca-bc", "RFC 5280, 6.1.4" },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "ca-bc", "RFC 5280, 6.1.4" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, "ca-bc", "RFC 5280, 6.1.4" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "critical-ext", "RFC 5280, 6.1.5" },
	{ X509_V_ERR_PERMITTED_VIOLATION, "constraint", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_EXCLUDED_VIOLATION, "constraint", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_SUBTREE_MINMAX, "constraint", "RFC 5280, 4.2.1.10" },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, "constraint", "RFC 5280, 4.2.1.10" },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, "constraint", "RFC 5280, 4.2.1.10" },
	{ X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "constraint", "RFC 5280, 4.2.1.10" },
	{ X509_V_ERR_INVALID_POLICY_EXTENSION, "policy", "RFC 5280, 6.1.3" },
	{ X509_V_ERR_NO_EXPLICIT_POLICY, "policy", "RFC 5280, 6.1.5" },
	{ X509_V_ERR_UNNESTED_RESOURCE, "resources", "RFC 3779, 2.3" },
};

static const char *
reason_of(int error, const char **rule)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].error == error) {
			*rule = reasons[i].rule;
			return reasons[i].reason;
		}
	*rule = "RFC 5280, 6.1";
	return "path";
}

static bool
want_policy(X509_VERIFY_PARAM *param, const char *policy, struct fault *f)
{
	ASN1_OBJECT	*oid = OBJ_txt2obj(policy, 1);

	if (oid != NULL && X509_VERIFY_PARAM_add0_policy(param, oid) == 1)
		return true;
	ASN1_OBJECT_free(oid);
	return ossl_fault(f, FAULT_USAGE, "", "policy \"%s\" is no dotted OID", policy);
}

/* libcrypto takes no policies for none; RFC 5280, 6.1.1 (c) for any. */
static bool
want_policies(X509_VERIFY_PARAM *param, const struct path_terms *t, struct fault *f)
{
	if (t->npolicies == 0)
		return want_policy(param, "2.5.29.32.0", f);
	for (size_t i = 0; i < t->npolicies; i++)
		if (!want_policy(param, t->policies[i], f))
			return false;
	return true;
}

static bool
set_terms(struct work *w, const struct path_terms *t, struct fault *f)
{
	X509_VERIFY_PARAM	*param;
	unsigned long		 flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;

	if (t->npolicies > 0)
		flags |= X509_V_FLAG_EXPLICIT_POLICY;
	if (X509_STORE_CTX_init(w->ctx, w->store, w->leaf, w->untrusted) != 1)
		return ossl_fault(f, FAULT_INTERNAL, "", "could not prepare a path");
	param = X509_STORE_CTX_get0_param(w->ctx);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_depth(param, PATH_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, 0);	/* keys and digests: the profile's */
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	X509_VERIFY_PARAM_set_time(param, (time_t)t->path->at);
	return want_policies(param, t, f);
}

static bool
keep_chain(const struct work *w, struct path_found *out, struct fault *f)
{
	STACK_OF(X509)	*chain = X509_STORE_CTX_get0_chain(w->ctx);
	int		 n = chain == NULL ? 0 : sk_X509_num(chain);

	for (int i = 0; i < n && i < PATH_CHAIN_MAX; i++) {
		int	 octets = i2d_X509(sk_X509_value(chain, i), NULL);
		uint8_t	*p;

		buf_init(&out->chain[out->n], 1u << 20);
		p = octets <= 0 ? NULL : buf_extend(&out->chain[out->n], (size_t)octets);
		out->n++;
		if (p == NULL || i2d_X509(sk_X509_value(chain, i), &p) != octets)
			return ossl_fault(f, FAULT_INTERNAL, "", "could not keep a path");
	}
	return true;
}

bool
path_build(const struct path_terms *t, struct path_found *out, struct fault *f)
{
	struct work	w = { NULL, NULL, NULL, NULL };
	struct path	p = *t->path;
	int		error;
	bool		ok;

	*out = (struct path_found){ 0 };
	p.ncrls = 0;
	ok = gather(&w, &p, f) && set_terms(&w, t, f);
	if (ok) {
		out->valid = X509_verify_cert(w.ctx) == 1;
		if (!out->valid) {
			error = X509_STORE_CTX_get_error(w.ctx);
			out->depth = (size_t)X509_STORE_CTX_get_error_depth(w.ctx);
			out->reason = reason_of(error, &out->rule);
			snprintf(out->text, sizeof(out->text), "%s",
			    X509_verify_cert_error_string(error));
		}
		ok = keep_chain(&w, out, f);
	}
	ERR_clear_error();
	X509_STORE_CTX_free(w.ctx);
	sk_X509_pop_free(w.untrusted, X509_free);
	X509_STORE_free(w.store);
	X509_free(w.leaf);
	return ok;
}

void
path_found_clear(struct path_found *out)
{
	for (size_t i = 0; i < out->n; i++)
		buf_clear(&out->chain[i]);
	out->n = 0;
}

/* --- CRLs by themselves ------------------------------------------------------------- */

static bool
is_strong(const EVP_PKEY *key, int signature_nid)
{
	int	digest = NID_undef;

	if (EVP_PKEY_is_a(key, "ED448"))
		return signature_nid == NID_ED448;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == P521_BITS &&
	    OBJ_find_sigid_algs(signature_nid, &digest, NULL) == 1 &&
	    (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
}

bool
path_crl_signed(struct view crl, struct view issuer)
{
	const uint8_t	*p = crl.p;
	X509_CRL	*x = crl.n > INT32_MAX ? NULL : d2i_X509_CRL(NULL, &p, (long)crl.n);
	X509		*by = read_cert(issuer, "certificate", 0, NULL);
	EVP_PKEY	*key = by == NULL ? NULL : X509_get0_pubkey(by);
	bool		 ok = x != NULL && p == crl.p + crl.n && key != NULL &&
			    is_strong(key, X509_CRL_get_signature_nid(x)) &&
			    X509_CRL_verify(x, key) == 1;

	ERR_clear_error();
	X509_CRL_free(x);
	X509_free(by);
	return ok;
}
