/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint.h - when the PKI wants certificates renewed: "now, within six hours",
 * "not before December" (docs/adr/0027).
 *
 * One object for all devices, published beside the CRL: SignedData by the CMC
 * responder over a PKIResponse with one renewalHint, which answers nothing.
 * It is advice.  Whom a rule speaks of and what comes of it is the same for
 * PKI and device, and pure: time and chance are arguments.  Of several rules
 * that speak of a certificate the first counts.
 *
 * A hint may make a device renew earlier, or later within what its own
 * certificate leaves it, and nothing else: a renewal itself is asked for,
 * judged and signed as ever.
 */
#ifndef MESSAGE_HINT_H
#define MESSAGE_HINT_H

#include "codec/cvp.h"
#include "message/exchange.h"

#define HINT_OCTETS_MAX		(256u << 10)	/* the most rules with the most serial numbers, and certificates */
#define HINT_PATH		"/crl/hint.p7m"
#define HINT_SECONDS		INT64_C(172800)	/* thisUpdate to nextUpdate; made anew after half */
#define HINT_WINDOW_MAX		(INT64_C(1098) * 86400)	/* three years: longer than any wait */
#define HINT_SAFE_PART		6	/* of its life, and its last, in which a certificate waits for nobody */

/* The PKIResponse that is signed. */
void	hint_content(const struct cvp_hint *h, struct buf *out);

/*
 * Signed by a CMC responder under the anchor, now.  trust NULL: the signature
 * is not looked at.  Says nothing of the dates inside: hint_judge().  Views
 * point into octets and arena.
 */
MUST_CHECK bool hint_open(struct view octets, const struct exchange_trust *trust,
    struct arena *a, struct cvp_hint *out, struct fault *f);

/*
 * May a device take h, as of now, in the place of held (NULL: it has none)?
 * Refused: not current, or older than held.  *newer false: held says it already.
 */
MUST_CHECK bool hint_judge(const struct cvp_hint *h, const struct cvp_hint *held, int64_t now,
    bool *newer, struct fault *f);
/* Past its nextUpdate it says nothing any more. */
bool	hint_is_current(const struct cvp_hint *h, int64_t now);

/*
 * Could a PKI mean this?  It lasts HINT_SECONDS at most, and no renewal makes
 * a certificate that the same rule speaks of again.
 */
MUST_CHECK bool hint_check(const struct cvp_hint *h, struct fault *f);

struct hint_cert {
	struct view	serial;		/* INTEGER content octets */
	struct view	template;	/* name; empty: not known, no rule for one speaks of it */
	int64_t		not_before, not_after;
};
/* The rule that counts for it; NULL: none speaks of it. */
const struct cvp_hint_rule *hint_find(const struct cvp_hint *h, const struct hint_cert *c);

/* Does the PKI take its renewal now, whatever its terms say of the time? */
bool	hint_opens(const struct cvp_hint *h, const struct hint_cert *c, int64_t now);

/*
 * When a device renews by this rule that would have at `at`: by chance
 * somewhere in the window, but not later than `at`; or behind the end of the
 * wait, but before the last HINT_SAFE_PART of its life begins.  Who is to wait
 * for longer than that waits for three fourths of what is left until then, and
 * part of the rest: those that were made together must not come together.
 */
int64_t	hint_moment(const struct cvp_hint_rule *r, const struct hint_cert *c, int64_t at,
	    uint32_t chance);

#endif
