/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - what an operator does at the PKI itself, without an Admin.
 *
 * A request is a verb and words, an answer is one JSON object.  The same
 * function serves a running engine, over the socket DIR/run/operator.sock
 * that only its owner may open, and a stopped one (pki/local.h).  Every change
 * is on disk, with its audit row, before it is answered.
 *
 *	revoke WHAT REASON		certificates by serial number, identity or label
 *	revoke-where REASON TEMPLATE TEXT DATE EXPECT
 *					certificates of devices that match, if they are EXPECT;
 *					an empty word: any, an empty EXPECT: only shows them
 *	cancel ID			an authorization that was not used, a locked one too
 *	lock ID REASON			its token is refused...
 *	unlock ID			...until then
 *	crl				a new CRL of each CA, now
 *	clock				the machine's, and the latest time that was seen
 *	clock-accept			the machine's is right, though a later one was seen
 *	queue				requests that wait for approval
 *	approve ID BY REASON		one person's yes; issued when its device asks again
 *	reject ID BY REASON		no: its authorization is open again
 *	admins				logical Admins, their rights and certificates
 *	admin-add NAME RIGHTS
 *	admin-rights NAME RIGHTS
 *	admin-remove NAME		no rights any more, its certificates revoked
 *	templates			all versions there ever were
 *	template-file NAME VERSION	one as a signed file; version 0: the one in use
 *	hint-add ACT TEMPLATE ISSUED SERIALS FROM TO REASON DRY
 *					a rule for renewals, first of all there are: ACT renew or
 *					wait; SERIALS parted by commas; TO seconds after FROM, or
 *					of a wait a date; an empty word: not said; DRY "dry": only
 *					how many certificates it would speak of
 *	hints				the rules there are
 *	hint-clear N			rule N of them, or all
 *
 *	template-import FILE		the text of one: what is to stand in its place
 *
 * RIGHTS are words TEMPLATE:RIGHT, TEMPLATE a name or *, RIGHT one of
 * authorize, enroll, foreign, revoke, query, template or *; or * alone.
 */
#ifndef PKI_CONSOLE_H
#define PKI_CONSOLE_H

#include "base/frame.h"
#include "message/template_seal.h"
#include "pki/engine.h"

#define CONSOLE_WORDS_MAX	16
#define CONSOLE_WORD_MAX	4096	/* octets */
#define CONSOLE_FILE_MAX	TEMPLATE_SEAL_MAX	/* of the word that is a whole file... */
#define CONSOLE_FILE_VERB	"template-import"	/* ...of this verb */
#define CONSOLE_ANSWER_MAX	(4u << 20)
#define CONSOLE_SOCKET		"operator.sock"

enum console_frame { CONSOLE_ASK = 1, CONSOLE_ANSWER };

struct console_request {
	struct view	words[CONSOLE_WORDS_MAX];	/* the first is the verb; UTF-8 */
	size_t		n;
};

void	console_put_request(struct buf *b, const struct console_request *q);
MUST_CHECK bool console_get_request(struct view body, struct console_request *out,
    struct fault *f);

/* How long may word i be, the verb being there already? */
size_t	console_word_max(const struct console_request *q, size_t i);

/* The answer's body: JSON, or the fault. */
void	console_put_answer(struct buf *b, struct view json, const struct fault *f);
/* Appends the JSON to out; false with the fault that was answered. */
MUST_CHECK bool console_get_answer(struct view body, struct buf *out, struct fault *f);

/* Do it.  Appends a JSON object to out. */
MUST_CHECK bool console_run(struct engine *e, const struct console_request *q,
    int64_t now, struct buf *out, struct fault *f);

#endif
