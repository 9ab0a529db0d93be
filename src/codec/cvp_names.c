/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_names.c - words for states, outcomes, events and failures (profile,
 * 7.3 and 7.9).  The short ones are stable: they stand in logs and in JSON.
 */
#include "codec/cvp.h"

static const struct {
	const char	*name;
	const char	*text;
	enum cmc_fail	 fail;
	bool		 for_admin;
} codes[CVP_CODE_END] = {
	[CVP_TEMPLATE_UNKNOWN] = { "template-unknown",
	    "This template does not exist or is not open to you",
	    CMC_BAD_REQUEST, false },
	[CVP_TEMPLATE_CHANGED] = { "template-changed",
	    "The template has changed since the authorization was given",
	    CMC_BAD_REQUEST, false },
	[CVP_NOT_DISTINGUISHABLE] = { "not-distinguishable",
	    "Two entries of the batch cannot be told apart by subject or names",
	    CMC_BAD_REQUEST, false },
	[CVP_DUPLICATE] = { "duplicate",
	    "A living authorization or certificate already has these names",
	    CMC_BAD_REQUEST, false },
	[CVP_TERMS_CONFLICT] = { "terms-conflict",
	    "The terms go beyond what the CA permits",
	    CMC_BAD_REQUEST, false },
	[CVP_ID_UNKNOWN] = { "id-unknown",
	    "No authorization has this id",
	    CMC_BAD_IDENTITY, true },
	[CVP_NOT_IN_WINDOW] = { "not-in-window",
	    "The authorization has expired or is not valid yet",
	    CMC_BAD_IDENTITY, true },
	[CVP_CANCELLED] = { "cancelled",
	    "The authorization has been cancelled",
	    CMC_BAD_IDENTITY, true },
	[CVP_ALREADY_USED] = { "already-used",
	    "The authorization has already been used",
	    CMC_BAD_IDENTITY, true },
	[CVP_LOCKED] = { "locked",
	    "The authorization is locked",
	    CMC_BAD_IDENTITY, true },
	[CVP_KEY_NOT_PERMITTED] = { "key-not-permitted",
	    "The key is not of a permitted kind or size",
	    CMC_BAD_ALG, false },
	[CVP_NAMES_DIFFER] = { "names-differ",
	    "The requested names differ from the authorized ones",
	    CMC_BAD_REQUEST, false },
	[CVP_RENEWAL_NOT_ALLOWED] = { "renewal-not-allowed",
	    "This certificate may not be renewed",
	    CMC_BAD_REQUEST, false },
	[CVP_TOO_EARLY] = { "too-early",
	    "It is too early to renew or update this certificate",
	    CMC_BAD_TIME, false },
	[CVP_UPDATE_NOT_ALLOWED] = { "update-not-allowed",
	    "This field may not be changed by an update",
	    CMC_BAD_REQUEST, false },
	[CVP_REQUESTER_MAY_NOT] = { "requester-may-not",
	    "This requester may not do this",
	    CMC_BAD_REQUEST, false },
	[CVP_OLD_REVOKED] = { "old-revoked",
	    "The certificate that signs the request has been revoked",
	    CMC_BAD_IDENTITY, false },
	[CVP_OLD_EXPIRED] = { "old-expired",
	    "The certificate that signs the request has expired",
	    CMC_BAD_IDENTITY, false },
	[CVP_KEY_REUSE] = { "key-reuse",
	    "The terms do not permit this choice of old or new key",
	    CMC_NO_KEY_REUSE, false },
	[CVP_ADMIN_MAY_NOT_REVOKE] = { "admin-may-not-revoke",
	    "This Admin may not revoke or replace this certificate",
	    CMC_BAD_IDENTITY, false },
	[CVP_SECRET_FORMAT] = { "secret-format",
	    "The format of id or token is too weak or cannot be prepared",
	    CMC_BAD_REQUEST, false },
	[CVP_BATCH_TOO_LARGE] = { "batch-too-large",
	    "The batch is too large",
	    CMC_TRY_LATER, false },
	[CVP_NO_DELIVERY] = { "no-delivery",
	    "There is no acceptable way to deliver the secrets",
	    CMC_BAD_REQUEST, false },
	[CVP_NO_KEY_GENERATION] = { "no-key-generation",
	    "This PKI does not generate keys",
	    CMC_BAD_REQUEST, false },
	[CVP_WANTED_ID] = { "wanted-id",
	    "The wanted id is taken or ill-formed",
	    CMC_BAD_REQUEST, false },
	[CVP_CONFIRMATION_LATE] = { "confirmation-late",
	    "The confirmation came too late and the certificate is revoked",
	    CMC_BAD_CERT_ID, false },
	[CVP_UPDATE_NEEDED] = { "update-needed",
	    "The template has changed: ask for an update instead of a renewal",
	    CMC_BAD_REQUEST, false },
	[CVP_NOT_APPROVED] = { "not-approved",
	    "Whoever approves requests at the PKI has rejected this one",
	    CMC_BAD_REQUEST, false },
	[CVP_NOT_DECIDED] = { "not-decided",
	    "The request waited too long for approval, or for its Peer to come back",
	    CMC_BAD_REQUEST, false },
};

static const char *const states[CVP_STATE_END] = {
	[CVP_STATE_WAITING] = "waiting",
	[CVP_STATE_OPEN] = "open",
	[CVP_STATE_IN_PROGRESS] = "inProgress",
	[CVP_STATE_ISSUED] = "issued",
	[CVP_STATE_CONFIRMED] = "confirmed",
	[CVP_STATE_CANCELLED] = "cancelled",
	[CVP_STATE_EXPIRED] = "expired",
	[CVP_STATE_LOCKED] = "locked",
	[CVP_STATE_REJECTED] = "rejected",
	[CVP_STATE_REVOKED] = "revoked",
};

static const struct {
	const char	*name;
	const char	*text;
} events[CVP_EVENT_END] = {
	[CVP_EVENT_ISSUED] = { "issued", "certificate issued" },
	[CVP_EVENT_CONFIRMED] = { "confirmed", "certificate confirmed by its Peer" },
	[CVP_EVENT_REJECTED] = { "rejected", "certificate rejected by its Peer" },
	[CVP_EVENT_NOT_CONFIRMED] = { "not-confirmed",
	    "certificate not confirmed in time and revoked" },
	[CVP_EVENT_ENROLLMENT_FAILED] = { "enrollment-failed",
	    "enrollment failed" },
	[CVP_EVENT_EXPIRED] = { "expired", "authorization expired unused" },
	[CVP_EVENT_CANCELLED] = { "cancelled", "authorization cancelled" },
	[CVP_EVENT_LOCKED] = { "locked",
	    "authorization locked, or too many failed proofs" },
	[CVP_EVENT_OUTSIDE_WINDOW] = { "outside-window",
	    "authorization used outside its window" },
	[CVP_EVENT_TEMPLATE_CHANGED] = { "template-changed",
	    "template changed between authorization and request" },
	[CVP_EVENT_REVOKED] = { "revoked", "certificate revoked" },
	[CVP_EVENT_CHANGE_REFUSED] = { "change-refused",
	    "renewal, rekey or update refused" },
	[CVP_EVENT_HELD] = { "held", "request waits for approval" },
	[CVP_EVENT_APPROVED] = { "approved", "request approved" },
	[CVP_EVENT_DEVICE_FAILED] = { "device-failed",
	    "the device's daemon does not take its certificate" },
	[CVP_EVENT_DEVICE_MENDED] = { "device-mended",
	    "the device's daemon uses its certificate again" },
	[CVP_EVENT_NOT_APPROVED] = { "not-approved", "request rejected, or not decided in time" },
};

static const char *const outcomes[] = {
	[CVP_CANCEL_DONE] = "cancelled",
	[CVP_CANCEL_ALREADY] = "alreadyCancelled",
	[CVP_CANCEL_REFUSED_ISSUED] = "refusedIssued",
	[CVP_CANCEL_REFUSED] = "refused",
};

static bool
is_known(uint32_t code)
{
	return code < CVP_CODE_END && codes[code].name != NULL;
}

const char *
cvp_code_name(uint32_t code)
{
	return is_known(code) ? codes[code].name : "unknown";
}

const char *
cvp_code_text(uint32_t code)
{
	return is_known(code) ? codes[code].text :
	    "The PKI gave a reason that this program does not know";
}

enum cmc_fail
cvp_code_fail(uint32_t code)
{
	return is_known(code) ? codes[code].fail : CMC_INTERNAL_CA_ERROR;
}

bool
cvp_code_is_for_admin(uint32_t code)
{
	return is_known(code) && codes[code].for_admin;
}

const char *
cvp_state_name(enum cvp_state s)
{
	return s < CVP_STATE_END ? states[s] : "unknown";
}

static bool
is_event(uint32_t kind)
{
	return kind < CVP_EVENT_END && events[kind].name != NULL;
}

const char *
cvp_event_name(uint32_t kind)
{
	return is_event(kind) ? events[kind].name : "unknown";
}

const char *
cvp_event_text(uint32_t kind)
{
	return is_event(kind) ? events[kind].text : "event of an unknown kind";
}

const char *
cvp_cancel_outcome_name(enum cvp_cancel_outcome o)
{
	return o < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[o] :
	    "unknown";
}
