/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ocsp.h>
#include <time.h>

#include "crypt/ocsp_answer.h"
#include "crypt/ossl.h"

/* Everything NULL until made. */
struct work {
	X509		*cert, *issuer;
	OCSP_RESPONSE	*response;
	OCSP_BASICRESP	*basic;
	X509_STORE	*store;
};

static X509 *
read_x509(struct view v)
{
	const uint8_t	*p = v.p;

	return v.n > INT32_MAX ? NULL : d2i_X509(NULL, &p, (long)v.n);
}

static bool
gather(struct work *w, struct view response, struct view cert, struct view issuer,
    struct fault *f)
{
	const uint8_t	*p = response.p;
	int		 status;

	w->cert = read_x509(cert);
	w->issuer = read_x509(issuer);
	if (w->cert == NULL || w->issuer == NULL)
		return ossl_fault(f, FAULT_MALFORMED, "RFC 5280, 4.1", "cannot read a certificate");
	w->response = response.n > INT32_MAX ? NULL :
	    d2i_OCSP_RESPONSE(NULL, &p, (long)response.n);
	if (w->response == NULL || p != response.p + response.n)
		return ossl_fault(f, FAULT_MALFORMED, "RFC 6960, 4.2.1",
		    "cannot read the OCSP response");
	status = OCSP_response_status(w->response);
	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return fault_set(f, FAULT_REFUSED, "RFC 6960, 4.2.1",
		    "the OCSP responder said \"%s\"", OCSP_response_status_str(status));
	w->basic = OCSP_response_get1_basic(w->response);
	return w->basic != NULL || ossl_fault(f, FAULT_MALFORMED, "RFC 6960, 4.2.1",
	    "cannot read the OCSP response");
}

/* The issuer is all that is trusted, whether it is a root or not. */
static bool
is_signed(struct work *w, int64_t at, struct fault *f)
{
	STACK_OF(X509)	*more = sk_X509_new_null();
	bool		 ok = false;

	w->store = X509_STORE_new();
	if (w->store != NULL && more != NULL && sk_X509_push(more, w->issuer) > 0 &&
	    X509_STORE_add_cert(w->store, w->issuer) == 1) {
		X509_VERIFY_PARAM	*p = X509_STORE_get0_param(w->store);

		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_time(p, (time_t)at);
		ok = OCSP_basic_verify(w->basic, more, w->store, 0) == 1;
	}
	sk_X509_free(more);
	return ok || ossl_fault(f, FAULT_SIGNATURE, "RFC 6960, 4.2.2.2",
	    "the OCSP response is not signed by the issuer or its delegate");
}

static int64_t
seconds(const ASN1_GENERALIZEDTIME *t)
{
	struct tm	tm;

	return t == NULL || ASN1_TIME_to_tm(t, &tm) != 1 ? 0 : (int64_t)timegm(&tm);
}

/* Is this single answer about the certificate? */
static bool
is_about(const struct work *w, OCSP_SINGLERESP *one)
{
	ASN1_OBJECT	*digest = NULL;
	OCSP_CERTID	*theirs = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(one), *ours;
	bool		 same;

	OCSP_id_get0_info(NULL, &digest, NULL, NULL, theirs);
	ours = OCSP_cert_to_id(EVP_get_digestbyobj(digest), w->cert, w->issuer);
	same = ours != NULL && OCSP_id_cmp(ours, theirs) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

static void
read_one(OCSP_SINGLERESP *one, struct ocsp_answer *out)
{
	ASN1_GENERALIZEDTIME	*revoked = NULL, *from = NULL, *to = NULL;
	int			 status = OCSP_single_get0_status(one, &out->reason, &revoked,
				    &from, &to);

	out->says = status == V_OCSP_CERTSTATUS_GOOD ? OCSP_SAYS_GOOD :
	    status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_SAYS_REVOKED : OCSP_SAYS_UNKNOWN;
	out->revoked_at = seconds(revoked);
	out->this_update = seconds(from);
	out->next_update = seconds(to);
}

/* The first answer about it, or a later one that says revoked. */
static void
find(const struct work *w, struct ocsp_answer *out)
{
	for (int i = 0; i < OCSP_resp_count(w->basic); i++) {
		OCSP_SINGLERESP		*one = OCSP_resp_get0(w->basic, i);
		struct ocsp_answer	 a = { .reason = -1 };

		if (one == NULL || !is_about(w, one))
			continue;
		read_one(one, &a);
		if (out->says == OCSP_SAYS_NOTHING || a.says == OCSP_SAYS_REVOKED)
			*out = a;
	}
}

bool
ocsp_answer_read(struct view response, struct view cert, struct view issuer, int64_t at,
    struct ocsp_answer *out, struct fault *f)
{
	struct work	w = { NULL, NULL, NULL, NULL, NULL };
	bool		ok;

	*out = (struct ocsp_answer){ .reason = -1 };
	ok = gather(&w, response, cert, issuer, f) && is_signed(&w, at, f);
	if (ok)
		find(&w, out);
	ERR_clear_error();
	X509_STORE_free(w.store);
	OCSP_BASICRESP_free(w.basic);
	OCSP_RESPONSE_free(w.response);
	X509_free(w.cert);
	X509_free(w.issuer);
	return ok;
}
