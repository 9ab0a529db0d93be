#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# pairs.py FOLDER - two peers each, for "admin check" and for real daemons.
#
# Writes FOLDER/NAME/{a,b}/: cert.pem (its chain behind it), key.pem, id, and
# what the pair has in common: FOLDER/NAME/{trust.pem,crl1.pem,...,revocation};
# FOLDER/list has the names.  A is gw1 at 192.0.2.1, B is gw2 at 192.0.2.2.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../known")
sys.dont_write_bytecode = True
from chain_maker import (CODE, CLIENT, DAY, IKE, NOW, SERVER, Cert, Keys, at, bc, both, cdp, crl, dns,
                         eku, ext, ip, ku, mail, name, pem, plus, san, seq, subtrees, tlv, uri)

OUT = sys.argv[1]
keys = Keys(OUT)


class Pair:
    """
    a and b change the peer's chain, leaf first and root last; ids are what each
    is asked to be.  crls(a, b) gives lists, strict says what follows from none.
    send says how many certificates of the chain B has.
    """

    def __init__(self, label, a=None, b=None, depth=1, kind="p256", ids=(None, None),
                 crls=None, strict=False, send=None):
        self.label, self.change, self.depth, self.kind = label, (a, b), depth, kind
        self.ids, self.crls, self.strict, self.send = ids, crls, strict, send

    def chain(self, which, root):
        n = which + 1
        chain = [root]
        for i in range(1, self.depth if which == 1 else 1):
            c = Cert(f"CA {i}", keys("p256", i), True)
            c.issuer = chain[-1]
            chain.append(c)
        leaf = Cert(f"gw{n}", keys(self.kind, 10 + n))
        leaf.issuer = chain[-1]
        leaf.names = san(dns(f"gw{n}.example"), mail(f"gw{n}@example.com"), ip(192, 0, 2, n))
        chain.append(leaf)
        chain.reverse()
        if self.change[which]:
            self.change[which](chain)
        return chain

    def write(self):
        folder = f"{OUT}/{self.label}"
        root = Cert("Root", keys("p256", 0), True)
        chains = [self.chain(which, root) for which in (0, 1)]
        for which, word in enumerate("ab"):
            os.makedirs(f"{folder}/{word}")
            put(f"{folder}/{word}/key.pem", [open(chains[which][0].key.path).read()])
            sent = chains[which][:-1][:self.send if which == 1 else None]
            put(f"{folder}/{word}/cert.pem", [pem("CERTIFICATE", c.encode()) for c in sent])
            ident = self.ids[which] or f"fqdn:gw{which + 1}.example"
            put(f"{folder}/{word}/id", [ident])
            put(f"{folder}/{word}/leftid", [libreswan(ident)])
        put(f"{folder}/trust.pem", [pem("CERTIFICATE", root.encode())])
        lists = self.crls(*chains) if self.crls else []
        for i, der in enumerate(lists):
            put(f"{folder}/crl{i + 1}.pem", [pem("X509 CRL", der)])
        put(f"{folder}/revocation", ["strict" if lists or self.strict else "soft"])


def put(path, texts):
    with open(path, "w") as f:
        f.write("".join(texts))


def subject(n):
    return "asn1dn:#" + name(f"gw{n}").hex()


def libreswan(ident):
    """As ipsec.conf has it."""
    kind, text = ident.split(":", 1)
    if kind == "asn1dn":
        return f"\"CN={bytes.fromhex(text[-6:]).decode()}\""
    return ("@" if kind == "fqdn" else "") + text


def by(n):
    """The issuer's lists over both: nobody's certificate stands there, or A's, B's, B's CA's."""
    def make(a, b):
        root, listed = a[-1], {"a": [a[0].serial], "b": [b[0].serial], "ca": [b[1].serial]}
        lists = [crl(root, listed.get(n, []) if n == "ca" or len(b) == 2 else [])]
        return lists + [crl(b[1], listed.get(n, []) if n == "b" else [])] * (len(b) > 2)
    return make


def old(a, b):
    return [crl(a[-1], start=NOW - 30 * DAY)]


def elsewhere(chain):
    other = Cert("Other Root", keys("p256", 5), True)
    chain[0].issuer = other


def many(n):
    return san(*[dns(f"name-number-{i}.of-a-gateway-with-many-names.example") for i in range(n)],
               dns("gw2.example"))


def partitioned(a, b):
    """A clean list of another partition, while B stands in its own."""
    point = seq(tlv(0xA0, tlv(0xA0, uri("http://a.example/1.crl"))))
    return [crl(a[-1], idp=point)]


def large(chain):
    chain[0].names = many(31)
    for c in chain[1:-1]:
        c.more = c.more + [ext("1.2.3.4.5", tlv(4, bytes(2500)))]


PAIRS = [
    # who they are
    Pair("fqdn"), Pair("mailbox", ids=("email:gw1@example.com", "email:gw2@example.com")),
    Pair("address", ids=("ipv4:192.0.2.1", "ipv4:192.0.2.2")),
    Pair("subject", ids=(subject(1), subject(2))),
    Pair("case-of-a-name", ids=(None, "fqdn:GW2.example")),
    Pair("name-nobody-proves", ids=(None, "fqdn:gw9.example")),
    Pair("mailbox-nobody-proves", ids=(None, "email:gw9@example.com")),
    Pair("address-nobody-proves", ids=(None, "ipv4:192.0.2.9")),
    Pair("subject-of-somebody", ids=(None, subject(9))),
    Pair("name-in-cn-only", b=at(0, names=None, cn="gw2.example")),
    Pair("wildcard", b=at(0, names=san(dns("*.example")))),
    Pair("address-as-text", b=at(0, names=san(dns("192.0.2.2"))), ids=(None, "ipv4:192.0.2.2")),
    Pair("second-name", b=at(0, names=san(dns("x.example"), dns("gw2.example")))),
    # when
    Pair("b-expired", b=at(0, end=NOW - DAY)), Pair("a-expired", a=at(0, end=NOW - DAY)),
    Pair("b-from-tomorrow", b=at(0, start=NOW + 2 * DAY, end=NOW + 9 * DAY)),
    Pair("ca-expired", b=at(1, end=NOW - DAY), depth=2),
    # revoked
    Pair("not-revoked", crls=by("nobody")), Pair("b-revoked", crls=by("b")),
    Pair("a-revoked", crls=by("a")), Pair("ca-revoked", crls=by("ca"), depth=2),
    Pair("no-list-strict", strict=True), Pair("list-too-old", crls=old),
    Pair("list-of-another-part", crls=partitioned, b=plus(0, cdp("http://a.example/2.crl"))),
    # the way up
    Pair("b-of-another-root", b=elsewhere), Pair("a-of-another-root", a=elsewhere),
    Pair("with-intermediate", depth=2), Pair("without-intermediate", depth=2, send=1),
    Pair("two-intermediates", depth=3),
    Pair("forged", b=at(0, broken=True)),
    Pair("path-too-long", depth=3, b=at(2, constraints=bc(True, 0))),
    Pair("ca-is-none", depth=2, b=at(1, constraints=bc(False))),
    Pair("ca-without-certsign", depth=2, b=at(1, usage=ku(6))),
    Pair("ca-without-key-identifier", depth=2, b=both(at(1, ski=False), at(0, aki=False))),
    Pair("names-inside", depth=2, b=both(at(0, names=san(dns("gw2.example"))),
                                         plus(1, subtrees([dns("example")])))),
    Pair("names-outside", depth=2, b=both(at(0, names=san(dns("gw2.example"))),
                                          plus(1, subtrees([dns("other")])))),
    Pair("addresses-inside", depth=2, b=plus(1, subtrees([ip(192, 0, 2, 0, 255, 255, 255, 0)]))),
    # what for
    Pair("key-encipherment", b=at(0, usage=ku(2))), Pair("non-repudiation", b=at(0, usage=ku(1))),
    Pair("no-usage", b=at(0, usage=None)),
    Pair("purpose-ike", b=plus(0, eku(IKE))), Pair("purpose-server", b=plus(0, eku(SERVER))),
    Pair("purpose-code", b=plus(0, eku(CODE))),
    Pair("purpose-client-of-a", a=plus(0, eku(CLIENT, critical=True))),
    Pair("unknown-critical", b=plus(0, ext("1.2.3.4.5", seq(), True))),
    Pair("b-is-a-ca", b=at(0, constraints=bc(True), usage=ku(0, 5, 6))),
    Pair("version-1", b=at(0, version=1), ids=(None, subject(2))),
    # with what
    Pair("p384", kind="p384"), Pair("p521", kind="p521"), Pair("ed25519", kind="ed25519"),
    Pair("rsa2048", kind="rsa2048"), Pair("rsa1024", kind="rsa1024"),
    Pair("sha1", b=at(0, digest="sha1")),
    Pair("large", depth=2, b=at(0, names=many(31))), Pair("too-large", depth=5, b=large),
]

os.makedirs(OUT, exist_ok=True)
for pair in PAIRS:
    pair.write()
put(f"{OUT}/list", [p.label + "\n" for p in PAIRS])
