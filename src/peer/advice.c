/* SPDX-License-Identifier: Apache-2.0 */
#include "peer/advice.h"

#include <stdio.h>
#include <string.h>

#include "codec/cvp.h"

#define ANY	NULL

/* The first that fits; %s is the folder. */
static const struct {
	enum cvp_code	 code;
	const char	*asked;
	const char	*advice;
} rows[] = {
	{ CVP_OLD_EXPIRED, ANY, "pki4ipsec peer enroll TICKET: a new enrolment, by a new ticket of the "
	    "Admin" },
	{ CVP_OLD_REVOKED, ANY, "pki4ipsec peer enroll TICKET: a new enrolment, by a new ticket of the "
	    "Admin" },
	{ CVP_TEMPLATE_CHANGED, ANY, "pki4ipsec peer rekey TICKET --dir %s: a rekey, by a new ticket of "
	    "the Admin that replaces this certificate" },
	{ CVP_RENEWAL_NOT_ALLOWED, "renew", "pki4ipsec peer rekey TICKET --dir %s: a rekey, by a ticket "
	    "of the Admin that replaces this certificate" },
	{ CVP_UPDATE_NEEDED, "rekey", "pki4ipsec peer update --dir %s: an update, for other names; a rekey "
	    "wants a ticket with those of the certificate" },
	{ CVP_UPDATE_NEEDED, ANY, "pki4ipsec peer update --dir %s: an update" },
	{ CVP_NAMES_DIFFER, "renew", "pki4ipsec peer update --dir %s: an update, for other names" },
	{ CVP_NAMES_DIFFER, "rekey", "pki4ipsec peer update --dir %s: an update, for other names" },
	{ CVP_UPDATE_NOT_ALLOWED, "update", "pki4ipsec peer enroll TICKET: a new enrolment, by a ticket "
	    "of the Admin for these names; pki4ipsec peer renew keeps the old ones" },
	{ CVP_TOO_EARLY, "renew", "pki4ipsec peer renew --if-due --dir %s, later" },
	{ CVP_TOO_EARLY, "update", "the same command, later" },
	{ CVP_REQUESTER_MAY_NOT, ANY, "the same by way of the Admin: pki4ipsec admin relay" },
	{ CVP_KEY_REUSE, "renew", "pki4ipsec peer renew --dir %s without --new-key and --same-key: a "
	    "renewal with the key that the terms want; else a rekey, by a ticket of the Admin" },
	{ CVP_KEY_REUSE, "update", "pki4ipsec peer update --dir %s without --new-key and --same-key: an "
	    "update with the key that the terms want" },
};

const char *
change_advice(const char *asked, const char *said, const char *dir, char out[ADVICE_MAX])
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char	*at = strstr(rows[i].advice, "%s");
		char		 code[64];

		/* as exchange_fault() says it: "failed, CODE: ..." */
		snprintf(code, sizeof(code), ", %s: ", cvp_code_name(rows[i].code));
		if (strstr(said, code) == NULL ||
		    (rows[i].asked != ANY && strcmp(rows[i].asked, asked) != 0))
			continue;
		if (at == NULL)
			return rows[i].advice;
		snprintf(out, ADVICE_MAX, "%.*s%s%s", (int)(at - rows[i].advice), rows[i].advice, dir,
		    at + 2);
		return out;
	}
	return NULL;
}
