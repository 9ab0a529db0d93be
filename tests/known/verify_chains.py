#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# verify_chains.py DIR - certificate chains, good and broken in named ways.
#
# Writes DIR/NAME/{leaf,chain,trust}.pem, maybe crls.pem, and DIR/list: one
# line per case, "NAME|our options|openssl's options".  DER is put together
# here, so that anything can be broken; OpenSSL's command line makes keys and
# signatures only.
import base64
import hashlib
import os
import subprocess
import sys
import time

NOW = int(time.time())
DAY = 86400
OUT = sys.argv[1]
KEYS = {}
LIST = []


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        piece = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            piece.insert(0, 0x80 | (arc & 0x7F))
        out += bytes(piece)
    return tlv(6, out)


def when(t):
    return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(t)).encode())


def name(cn, tag=0x0C):
    return seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(tag, cn.encode())))) if cn else seq()


class Key:
    """A key pair, its SubjectPublicKeyInfo and how it signs."""

    def __init__(self, kind, n):
        self.path = f"{OUT}/{kind}-{n}.key"
        options = {"p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                   "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                   "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                   "rsa1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]}[kind]
        subprocess.run(["openssl", "genpkey", "-algorithm", *options, "-out", self.path],
                       check=True, capture_output=True)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout",
                                    "-outform", "DER"], check=True,
                                   capture_output=True).stdout
        self.rsa = kind.startswith("rsa")

    def algorithm(self, digest):
        number = {"sha1": 5, "sha256": 11, "sha384": 12}
        if self.rsa:
            return seq(oid(f"1.2.840.113549.1.1.{number[digest]}"), tlv(5))
        if digest == "sha1":
            return seq(oid("1.2.840.10045.4.1"))
        return seq(oid("1.2.840.10045.4.3." + ("2" if digest == "sha256" else "3")))

    def sign(self, octets, digest):
        return subprocess.run(["openssl", "dgst", "-" + digest, "-sign", self.path],
                              input=octets, check=True, capture_output=True).stdout


def key(kind, n):
    if (kind, n) not in KEYS:
        KEYS[kind, n] = Key(kind, n)
    return KEYS[kind, n]


def keyid(k):
    return hashlib.sha1(k.spki).digest()


def ext(number, value, critical=False):
    dotted = number if "." in str(number) else f"2.5.29.{number}"
    return seq(oid(dotted), tlv(1, b"\xff") if critical else b"", tlv(4, value))


def ku(*bits):
    v = 0
    for b in bits:
        v |= 0x80 >> b
    unused = 7 - max(bits)
    return ext(15, tlv(3, bytes([unused, v])), True)


def bc(ca, pathlen=None, critical=True):
    return ext(19, seq(tlv(1, b"\xff") if ca else b"",
                       integer(pathlen) if pathlen is not None else b""), critical)


def san(*names, critical=False):
    return ext(17, seq(*names), critical)


def dns(t):
    return tlv(0x82, t.encode())


def mail(t):
    return tlv(0x81, t.encode())


def uri(t):
    return tlv(0x86, t.encode())


def ip(*octets):
    return tlv(0x87, bytes(octets))


def dn(t):
    return tlv(0xA4, name(t))


def subtrees(permitted=(), excluded=()):
    return ext(30, seq(tlv(0xA0, *[seq(p) for p in permitted]) if permitted else b"",
                       tlv(0xA1, *[seq(e) for e in excluded]) if excluded else b""), True)


def eku(*oids, critical=False):
    return ext(37, seq(*[oid(o) for o in oids]), critical)


def policies(*oids):
    return ext(32, seq(*[seq(oid(o)) for o in oids]))


def blocks(*prefixes, critical=True):
    """RFC 3779: IPv4 prefixes as (octets, bits)."""
    list_ = [tlv(3, bytes([(8 - bits % 8) % 8]) + bytes(octets)) for octets, bits in prefixes]
    return ext("1.3.6.1.5.5.7.1.7", seq(seq(tlv(4, b"\0\1"), seq(*list_))), critical)


def cdp(url):
    return ext(31, seq(seq(tlv(0xA0, tlv(0xA0, uri(url))))))


# OpenSSL looks for deltas only where a freshestCRL points to one.
FRESHEST = ext(46, seq(seq(tlv(0xA0, tlv(0xA0, uri("http://a.example/delta.crl"))))))
IKE = "1.3.6.1.5.5.7.3.17"
SERVER = "1.3.6.1.5.5.7.3.1"
CLIENT = "1.3.6.1.5.5.7.3.2"
ANY = "2.5.29.37.0"
CODE = "1.3.6.1.5.5.7.3.3"


class Cert:
    """Fields of one certificate; whatever is set is what is encoded."""

    def __init__(self, cn, k, ca=False):
        self.cn, self.key, self.ca = cn, k, ca
        self.issuer, self.issuer_name, self.signer = None, None, None
        self.serial = 0x1234567890 + len(LIST) * 16 + int(ca)
        self.start, self.end = NOW - DAY, NOW + 30 * DAY
        self.digest, self.version, self.broken = "sha256", 3, False
        self.aki = self.ski = True
        self.wrong_aki = False
        self.usage = ku(5, 6) if ca else ku(0)
        self.constraints = bc(True) if ca else bc(False)
        self.names = None if ca else san(dns("gw.example.com"))
        self.more = []

    def encode(self):
        by = self.issuer or self
        signer = self.signer or by.key
        alg = signer.algorithm(self.digest)
        exts = []
        if self.ski:
            exts.append(ext(14, tlv(4, keyid(self.key))))
        if self.aki and by is not self:
            exts.append(ext(35, seq(tlv(0x80, b"wrong" if self.wrong_aki else keyid(by.key)))))
        exts += [e for e in (self.usage, self.constraints, self.names) if e] + self.more
        tbs = seq(tlv(0xA0, integer(2)) if self.version == 3 else b"",
                  integer(self.serial), alg, self.issuer_name or name(by.cn),
                  seq(when(self.start), when(self.end)), name(self.cn), self.key.spki,
                  tlv(0xA3, seq(*exts)) if self.version == 3 else b"")
        sig = signer.sign(tbs, self.digest)
        if self.broken:
            tbs = tbs.replace(when(self.end), when(self.end + DAY))
        return seq(tbs, alg, tlv(3, b"\0" + sig))


def crl(by, serials=(), number=12, start=NOW - 60, life=7 * DAY, base=None, idp=None,
        reason=None, signer=None):
    entries = [seq(integer(s), when(start - 10),
                   seq(ext(21, tlv(10, bytes([reason])))) if reason is not None else b"")
               for s in serials]
    exts = [ext(35, seq(tlv(0x80, keyid(by.key)))), ext(20, integer(number))]
    if base is not None:
        exts.append(ext(27, integer(base), True))
    if idp is not None:
        exts.append(ext(28, idp, True))
    alg = by.key.algorithm("sha256")
    tbs = seq(integer(1), alg, name(by.cn), when(start), when(start + life),
              seq(*entries) if entries else b"", tlv(0xA0, seq(*exts)))
    return seq(tbs, alg, tlv(3, b"\0" + (signer or by.key).sign(tbs, "sha256")))


def pem(label, der):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----\n"


def write(case, chain, trust, crls, ours, theirs):
    d = f"{OUT}/{case}"
    os.mkdir(d)
    with open(f"{d}/leaf.pem", "w") as f:
        f.write(pem("CERTIFICATE", chain[0].encode()))
    with open(f"{d}/chain.pem", "w") as f:
        f.write("".join(pem("CERTIFICATE", c.encode()) for c in chain[1:]))
    with open(f"{d}/trust.pem", "w") as f:
        f.write("".join(pem("CERTIFICATE", c.encode()) for c in trust))
    if crls:
        with open(f"{d}/crls.pem", "w") as f:
            f.write("".join(pem("X509 CRL", c) for c in crls))
    LIST.append("|".join([case, ours, theirs]))


def case(label, depth=2, kind="p256", change=None, crls=None, ours="", theirs="",
         ident="gw.example.com", anchor=None):
    """One chain of depth certificates below the root; change(chain) breaks it."""
    root = Cert("Root", key(kind, 0), True)
    chain = [root]
    for i in range(1, depth):
        c = Cert(f"CA {i}", key(kind, i), True)
        c.issuer = chain[-1]
        chain.append(c)
    leaf = Cert("gw", key(kind, 9))
    leaf.issuer = chain[-1]
    leaf.serial += 7
    chain.append(leaf)
    chain.reverse()                     # leaf first, root last
    if change:
        change(chain)
    trust = [chain[-1]] if anchor is None else [chain[anchor]]
    lists = crls(chain) if crls else None
    how = "--revocation strict --crl crls.pem" if crls else "--revocation off"
    write(label, chain[:-1], trust, lists, f"--id {ident} {how} {ours}".strip(),
          (("-crl_check_all " if crls else "") + theirs).strip())


def at(i, **fields):
    def change(chain):
        for k, v in fields.items():
            setattr(chain[i], k, v)
    return change


def plus(i, *exts, **fields):
    def change(chain):
        chain[i].more += exts
        at(i, **fields)(chain)
    return change


def both(*changes):
    def change(chain):
        for c in changes:
            c(chain)
    return change


def main():
    os.makedirs(OUT, exist_ok=True)
    spare = key("p256", 8)

    # ---- each way to break, at each place of chains of several lengths and kinds
    where = [("leaf", 0, 1), ("leaf", 0, 2), ("leaf", 0, 3), ("ca", 1, 2), ("ca", 1, 3),
             ("upper", 2, 3)]
    ways = {
        "good": at(0), "expired": at(0, end=NOW - 60), "future": at(0, start=NOW + 3600),
        "forged": at(0, broken=True), "foreign-key": at(0, signer=spare),
        "sha384": at(0, digest="sha384"), "sha1": at(0, digest="sha1"),
        "no-aki": at(0, aki=False), "no-ski": at(0, ski=False),
        "wrong-aki": at(0, wrong_aki=True),
        "unknown-critical": plus(0, ext("1.2.3.4.5", seq(), True)),
        "unknown-plain": plus(0, ext("1.2.3.4.5", seq())),
        "version-1": at(0, version=1),
        "printable-issuer": None, "other-issuer": None,
    }
    for label, i, depth in where:
        for way in ways:
            def change(chain, i=i, way=way):
                c = chain[i]
                if way == "printable-issuer":
                    c.issuer_name = name(c.issuer.cn, 0x13)
                elif way == "other-issuer":
                    c.issuer_name = name("Nobody")
                else:
                    shift = ways[way]
                    shift([c])
            case(f"{way}-{label}-{i}-of-{depth}", depth, change=change)
    for kind in ("p384", "rsa2048"):
        for way in ("good", "expired", "forged", "foreign-key"):
            for label, i, depth in where[1:4]:
                case(f"{way}-{label}-{i}-of-{depth}-{kind}", depth, kind,
                     lambda chain, i=i, way=way: ways[way]([chain[i]]))

    # ---- who may be a CA
    for i in (1, 2):
        case(f"ca-no-constraints-{i}", 3, change=at(i, constraints=None))
        case(f"ca-false-{i}", 3, change=at(i, constraints=bc(False)))
        case(f"ca-plain-constraints-{i}", 3, change=at(i, constraints=bc(True, critical=False)))
        case(f"ca-no-certsign-{i}", 3, change=at(i, usage=ku(6)))
        case(f"ca-no-usage-{i}", 3, change=at(i, usage=None))
    case("pathlen-0-fits", 2, change=at(1, constraints=bc(True, 0)))
    case("pathlen-0-above-a-ca", 3, change=at(2, constraints=bc(True, 0)))
    case("pathlen-1-fits", 3, change=at(2, constraints=bc(True, 1)))
    case("pathlen-0-in-the-root", 2, change=at(2, constraints=bc(True, 0)))
    case("leaf-is-ca", 2, change=at(0, constraints=bc(True), usage=ku(0, 5)))
    case("leaf-without-constraints", 2, change=at(0, constraints=None))
    case("anchor-is-intermediate", 3, anchor=1)
    case("anchor-is-upper", 3, anchor=2)
    case("anchor-sha1", 2, change=at(2, digest="sha1"))
    case("anchor-rsa-1024", 1, change=lambda ch: (setattr(ch[1], "key", key("rsa1024", 0))))
    case("leaf-rsa-1024", 2, change=lambda ch: setattr(ch[0], "key", key("rsa1024", 1)))

    # ---- usage and purposes
    uses = {"digitalSignature": ku(0), "nonRepudiation": ku(1), "keyEncipherment": ku(2),
            "keyAgreement": ku(4), "both": ku(0, 2), "absent": None}
    for u, v in uses.items():
        case(f"usage-{u}", 2, change=at(0, usage=v))
    purposes = {"ike": (IKE,), "ike-server": (SERVER, IKE), "server": (SERVER,),
                "client": (CLIENT,), "any": (ANY,), "code": (CODE,),
                "intermediate": ("1.3.6.1.5.5.8.2.2",), "tunnel": ("1.3.6.1.5.5.7.3.6",)}
    for p, v in purposes.items():
        case(f"purpose-{p}", 2, change=plus(0, eku(*v)))
        case(f"purpose-{p}-critical", 2, change=plus(0, eku(*v, critical=True)))

    # ---- name constraints, on every kind of name
    names = {"dns": dns("gw.x.example"), "mail": mail("a@x.example"),
             "uri": uri("http://gw.x.example/"), "ip": ip(10, 1, 2, 3), "dn": dn("gw")}
    good = {"dns": dns("x.example"), "mail": mail("x.example"), "uri": uri(".x.example"),
            "ip": ip(10, 0, 0, 0, 255, 0, 0, 0), "dn": dn("gw")}
    bad = {"dns": dns("y.example"), "mail": mail("y.example"), "uri": uri(".y.example"),
           "ip": ip(11, 0, 0, 0, 255, 0, 0, 0), "dn": dn("gx")}
    idents = {"dns": "gw.x.example", "mail": "a@x.example", "uri": "CN=gw", "ip": "10.1.2.3",
              "dn": "CN=gw"}
    for kind, value in names.items():
        for i in (1, 2):
            for word, tree in (("permitted", subtrees([good[kind]])),
                               ("not-permitted", subtrees([bad[kind]])),
                               ("excluded", subtrees([], [good[kind]])),
                               ("not-excluded", subtrees([], [bad[kind]]))):
                case(f"nc-{kind}-{word}-{i}", 2, ident=idents[kind],
                     change=both(at(0, names=san(value)), plus(i, tree)))
    case("nc-dns-cn-only", 2, ident="CN=gw.y.example",
         change=both(at(0, names=None, cn="gw.y.example"), plus(1, subtrees([dns("x.example")]))))
    case("nc-other-kind", 2, change=plus(1, subtrees([mail("y.example")])))
    case("nc-unjudged-kind", 2, change=both(
        at(0, names=san(dns("gw.example.com"), tlv(0x88, b"\x2a\x03"))),
        plus(1, subtrees([tlv(0x88, b"\x2a\x03")]))))
    case("nc-minimum", 2, change=plus(1, ext(30, seq(tlv(0xA0, seq(
        dns("example.com"), tlv(0x80, b"\1")))), True)))
    case("nc-broken", 2, change=plus(1, ext(30, b"\x30\x03\x01", True)))

    # ---- policies
    explicit = ext(36, seq(tlv(0x80, b"\0")), True)
    # OpenSSL takes no -policy for none, RFC 5280 for any
    anypol = dict(theirs="-policy 2.5.29.32.0")
    case("policy-not-asked", 2, change=plus(0, policies("1.2.3.4")))
    case("policy-required-missing", 2, change=plus(1, explicit), **anypol)
    case("policy-required-there", 2, change=both(plus(0, policies("1.2.3.4")),
                                                 plus(1, explicit, policies("1.2.3.4"))), **anypol)
    case("policy-required-any", 2, change=both(plus(0, policies("1.2.3.4")),
                                               plus(1, explicit, policies("2.5.29.32.0"))), **anypol)
    case("policy-required-other", 2, change=both(plus(0, policies("1.2.3.5")),
                                                 plus(1, explicit, policies("1.2.3.4"))), **anypol)
    ask = dict(ours="--policy 1.2.3.4", theirs="-policy 1.2.3.4 -explicit_policy")
    case("policy-asked-there", 2, change=both(plus(0, policies("1.2.3.4")),
                                              plus(1, policies("1.2.3.4"))), **ask)
    case("policy-asked-leaf-only", 2, change=plus(0, policies("1.2.3.4")), **ask)
    case("policy-asked-missing", 2, **ask)
    case("policy-asked-inhibited", 3, change=both(
        plus(0, policies("1.2.3.4")), plus(1, policies("2.5.29.32.0")),
        plus(2, ext(54, integer(0), True), policies("1.2.3.4"))), **ask)

    # ---- RFC 3779
    case("blocks-inside", 2, change=both(plus(0, blocks(((10, 1), 16))),
                                         plus(1, blocks(((10,), 8))), plus(2, blocks(((10,), 8)))))
    case("blocks-outside", 2, change=both(plus(0, blocks(((11, 1), 16))),
                                          plus(1, blocks(((10,), 8))), plus(2, blocks(((10,), 8)))))
    case("blocks-without-the-ca", 2, change=plus(0, blocks(((10, 1), 16))))

    # ---- revocation
    def lists(leaf=None, ca=None, **more):
        def make(chain):
            out = [crl(chain[1], [chain[0].serial] if leaf else [], **more)]
            return out + [crl(chain[2], [chain[1].serial] if ca else [])]
        return make
    point = seq(tlv(0xA0, tlv(0xA0, uri("http://a.example/1.crl"))))
    case("crl-good", crls=lists())
    case("crl-leaf-revoked", crls=lists(leaf=True))
    case("crl-leaf-on-hold", crls=lists(leaf=True, reason=6))
    case("crl-ca-revoked", crls=lists(ca=True))
    case("crl-old", crls=lists(start=NOW - 30 * DAY))
    case("crl-old-and-listed", crls=lists(leaf=True, start=NOW - 30 * DAY))
    case("crl-future", crls=lists(start=NOW + DAY))
    case("crl-forged", crls=lists(signer=spare))
    case("crl-none-for-the-ca", crls=lambda ch: [crl(ch[1])])
    case("crl-none-for-the-leaf", crls=lambda ch: [crl(ch[2])])
    case("crl-no-crlsign", change=at(1, usage=ku(5)), crls=lists())
    case("crl-users-only", crls=lists(idp=seq(tlv(0x81, b"\xff"))))
    case("crl-cas-only", crls=lists(idp=seq(tlv(0x82, b"\xff"))))
    case("crl-scope-fits", change=plus(0, cdp("http://a.example/1.crl")), crls=lists(idp=point))
    case("crl-scope-elsewhere", change=plus(0, cdp("http://a.example/2.crl")),
         crls=lists(idp=point))
    case("crl-scope-and-no-pointer", crls=lists(idp=point))
    case("crl-some-reasons", crls=lists(idp=seq(tlv(0x83, b"\1\2"))))
    case("delta-good", crls=lambda ch: [crl(ch[1]), crl(ch[1], number=13, base=12), crl(ch[2])],
         change=plus(0, FRESHEST),
         theirs="-use_deltas -extended_crl")
    case("delta-revokes", crls=lambda ch: [crl(ch[1]), crl(ch[1], [ch[0].serial], number=13,
                                                           base=12), crl(ch[2])],
         change=plus(0, FRESHEST),
         theirs="-use_deltas -extended_crl")
    case("delta-alone", crls=lambda ch: [crl(ch[1], number=13, base=12), crl(ch[2])],
         change=plus(0, FRESHEST),
         theirs="-use_deltas -extended_crl")
    case("delta-taken-for-a-whole", crls=lambda ch: [crl(ch[1], number=13, base=12), crl(ch[2])])
    case("delta-removes", crls=lambda ch: [
        crl(ch[1], [ch[0].serial], reason=6),
        crl(ch[1], [ch[0].serial], number=13, base=12, reason=8), crl(ch[2])],
        change=plus(0, FRESHEST),
         theirs="-use_deltas -extended_crl")
    case("crl-good-and-revoked", crls=lambda ch: [
        crl(ch[1]), crl(ch[1], [ch[0].serial], number=11, start=NOW - 9 * DAY), crl(ch[2])])

    # ---- identities, as OpenSSL's own checks have them
    ids = [("host", "gw.example.com", "-verify_hostname gw.example.com"),
           ("host-case", "GW.example.com", "-verify_hostname GW.example.com"),
           ("host-other", "gx.example.com", "-verify_hostname gx.example.com"),
           ("host-dot-first", "fqdn:.example.com", "-verify_hostname .example.com"),
           ("host-dot-last", "gw.example.com.", "-verify_hostname gw.example.com."),
           ("host-star", "fqdn:*.example.com", "-verify_hostname *.example.com"),
           ("mail-none", "a@example.com", "-verify_email a@example.com"),
           ("ip-none", "192.0.2.1", "-verify_ip 192.0.2.1")]
    for label, ours, theirs in ids:
        case(f"id-{label}", ident=ours, theirs=theirs)
    case("id-cn-only", ident="gw.example.com", theirs="-verify_hostname gw.example.com",
         change=at(0, names=None, cn="gw.example.com"))
    case("id-wildcard-in-certificate", ident="a.example.com",
         theirs="-verify_hostname a.example.com", change=at(0, names=san(dns("*.example.com"))))
    case("id-mail", ident="Alice@Example.com", theirs="-verify_email Alice@Example.com",
         change=at(0, names=san(mail("Alice@Example.com"))))
    case("id-mail-case", ident="alice@example.com", theirs="-verify_email alice@example.com",
         change=at(0, names=san(mail("Alice@Example.com"))))
    case("id-ip", ident="192.0.2.1", theirs="-verify_ip 192.0.2.1",
         change=at(0, names=san(ip(192, 0, 2, 1))))
    case("id-ip-other", ident="192.0.2.2", theirs="-verify_ip 192.0.2.2",
         change=at(0, names=san(ip(192, 0, 2, 1))))
    case("id-ip-as-dns", ident="192.0.2.1", theirs="-verify_ip 192.0.2.1",
         change=at(0, names=san(dns("192.0.2.1"))))

    with open(f"{OUT}/list", "w") as f:
        f.write("\n".join(LIST) + "\n")


main()
