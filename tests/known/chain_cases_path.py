# SPDX-License-Identifier: Apache-2.0
#
# chain_cases_path.py - chains for the way up: dates, signatures, algorithms,
# issuers, who may be a CA, path lengths, crossed CAs, names under constraints,
# encodings.  Each is good, or broken in the one way that its name says.
from chain_maker import (DAY, IKE, NOW, Case, Cert, at, bc, both, dn, dns, eku, ext, integer,
                         ip, ku, mail, name, other, plus, rdn, rid, san, seq, subtrees, tlv, uri)


def cases(keys):
    return (ways(keys) + lengths(keys) + authorities(keys) + crossed(keys) + constraints() +
            constraint_forms() + encodings(keys))


# ---- each way to break, at each place of chains of several lengths and kinds

def broken_ways(keys):
    spare = keys("p256", 8)
    return {
        "good": at(0), "expired": at(0, end=NOW - 60), "future": at(0, start=NOW + 3 * DAY),
        "never-valid": at(0, start=NOW + 2 * DAY, end=NOW - 2 * DAY),
        "until-2060": at(0, end=2840140800), "until-9999": at(0, end=253402300799),
        "forged": at(0, broken=True), "foreign-key": at(0, signer=spare),
        "sha384": at(0, digest="sha384"), "sha1": at(0, digest="sha1"),
        "no-aki": at(0, aki=False), "no-ski": at(0, ski=False),
        "wrong-aki": at(0, wrong_aki=True),
        "unknown-critical": plus(0, ext("1.2.3.4.5", seq(), True)),
        "unknown-plain": plus(0, ext("1.2.3.4.5", seq())),
        "version-1": at(0, version=1), "version-2": at(0, version=2),
        "printable-issuer": lambda c: at(0, issuer_name=name(c[0].issuer.cn, 0x13))(c),
        "other-issuer": at(0, issuer_name=name("Nobody")),
    }


def two_faults(keys):
    """Each way at one place together with each at another; named by both."""
    everyone = broken_ways(keys)
    places = ("leaf-0-of-3", "ca-1-of-3", "upper-2-of-3")

    def two(a, i, b, j):
        def change(chain):
            everyone[a](chain[i:])
            everyone[b](chain[j:])
        return change
    return [Case(f"{a}-{places[i]}+{b}-{places[j]}", 3, change=two(a, i, b, j))
            for i, j in ((0, 1), (0, 2), (1, 2)) for a in everyone for b in everyone]


def ways(keys):
    where = [("leaf", 0, 1), ("leaf", 0, 2), ("leaf", 0, 3), ("ca", 1, 2), ("ca", 1, 3),
             ("upper", 2, 3), ("upper", 3, 4)]
    everyone = broken_ways(keys)

    def one(way, i):
        return lambda chain: everyone[way](chain[i:])
    out = [Case(f"{way}-{label}-{i}-of-{depth}", depth, change=one(way, i))
           for label, i, depth in where for way in everyone]
    for kind in ("p384", "p521", "rsa2048", "rsa3072", "ed25519", "ed448"):
        for way in ("good", "expired", "forged", "foreign-key"):
            for label, i, depth in (where[1:4] if way != "good" else where[1:2]):
                out.append(Case(f"{way}-{label}-{i}-of-{depth}-{kind}", depth, kind,
                                one(way, i)))
    for digest in ("md5", "sha1", "sha512"):
        for label, i, depth in where[2:5]:
            out.append(Case(f"{digest}-{label}-{i}-of-{depth}-rsa", depth, "rsa2048",
                            at(i, digest=digest)))
    out += [Case(f"good-leaf-0-of-{depth}", depth) for depth in (4, 5, 6, 7, 8)]
    return out


# ---- path lengths

def lengths(keys):
    out = []
    for depth in (2, 3, 4):
        for i in range(1, depth + 1):           # the CA's place; i - 1 CAs are below
            for limit in (0, 1, 2):
                word = "fits" if limit >= i - 1 else "too-short"
                out.append(Case(f"pathlen-{limit}-at-{i}-of-{depth}-{word}", depth,
                                change=at(i, constraints=bc(True, limit))))

    def own_roll_over(chain):                   # a CA's new key, signed by its old one
        chain[1].cn, chain[1].key = chain[2].cn, keys("p256", 7)
        chain[1].serial += 5
        chain[2].constraints = bc(True, 0)
    out.append(Case("pathlen-0-at-2-of-3-roll-over", 3, change=own_roll_over))
    out.append(Case("pathlen-without-ca", 2, change=at(1, constraints=bc(False, 0))))
    out.append(Case("pathlen-300", 2, change=at(1, constraints=bc(True, 300))))
    return out


# ---- who may be a CA, who may not, what is trusted

def authorities(keys):
    out = []
    for i in (1, 2):
        out += [
            Case(f"ca-no-constraints-{i}", 3, change=at(i, constraints=None)),
            Case(f"ca-false-{i}", 3, change=at(i, constraints=bc(False))),
            Case(f"ca-plain-constraints-{i}", 3, change=at(i, constraints=bc(True, critical=False))),
            Case(f"ca-no-certsign-{i}", 3, change=at(i, usage=ku(6))),
            Case(f"ca-signature-only-{i}", 3, change=at(i, usage=ku(0))),
            Case(f"ca-no-usage-{i}", 3, change=at(i, usage=None)),
            Case(f"ca-plain-usage-{i}", 3, change=at(i, usage=ku(5, 6, critical=False))),
        ]
    return out + [
        Case("leaf-is-ca", 2, change=at(0, constraints=bc(True), usage=ku(0, 5))),
        Case("leaf-is-ca-by-constraints", 2, change=at(0, constraints=bc(True))),
        Case("leaf-with-certsign", 2, change=at(0, usage=ku(0, 5))),
        Case("leaf-without-constraints", 2, change=at(0, constraints=None)),
        Case("anchor-is-intermediate", 3, anchor=1),
        Case("anchor-is-upper", 3, anchor=2),
        Case("anchor-is-leaf", 2, anchor=0),
        Case("anchor-sha1", 2, change=at(2, digest="sha1")),
        Case("anchor-expired", 2, change=at(2, end=NOW - 60)),
        Case("anchor-future", 2, change=at(2, start=NOW + 3 * DAY)),
        Case("anchor-no-constraints", 2, change=at(2, constraints=None)),
        Case("anchor-false", 2, change=at(2, constraints=bc(False))),
        Case("anchor-no-certsign", 2, change=at(2, usage=ku(6))),
        Case("anchor-forged", 2, change=at(2, broken=True)),
        Case("anchor-version-1", 2, change=at(2, version=1)),
        Case("anchor-rsa-1024", 1, change=at(1, key=keys("rsa1024", 0))),
        Case("ca-rsa-1024", 2, change=at(1, key=keys("rsa1024", 2))),
        Case("leaf-rsa-1024", 2, change=at(0, key=keys("rsa1024", 1))),
    ]


# ---- CAs that cross-certified one another, and CAs of one name

def crossed(keys):
    def again(chain, i=1, **fields):
        """A second certificate for the CA at i, by somebody else's root."""
        elsewhere = Cert("Elsewhere", keys("p256", 5), True)
        c = Cert(chain[i].cn, chain[i].key, True)
        c.issuer, c.serial = elsewhere, 77
        for k, v in fields.items():
            setattr(c, k, v)
        return [c, elsewhere]

    def renewed(chain, i=1, **fields):
        """A second certificate for the CA at i, by the same issuer."""
        c = Cert(chain[i].cn, chain[i].key, True)
        c.issuer, c.serial = chain[i + 1], 78
        for k, v in fields.items():
            setattr(c, k, v)
        return [c]

    def namesake(chain, **fields):
        """Another CA of the same name with another key."""
        c = Cert(chain[1].cn, keys("p256", 6), True)
        c.issuer, c.serial = chain[2], 79
        for k, v in fields.items():
            setattr(c, k, v)
        return [c]

    def mutual(chain):
        """Two CAs that signed each other: a ring beside the way up."""
        a, b = Cert(chain[1].cn, chain[1].key, True), Cert("Ring", keys("p256", 4), True)
        a.issuer, b.issuer, a.serial = b, chain[1], 80
        return [a, b]
    old = at(1, end=NOW - 60)
    return [
        Case("cross-good", extra=again), Case("cross-upper", 3, extra=lambda ch: again(ch, 2)),
        Case("cross-other-expired", extra=lambda ch: again(ch, end=NOW - 60)),
        Case("cross-own-expired", change=old, extra=again),
        Case("cross-own-forged", change=at(1, broken=True), extra=again),
        Case("cross-renewed", change=old, extra=renewed),
        Case("cross-renewed-upper", 3, change=at(2, end=NOW - 60),
             extra=lambda ch: renewed(ch, 2)),
        Case("cross-renewed-both-expired", change=old,
             extra=lambda ch: renewed(ch, end=NOW - 60)),
        Case("cross-renewed-too-short", 3, change=at(2, constraints=bc(True, 0)),
             extra=lambda ch: renewed(ch, 2)),
        Case("cross-renewed-no-ca", change=at(1, constraints=bc(False)), extra=renewed),
        Case("cross-namesake", extra=namesake),
        Case("cross-namesake-no-aki", change=at(0, aki=False), extra=namesake),
        Case("cross-namesake-expired", extra=lambda ch: namesake(ch, end=NOW - 60)),
        Case("cross-namesake-signed", change=lambda ch: at(0, signer=keys("p256", 6))(ch),
             extra=namesake),
        Case("cross-ring", extra=mutual), Case("cross-ring-3", 3, extra=mutual),
        Case("missing-intermediate", 3, change=lambda ch: at(0, issuer=Cert(
            "Missing", keys("p256", 3), True))(ch)),
        Case("order-backwards-3", 3, backwards=True), Case("order-backwards-5", 5, backwards=True),
        Case("twice-2", extra=lambda ch: ch[1:-1]), Case("twice-4", 4, extra=lambda ch: ch[1:-1]),
        Case("unrelated-intermediates", extra=lambda ch: again(ch)[1:] + mutual(ch)[1:]),
    ]


# ---- names under constraints, of every kind and at each place

NAMES = {"dns": dns("gw.x.example"), "mail": mail("a@x.example"),
         "uri": uri("http://gw.x.example/"), "ip": ip(10, 1, 2, 3), "dn": dn("gw"),
         "ip6": ip(*([0x20, 1, 0xD, 0xB8] + [0] * 11 + [1])),
         "upn": other("1.3.6.1.4.1.311.20.2.3", tlv(12, b"a@x.example")), "rid": rid("1.2.3.4")}
INSIDE = {"dns": dns("x.example"), "mail": mail("x.example"), "uri": uri(".x.example"),
          "ip": ip(10, 0, 0, 0, 255, 0, 0, 0), "dn": dn("gw"),
          "ip6": ip(*([0x20, 1, 0xD, 0xB8] + [0] * 12 + [0xFF] * 4 + [0] * 12)),
          "upn": other("1.3.6.1.4.1.311.20.2.3", tlv(12, b"x.example")), "rid": rid("1.2.3.4")}
OUTSIDE = {"dns": dns("y.example"), "mail": mail("y.example"), "uri": uri(".y.example"),
           "ip": ip(11, 0, 0, 0, 255, 0, 0, 0), "dn": dn("gx"),
           "ip6": ip(*([0x20, 2, 0xD, 0xB8] + [0] * 12 + [0xFF] * 4 + [0] * 12)),
           "upn": other("1.3.6.1.4.1.311.20.2.3", tlv(12, b"y.example")), "rid": rid("1.2.3.5")}
IDENTS = {"dns": "gw.x.example", "mail": "a@x.example", "ip": "10.1.2.3", "ip6": "2001:db8::1"}


def constraints():
    out = []
    for kind, value in NAMES.items():
        for i in (1, 2) if kind != "ip6" else (1,):
            for word, tree in (("permitted", subtrees([INSIDE[kind]])),
                               ("not-permitted", subtrees([OUTSIDE[kind]])),
                               ("excluded", subtrees([], [INSIDE[kind]])),
                               ("not-excluded", subtrees([], [OUTSIDE[kind]])),
                               ("both", subtrees([INSIDE[kind]], [INSIDE[kind]]))):
                out.append(Case(f"nc-{kind}-{word}-{i}", ident=IDENTS.get(kind, "CN=gw"),
                                change=both(at(0, names=san(value)), plus(i, tree))))
    return out


def constraint_forms():
    def form(label, constraint, value, ident="CN=gw", **more):
        return Case(f"nc-{label}", ident=ident, change=both(
            at(0, names=san(*value)), plus(1, constraint)), **more)
    gw = [dns("gw.x.example")]
    unit = rdn(11, "unit")

    def subject(what):
        """A DN identity is compared octet by octet: given as octets."""
        whole = name("gw", before=what)
        return dict(ident="asn1dn:#" + whole.hex()), at(0, names=None, subject_name=whole)

    def distinguished(label, what, tree):
        ident, change = subject(what)
        return Case(f"nc-dn-{label}", change=both(change, plus(1, subtrees([tree]))), **ident)
    return [
        form("dns-case", subtrees([dns("X.EXAMPLE")]), gw),
        form("dns-equal", subtrees([dns("gw.x.example")]), gw),
        form("dns-dot-first", subtrees([dns(".x.example")]), gw),
        form("dns-no-label", subtrees([dns("x.example")]), [dns("gwx.example")]),
        form("dns-everything", subtrees([dns("")]), gw),
        form("dns-nothing", subtrees([], [dns("")]), gw),
        form("dns-one-of-two", subtrees([dns("y.example"), dns("x.example")]), gw),
        form("dns-second-name", subtrees([dns("x.example")]), gw + [dns("gw.y.example")]),
        form("dns-twice", subtrees([dns("x.example")], [dns("gw.x.example")]), gw),
        form("dns-plain", subtrees([dns("y.example")], critical=False), gw),
        form("mail-mailbox", subtrees([mail("a@x.example")]), [mail("a@x.example")]),
        form("mail-other-mailbox", subtrees([mail("b@x.example")]), [mail("a@x.example")]),
        form("mail-host-only", subtrees([mail("x.example")]), [mail("a@b.x.example")]),
        form("mail-domain", subtrees([mail(".x.example")]), [mail("a@b.x.example")]),
        form("mail-local-case", subtrees([mail("A@x.example")]), [mail("a@x.example")]),
        form("uri-host", subtrees([uri("gw.x.example")]), [uri("http://gw.x.example/")]),
        form("uri-other-host", subtrees([uri("x.example")]), [uri("http://gw.x.example/")]),
        form("uri-no-host", subtrees([uri(".x.example")]), [uri("urn:gw")]),
        form("ip-odd-mask", subtrees([ip(10, 0, 0, 3, 255, 0, 0, 255)]), [ip(10, 1, 2, 3)]),
        form("ip-other-family", subtrees([INSIDE["ip"]]), [NAMES["ip6"]]),
        form("ip-one-octet-short", subtrees([ip(10, 0, 0, 0, 255, 0, 0)]), [ip(10, 1, 2, 3)]),
        distinguished("prefix", unit, tlv(0xA4, seq(unit))),
        distinguished("other-prefix", rdn(11, "other"), tlv(0xA4, seq(unit))),
        distinguished("printable", rdn(11, "unit", 0x13), tlv(0xA4, seq(unit))),
        distinguished("case", rdn(11, "Unit"), tlv(0xA4, seq(unit))),
        distinguished("longer", unit, tlv(0xA4, name("gw", before=unit))),
        Case("nc-dn-empty", ident="CN=gw", change=plus(1, subtrees([tlv(0xA4, seq())]))),
        Case("nc-dns-cn-only", ident="CN=gw.y.example", change=both(
            at(0, names=None, cn="gw.y.example"), plus(1, subtrees([dns("x.example")])))),
        Case("nc-ca-name-outside", 3, ident="CN=gw", change=both(
            at(1, names=san(dns("ca.y.example"))), at(0, names=san(*gw)),
            plus(2, subtrees([dns("x.example")])))),
        Case("nc-narrowed", 3, ident="gw.x.example", change=both(
            at(0, names=san(*gw)), plus(2, subtrees([dns("example")])),
            plus(1, subtrees([dns("x.example")])))),
        Case("nc-disjoint", 3, ident="gw.x.example", change=both(
            at(0, names=san(*gw)), plus(2, subtrees([dns("y.example")])),
            plus(1, subtrees([dns("x.example")])))),
        Case("nc-in-leaf", change=plus(0, subtrees([dns("y.example")]))),
        Case("nc-other-kind", change=plus(1, subtrees([mail("y.example")]))),
        Case("nc-minimum", change=plus(1, ext(30, seq(tlv(0xA0, seq(
            dns("example.com"), tlv(0x80, b"\1")))), True))),
        Case("nc-broken", change=plus(1, ext(30, b"\x30\x03\x01", True))),
        Case("nc-no-trees", change=plus(1, ext(30, seq(), True))),
    ]


# ---- encodings

def encodings(keys):
    spki = keys("p256", 9).spki
    twice = ext(37, seq())
    return [
        Case("serial-zero", change=at(0, serial=0)),
        Case("serial-negative", change=at(0, serial=-5)),
        Case("serial-20-octets", change=at(0, serial=(1 << 159) - 1)),
        Case("serial-21-octets", change=at(0, serial=1 << 163)),
        Case("other-algorithm-inside", change=at(0, inner=keys("p256", 9).algorithm("sha384"))),
        Case("san-critical", change=at(0, names=san(dns("gw.example.com"), critical=True))),
        Case("san-empty", ident="CN=gw", change=at(0, names=san())),
        Case("san-twice", change=plus(0, san(dns("gw.example.com")))),
        Case("subject-empty", change=at(0, subject_name=seq(), names=san(
            dns("gw.example.com"), critical=True))),
        Case("subject-empty-plain-san", change=at(0, subject_name=seq())),
        Case("ca-subject-empty", change=at(1, subject_name=seq())),
        Case("extension-twice", change=plus(0, twice, twice)),
        Case("boolean-one", change=at(0, constraints=seq(
            b"\x06\x03\x55\x1d\x13", tlv(1, b"\x01"), tlv(4, seq())))),
        Case("usage-empty", change=at(0, usage=ext(15, tlv(3, b"\0"), True))),
        Case("purpose-empty", change=plus(0, ext(37, seq()))),
        Case("aki-with-serial", change=at(0, aki=False, more=[ext(35, seq(
            tlv(0xA1, tlv(0xA4, name("Root"))), tlv(0x82, integer(5)[2:])))])),
        Case("key-with-parameters-lost", change=lambda ch: at(
            0, key=Lost(keys("p256", 9), spki))(ch)),
        Case("name-teletex", change=at(1, subject_name=name("CA 1", 0x14))),
        Case("many-names", change=at(0, names=san(*[dns(f"g{i}.example.com") for i in range(60)],
                                                  dns("gw.example.com")))),
        Case("purpose-ike-on-ca", change=plus(1, eku(IKE))),
    ]


class Lost:
    """A P-256 key whose curve is not said."""

    def __init__(self, key, spki):
        self.kind, self.id, self.sign, self.algorithm = key.kind, key.id, key.sign, key.algorithm
        point = spki[-68:]
        self.spki = seq(seq(spki[4:13]), point)
