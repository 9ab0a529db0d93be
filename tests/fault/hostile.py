# SPDX-License-Identifier: Apache-2.0
"""What a server has to bear.

hostile.py bear PORT TLSPORT GOOD	each case once; GOOD is a request that is
	answered by confirmRequired.  Prints a line for each, exit 1 if one fails.
hostile.py alike PORT FLOOR FILE...	each request is refused, by the same
	statuses in a PKIResponse of the same size, not before FLOOR ms
hostile.py status FILE	statuses of a response
"""
import socket
import ssl
import sys
import threading
import time

MAX = 16 << 20
TYPE = b"application/pkcs7-mime; smime-type=CMC-Request"
PKI_RESPONSE = bytes.fromhex("06082b06010505070c03")
STATUS_V2 = bytes.fromhex("06082b06010505070719")
SIGNED = bytes.fromhex("06092a864886f70d010702")
CONFIRM_REQUIRED = 5
FAILED = 2


class Wrong(Exception):
    pass


# ---- DER, as little as is needed ----

def tlv(octets, at=0):
    """(tag, content, end) of the element at this place."""
    tag, n = octets[at], octets[at + 1]
    at += 2
    if n & 0x80:
        k = n & 0x7f
        n = int.from_bytes(octets[at:at + k], "big")
        at += k
    if at + n > len(octets):
        raise Wrong("an element ends behind the message")
    return tag, octets[at:at + n], at + n


def elements(content):
    at = 0
    while at < len(content):
        tag, inner, at = tlv(content, at)
        yield tag, inner


def econtent(message):
    """The PKIResponse in a SignedData."""
    tag, info, end = tlv(message)
    if tag != 0x30 or end != len(message) or not info.startswith(SIGNED):
        raise Wrong("no SignedData")
    signed = list(elements(list(elements(info))[1][1]))[0][1]
    for tag, inner in elements(signed):
        if tag == 0x30 and inner.startswith(PKI_RESPONSE):
            return list(elements(list(elements(inner))[1][1]))[0][1]
    raise Wrong("no PKIResponse")


def statuses(message):
    """[(status, octets of otherInfo)] of the statusInfoV2 controls."""
    found = []
    controls = list(elements(list(elements(econtent(message)))[0][1]))[0][1]
    for _, control in elements(controls):
        parts = list(elements(control))
        if STATUS_V2[2:] != parts[1][1]:
            continue
        info = list(elements(list(elements(parts[2][1]))[0][1]))
        other = [inner for tag, inner in info[2:] if tag in (0x02, 0x30, 0xa1)]
        found.append((int.from_bytes(info[0][1], "big"), b"".join(other).hex()))
    if not found:
        raise Wrong("no status in the answer")
    return found


# ---- HTTP, as bytes ----

class Link:
    def __init__(self, port, timeout=30):
        self.s = socket.create_connection(("127.0.0.1", port), timeout)
        self.buf = b""

    def send(self, octets):
        """False if the server has cut us off."""
        try:
            self.s.sendall(octets)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def fill(self):
        try:
            more = self.s.recv(65536)
        except ConnectionResetError:
            more = b""
        self.buf += more
        return len(more) > 0

    def answer(self):
        """(status, headers, body); None for a clean cut."""
        while b"\r\n\r\n" not in self.buf:
            if not self.fill():
                if self.buf:
                    raise Wrong("cut in the middle of an answer")
                return None
        head, self.buf = self.buf.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(b":", 1)
            headers[name.strip().lower()] = value.strip()
        status = int(lines[0].split(b" ")[1])
        if status == 100:
            return self.answer()
        n = int(headers.get(b"content-length", b"0"))
        while len(self.buf) < n:
            if not self.fill():
                raise Wrong("cut in the middle of a body")
        body, self.buf = self.buf[:n], self.buf[n:]
        return status, headers, body

    def finish(self):
        """Nothing more from us; the server may have cut us off before."""
        try:
            self.s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def closed(self):
        """Nothing more comes, and the server closes."""
        while self.fill():
            pass
        return not self.buf

    def close(self):
        self.s.close()


def head(n, method=b"POST", path=b"/cmc", more=b"Content-Type: " + TYPE + b"\r\n"):
    return (method + b" " + path + b" HTTP/1.1\r\nHost: pki.example\r\n" + more +
            (b"Content-Length: %d\r\n" % n if n is not None else b"") + b"\r\n")


def once(port, octets):
    link = Link(port)
    link.send(octets)
    try:
        return link.answer()
    finally:
        link.close()


def post(port, message):
    return once(port, head(len(message)) + message)


def status_is(answer, *want):
    got = "a cut" if answer is None else answer[0]
    if got not in want:
        raise Wrong("answered by %s" % got)
    return str(got)


def refused(answer):
    """A Full response that says failed (R5272-3.2-1)."""
    if answer is None or answer[0] != 200:
        raise Wrong("no CMC answer, but %s" % (answer and answer[0]))
    if not answer[1].get(b"content-type", b"").startswith(b"application/pkcs7-mime"):
        raise Wrong("of another type")
    said = statuses(answer[2])
    if any(s != FAILED for s, _ in said):
        raise Wrong("not refused: %s" % said)
    return "failed"


def answered(answer):
    """Refused, or the certificate that it was about before."""
    if answer is None or answer[0] != 200:
        raise Wrong("no CMC answer, but %s" % (answer and answer[0]))
    return statuses(answer[2])[0][0]


# ---- the cases ----

def truncated(port, tls, good):             # R4809-3.4.11-4
    sizes = [1, 2, 3, 5, 20, 64, len(good) // 3, len(good) // 2, len(good) - 1]
    for n in sizes:
        refused(post(port, good[:n]))
    return "%d lengths, failed each time" % len(sizes)


def mutated(port, tls, good):               # R5272-3.2.1.3.4-1
    said = {}
    for at in range(0, len(good), 37):
        for bit in (0x01, 0x20, 0x80):
            bad = bytearray(good)
            bad[at] ^= bit
            s = answered(post(port, bytes(bad)))
            if s not in (FAILED, CONFIRM_REQUIRED):
                raise Wrong("octet %d: status %d" % (at, s))
            said[s] = said.get(s, 0) + 1
    bad = bytearray(good)
    for at in range(0, len(good), 37):
        bad[at] ^= 0xff
    refused(post(port, bytes(bad)))
    return "%d refused, %d about nothing that counts" % (
        said.get(FAILED, 0), said.get(CONFIRM_REQUIRED, 0))


def duplicated(port, tls, good):            # R5273-4-1
    refused(post(port, good + good))
    answers = [None] * 8

    def ask(i):
        answers[i] = post(port, good)
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    bodies = [a for a in answers if a is not None and a[0] == 200]
    if len(bodies) != 8 or any(statuses(a[2])[0][0] != CONFIRM_REQUIRED for a in bodies):
        raise Wrong("the same request eight times at once")
    return "twice in one body: failed; eight at once: answered alike"


def nested(port, tls, good):
    cases = [
        b"\x30\x80" * 20000,
        b"\x24\x80" * 20000,
        b"\xa0\x80" * 20000 + b"\0\0" * 20000,
        b"\x30\x80" * (MAX // 2),
        b"\x30\x80" * (MAX // 4) + b"\0\0" * (MAX // 4),
    ]
    inner = b""
    for _ in range(3000):
        n = len(inner)
        inner = b"\x30" + (bytes([n]) if n < 128 else
                           b"\x84" + n.to_bytes(4, "big")) + inner
    cases.append(inner)
    # Deep inside what looks like a message: in place of its content.
    cases.append(good[:40] + b"\x30\x80" * 10000)
    begun = time.monotonic()
    for c in cases:
        refused(post(port, c))
    return "%d kinds, up to %d levels, %d ms" % (
        len(cases), MAX // 2, (time.monotonic() - begun) * 1000)


def trailing(port, tls, good):              # R5273-4-1
    for tail in (b"\0", b"\n", b"\0\0", b"\x05\0", bytes(1 << 20)):
        refused(post(port, good + tail))
    return "failed each time"


def lengths(port, tls, good):
    for start in (b"\x30\x84\xff\xff\xff\xff", b"\x30\x88" + b"\xff" * 8, b"\x30\xff",
                  b"\x3f\xff\xff\xff\xff\x7f\x01\0", b"\x30\x85\1\0\0\0\0", b"\0" * 64,
                  b"\xff" * 64, b"\x30\x81\x7f" + b"\0" * 127):
        refused(post(port, start))
    return "lengths past the end, tags without end"


def empty(port, tls, good):
    return refused(post(port, b""))


def no_length(port, tls, good):
    return status_is(once(port, head(None)), 411, 400)


def wrong_type(port, tls, good):            # R5273-6.1-1
    for t in (b"text/plain", b"application/x-www-form-urlencoded", b"application/pkcs10",
              b"application/pkcs7-mimeX", b""):
        status_is(once(port, head(len(good), more=b"Content-Type: " + t + b"\r\n") + good),
                  415)
    return status_is(once(port, head(len(good), more=b"") + good), 415)


def wrong_method(port, tls, good):          # R5273-6-1
    a = once(port, head(None, b"GET"))
    status_is(a, 405)
    if b"POST" not in a[1].get(b"allow", b""):
        raise Wrong("405 without Allow: POST")
    for m in (b"PUT", b"DELETE", b"TRACE", b"FROB"):
        status_is(once(port, head(0, m)), 405, 501, 400)
    return "405, Allow: POST"


def too_large(port, tls, good):
    status_is(once(port, head(MAX + 1)), 413)
    link = Link(port)
    link.send(head(None, more=b"Content-Type: " + TYPE +
                   b"\r\nTransfer-Encoding: chunked\r\n"))
    for _ in range(MAX // 65536 + 1):
        if not link.send(b"10000\r\n" + bytes(65536) + b"\r\n"):
            break
    else:
        link.send(b"1\r\n\0\r\n0\r\n\r\n")
    status_is(link.answer(), 413, "a cut")
    link.close()
    refused(post(port, bytes(MAX)))
    status_is(once(port, head(10 ** 30)), 413, 400)
    return "16 MiB: failed; one octet more: 413"


def slow(port, tls, good):
    """Each is cut while it is still at it; the server says how it likes."""
    def trickle(octets):
        link = Link(port)
        begun = time.monotonic()
        for i in range(len(octets)):
            if time.monotonic() - begun > 20:
                raise Wrong("a slow sender was borne for 20 s")
            if not link.send(octets[i:i + 1]):
                break
            link.s.settimeout(0.05)
            try:
                if not link.fill() or link.buf:
                    break
            except (socket.timeout, TimeoutError):
                pass
        link.s.settimeout(20)
        status_is(link.answer(), 408, "a cut")
        link.close()
        return time.monotonic() - begun
    a = trickle(head(len(good)) + good)
    b = trickle(head(MAX) + good)
    link = Link(port)
    begun = time.monotonic()
    link.send(head(len(good)) + good[:100])
    status_is(link.answer(), 408, "a cut")
    link.close()
    c = time.monotonic() - begun
    link = Link(port)
    link.send(b"POST /cmc HT")
    status_is(link.answer(), 408, "a cut")
    link.close()
    return "cut after %.1f, %.1f, %.1f s" % (a, b, c)


def pipelined(port, tls, good):
    ask = b"GET /ca/root.cer HTTP/1.1\r\nHost: pki.example\r\n\r\n"
    link = Link(port)
    link.send(ask + ask + b"\x00\xff\x17garbage\r\n\r\n" + ask)
    status_is(link.answer(), 200)
    status_is(link.answer(), 200)
    status_is(link.answer(), 400, 501, 505)
    if not link.closed():
        raise Wrong("goes on behind garbage")
    link.close()
    link = Link(port)
    link.send(head(len(good)) + good + head(len(good)) + good)
    for _ in range(2):
        if answered(link.answer()) != CONFIRM_REQUIRED:
            raise Wrong("two requests in one go")
    link.close()
    return "200, 200, 400, closed"


def smuggled(port, tls, good):
    for more in (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                 b"Content-Length: 4\r\nContent-Length: 5\r\n",
                 b"Content-Length: -1\r\n", b"Content-Length: 4, 4x\r\n",
                 b"Content-Length: 0x10\r\n", b"Transfer-Encoding: gzip\r\n",
                 b"X\0Y: 1\r\n", b" folded: 1\r\n", b"Bad Name: 1\r\n"):
        status_is(once(port, head(None, more=b"Content-Type: " + TYPE + b"\r\n" + more) +
                       b"0\r\n\r\n"), 400, 411, 413, 501)
    return "refused each time"


def large_heads(port, tls, good):
    for octets in (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
                   b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                   b"GET / HTTP/1.1\r\nX: " + b"y" * 70000 + b"\r\n\r\n",
                   b"\n" * 70000, bytes(70000)):
        link = Link(port)
        link.send(octets)
        status_is(link.answer(), 400, 413, 414, 431, 505, 501, "a cut")
        link.close()
    return "refused each time"


def unknown_paths(port, tls, good):
    for path in (b"/", b"/cmc/", b"/CMC", b"/cmc/x", b"/../pki.db", b"/crl/../../pki.db",
                 b"/crl/%2e%2e/pki.db", b"/crl/", b"/crl/none.crl", b"/certs/", b"/ca/ike.key",
                 b"/certs/" + b"0" * 40, b"/certs/" + b"z" * 40, b"/certs/" + b"0" * 41,
                 b"/readyz", b"/healthz", b"/.well-known/est/cacerts", b"//cmc"):
        status_is(once(port, head(None, b"GET", path, b"")), 404, 400)
    return "404"


def other_tongue(port, tls, good):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    try:
        c.wrap_socket(socket.create_connection(("127.0.0.1", port), 20))
        raise Wrong("TLS on the plain port")
    except (ssl.SSLError, ConnectionResetError):
        pass
    status_is(once(tls, head(None, b"GET", b"/ca/root.cer", b"")), 400, "a cut")
    for junk in (b"\x16\x03\x01\xff\xff" + bytes(300), b"\0" * 1000):
        link = Link(tls)
        link.send(junk)
        link.finish()
        link.closed()
        link.close()
    with c.wrap_socket(socket.create_connection(("127.0.0.1", tls), 20)) as s:
        version = s.version()
    c.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        c.set_ciphers("ALL:@SECLEVEL=0")
        c.wrap_socket(socket.create_connection(("127.0.0.1", tls), 20))
        raise Wrong("TLS 1.1 is spoken")        # R5273-6-3
    except (ssl.SSLError, ConnectionResetError):
        pass
    return "TLS on HTTP, HTTP on TLS, TLS 1.1: cut; %s spoken" % version


def many(port, tls, good):
    links = [Link(port) for _ in range(300)]
    for i, link in enumerate(links):
        link.send(head(len(good))[:i % 60] if i % 2 else head(len(good)) + good[:i])
    if answered(post(port, good)) != CONFIRM_REQUIRED:
        raise Wrong("not answered beside 300 that say nothing")
    for link in links:
        link.close()
    return "300 open, the 301st is answered"


def gone(port, tls, good):                  # R4809-3.4.11-6
    for _ in range(20):
        link = Link(port)
        link.send(head(len(good)) + good)
        link.close()
    if answered(post(port, good)) != CONFIRM_REQUIRED:
        raise Wrong("not answered after 20 that went away")
    return "20 went before the answer came"


CASES = [truncated, mutated, duplicated, nested, trailing, lengths, empty, no_length,
         wrong_type, wrong_method, too_large, slow, pipelined, smuggled, large_heads,
         unknown_paths, other_tongue, many, gone]


def bear(port, tls, name):
    with open(name, "rb") as f:
        good = f.read()
    bad = 0
    for case in CASES:
        try:
            print("ok   %-14s %s" % (case.__name__, case(port, tls, good)))
        except (Wrong, OSError, ValueError, IndexError) as e:
            bad += 1
            print("FAIL %-14s %s: %s" % (case.__name__, type(e).__name__, e))
        sys.stdout.flush()
    return bad


def alike(port, floor, names):              # R5272-6.2.1-1
    seen = {}
    for name in names:
        with open(name, "rb") as f:
            message = f.read()
        for _ in range(5):
            begun = time.monotonic()
            answer = post(port, message)
            took = (time.monotonic() - begun) * 1000
            refused(answer)
            if took < floor:
                raise Wrong("%s: answered after %.1f ms" % (name, took))
            what = (len(econtent(answer[2])), tuple(statuses(answer[2])))
            seen.setdefault(what, []).append(name)
    if len(seen) != 1:
        raise Wrong("the answers differ: %s" % seen)
    (size, said), = seen
    print("a PKIResponse of %d octets, %s" % (size, said))
    return 0


def main(argv):
    if argv[1] == "bear":
        return bear(int(argv[2]), int(argv[3]), argv[4]) != 0
    if argv[1] == "alike":
        return alike(int(argv[2]), float(argv[3]), argv[4:])
    with open(argv[2], "rb") as f:
        for s, other in statuses(f.read()):
            print(s, other)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
