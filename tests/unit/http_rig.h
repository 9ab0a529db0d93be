/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_rig.h - an HTTP server and raw clients in one loop on the loopback
 * interface: a test waits for what must happen, never for time to pass.
 */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include "base/buf.h"
#include "net/server.h"

#define RIG_ETAG	"\"v1\""
#define RIG_MODIFIED	INT64_C(1790000000)	/* Mon, 21 Sep 2026 14:13:20 GMT */
#define RIG_LENT_OCTETS	(3u << 20)

#define H	"Host: ca.example\r\n"
#define CMC	"POST /cmc HTTP/1.1\r\n" H "Content-Type: application/pkcs7-mime\r\n"

struct rig {
	struct net_loop		*loop;
	struct http_server	*server;
	struct net_timer	*watchdog;
	unsigned		 port;
	uint64_t		 later[4];	/* ids of requests not answered yet */
	unsigned		 later_count;
	unsigned		 released;
	bool			 stopped;
};

struct peer {
	struct rig		*rig;
	int			 fd;
	struct net_watch	*watch;
	struct view		 left;		/* to be written */
	struct buf		 in;
	bool			 closed;
};

/*
 * POST /cmc tells the length of application/pkcs7-mime.  GET /crl/NAME has an
 * ETag and a date.  GET /later is answered by the test.  GET /lent lends a
 * large body.  POST /echo takes 8 octets.  GET /query gives the query back.
 */
void	rig_start(struct rig *r, const struct http_limits *limits);
void	rig_end(struct rig *r);
void	rig_turn(struct rig *r);	/* one round of the loop */
const uint8_t *rig_lent(void);

void	peer_open(struct peer *p, struct rig *r);
void	peer_close(struct peer *p);
void	peer_send(struct peer *p, struct view v);
const char *peer_text(struct peer *p);	/* what came, from its beginning */
/* Octets of the first answer if it is whole, else 0.  no_body: to HEAD or 304. */
size_t	peer_answer_octets(struct peer *p, bool no_body);
/* Wait for an answer; its status, 0 if the connection ended without one. */
int	peer_answer(struct peer *p, bool no_body);
void	peer_wait_closed(struct peer *p);

#endif
