# SPDX-License-Identifier: Apache-2.0
#
# chain_cases_use.py - chains for what a certificate may be used for: keyUsage,
# purposes, policies, address blocks, revocation, identities.
from chain_maker import (ANY, CLIENT, CODE, DAY, FRESHEST, IKE, NOW, SERVER, Case, at, blocks,
                         both, cdp, crl, dns, eku, ext, integer, ip, ku, mail, mapping, oid, plus,
                         policies, policy_constraints, san, seq, tlv, uri)

LEAF_USES = {"digitalSignature": ku(0), "nonRepudiation": ku(1), "keyEncipherment": ku(2),
             "dataEncipherment": ku(3), "keyAgreement": ku(4), "decipherOnly": ku(4, 8),
             "signature-and-keyEncipherment": ku(0, 2), "both-signatures": ku(0, 1),
             "plain": ku(0, critical=False), "absent": None}
PURPOSES = {"ike": (IKE,), "ike-server": (SERVER, IKE), "ike-client": (CLIENT, IKE),
            "server": (SERVER,), "client": (CLIENT,), "server-client": (SERVER, CLIENT),
            "any": (ANY,), "any-code": (CODE, ANY), "code": (CODE,),
            "mail": ("1.3.6.1.5.5.7.3.4",), "ocsp": ("1.3.6.1.5.5.7.3.9",),
            "intermediate": ("1.3.6.1.5.5.8.2.2",), "system": ("1.3.6.1.5.5.7.3.5",),
            "tunnel": ("1.3.6.1.5.5.7.3.6",), "user": ("1.3.6.1.5.5.7.3.7",),
            "unknown": ("1.2.3.4.5.6",)}


def cases(keys):
    return (usages() + policy() + resources() + revocation(keys) + deltas() + identities())


def usages():
    out = [Case(f"usage-{u}", change=at(0, usage=v)) for u, v in LEAF_USES.items()]
    for p, v in PURPOSES.items():
        out += [Case(f"purpose-{p}", change=plus(0, eku(*v))),
                Case(f"purpose-{p}-critical", change=plus(0, eku(*v, critical=True)))]
    ignored = {"private-key-usage": ext(16, seq(tlv(0x81, b"20200101000000Z"))),
               "directory-attributes": ext(9, seq(seq(oid("2.5.4.12"), tlv(0x31, tlv(12, b"x"))))),
               "issuer-names": ext(18, seq(dns("ca.example.com"))),
               "information": ext("1.3.6.1.5.5.7.1.11", seq(seq(oid("1.3.6.1.5.5.7.48.5"),
                                                                uri("http://a.example/"))))}
    out += [Case(f"ignored-{word}", change=plus(0, v)) for word, v in ignored.items()]
    for p in ("ike", "server", "code", "any"):
        for i in (1, 2):
            out.append(Case(f"ca-purpose-{p}-{i}", change=plus(i, eku(*PURPOSES[p]))))
    return out


def policy():
    one, two = "1.2.3.4", "1.2.3.5"
    everything = "2.5.29.32.0"

    def need(label, depth, *changes):
        return Case(f"policy-{label}", depth, change=both(*changes), policy="any")

    def ask(label, depth, *changes):
        return Case(f"policy-asked-{label}", depth, change=both(*changes), policy=one)
    explicit = policy_constraints(explicit=0)
    return [
        Case("policy-not-asked", change=plus(0, policies(one))),
        Case("policy-critical", change=plus(0, policies(one, critical=True))),
        need("required-missing", 2, plus(1, explicit)),
        need("required-there", 2, plus(0, policies(one)), plus(1, explicit, policies(one))),
        need("required-any", 2, plus(0, policies(one)), plus(1, explicit, policies(everything))),
        need("required-other", 2, plus(0, policies(two)), plus(1, explicit, policies(one))),
        need("required-later", 3, plus(2, policy_constraints(explicit=2))),
        need("required-after-one", 3, plus(2, policy_constraints(explicit=1))),
        need("required-after-three", 3, plus(2, policy_constraints(explicit=3))),
        need("required-in-leaf", 2, plus(0, explicit)),
        need("mapped", 3, plus(0, policies(two)), plus(1, policies(two)),
             plus(2, explicit, policies(one), mapping((one, two)))),
        need("mapping-forbidden", 3, plus(0, policies(two)), plus(1, policies(two)),
             plus(2, policies(one), mapping((one, two))),
             plus(3, policy_constraints(explicit=0, inhibit=0), policies(one))),
        need("mapping-to-any", 2, plus(0, policies(one)),
             plus(1, policies(one), mapping((one, everything)))),
        ask("there", 2, plus(0, policies(one)), plus(1, policies(one))),
        ask("there-deep", 4, plus(0, policies(one)), plus(1, policies(one)),
            plus(2, policies(one)), plus(3, policies(everything))),
        ask("one-of-two", 2, plus(0, policies(one, two)), plus(1, policies(two, one))),
        ask("leaf-only", 2, plus(0, policies(one))),
        ask("ca-only", 2, plus(1, policies(one))),
        ask("missing", 2),
        ask("other", 2, plus(0, policies(two)), plus(1, policies(two))),
        ask("leaf-any", 2, plus(0, policies(everything)), plus(1, policies(one))),
        ask("gap", 3, plus(0, policies(one)), plus(2, policies(one))),
        ask("inhibited", 3, plus(0, policies(one)), plus(1, policies(everything)),
            plus(2, ext(54, integer(0), True), policies(one))),
        ask("inhibited-later", 3, plus(0, policies(one)), plus(1, policies(everything)),
            plus(2, ext(54, integer(1), True), policies(one))),
    ]


def resources():
    ten, net = blocks(((10,), 8)), blocks(((10, 1), 16))
    six = blocks(((0x20, 1, 0xD, 0xB8), 32), family=2)

    def stack(label, *values):
        return Case(f"blocks-{label}", change=both(*[plus(i, v) for i, v in enumerate(values)
                                                     if v]))
    return [
        stack("inside", net, ten, ten), stack("equal", ten, ten, ten),
        stack("outside", blocks(((11, 1), 16)), ten, ten),
        stack("wider", ten, net, ten), stack("without-the-ca", net),
        stack("inherit", blocks("inherit"), ten, ten),
        stack("inherit-middle", net, blocks("inherit"), ten),
        stack("inherit-outside", blocks(((11,), 8)), blocks("inherit"), ten),
        stack("root-inherits", net, ten, blocks("inherit")),
        stack("ca-only", None, ten, ten), stack("ipv6", six, six, six),
        stack("other-family", six, ten, ten),
        stack("plain", blocks(((10, 1), 16), critical=False), ten, ten),
    ]


def lists(leaf=None, ca=None, upper=None, **more):
    """Both CAs' CRLs: what each lists, and what the lower one's has else."""
    def make(chain):
        return [crl(chain[1], [chain[0].serial] if leaf else [], **more),
                crl(chain[2], [chain[1].serial] if ca else [], **(upper or {}))]
    return make


def revocation(keys):
    spare = keys("p256", 8)
    point = seq(tlv(0xA0, tlv(0xA0, uri("http://a.example/1.crl"))))
    here, there = plus(0, cdp("http://a.example/1.crl")), plus(0, cdp("http://a.example/2.crl"))
    unknown = ext("1.2.3.4.5", seq(), True)
    out = [Case(f"crl-reason-{n}", crls=lists(leaf=True, reason=n))
           for n in (0, 1, 2, 3, 4, 5, 6, 8, 9, 10)]
    for word, old in (("old", dict(start=NOW - 30 * DAY)), ("future", dict(start=NOW + DAY)),
                      ("forged", dict(signer=spare)), ("no-end", dict(life=None)),
                      ("no-number", dict(number=None)), ("no-aki", dict(aki=False)),
                      ("unknown-critical", dict(more=[unknown])), ("sha1", dict(digest="sha1")),
                      ("unknown-plain", dict(more=[ext("1.2.3.4.5", seq())]))):
        out += [Case(f"crl-{word}", crls=lists(**old)),
                Case(f"crl-{word}-and-listed", crls=lists(leaf=True, **old)),
                Case(f"crl-{word}-at-the-root", crls=lists(upper=old))]
    return out + [
        Case("crl-good", crls=lists()), Case("crl-good-1", 1, crls=lambda ch: [crl(ch[1])]),
        Case("crl-good-4", 4, crls=lambda ch: [crl(c) for c in ch[1:]]),
        Case("crl-revoked-1", 1, crls=lambda ch: [crl(ch[1], [ch[0].serial])]),
        Case("crl-revoked-3-of-4", 4, crls=lambda ch: [crl(c, [ch[3].serial])
                                                       for c in ch[1:]]),
        Case("crl-leaf-revoked", crls=lists(leaf=True)),
        Case("crl-ca-revoked", crls=lists(ca=True)),
        Case("crl-others-listed", crls=lambda ch: [crl(ch[1], list(range(9, 60))), crl(ch[2])]),
        Case("crl-none", crls=lambda ch: [crl(keys_of_nobody(keys))]),
        Case("crl-none-for-the-ca", crls=lambda ch: [crl(ch[1])]),
        Case("crl-none-for-the-leaf", crls=lambda ch: [crl(ch[2])]),
        Case("crl-no-crlsign", change=at(1, usage=ku(5)), crls=lists()),
        Case("crl-no-crlsign-and-listed", change=at(1, usage=ku(5)), crls=lists(leaf=True)),
        Case("crl-entry-critical", crls=lists(leaf=True, entry=[unknown])),
        Case("crl-users-only", crls=lists(idp=seq(tlv(0x81, b"\xff")))),
        Case("crl-users-only-and-listed", crls=lists(leaf=True, idp=seq(tlv(0x81, b"\xff")))),
        Case("crl-cas-only", crls=lists(idp=seq(tlv(0x82, b"\xff")))),
        Case("crl-attributes-only", crls=lists(idp=seq(tlv(0x85, b"\xff")))),
        Case("crl-indirect", crls=lists(idp=seq(tlv(0x84, b"\xff")))),
        Case("crl-scope-fits", change=here, crls=lists(idp=point)),
        Case("crl-scope-fits-and-listed", change=here, crls=lists(leaf=True, idp=point)),
        Case("crl-scope-elsewhere", change=there, crls=lists(idp=point)),
        Case("crl-scope-and-no-pointer", crls=lists(idp=point)),
        Case("crl-some-reasons", crls=lists(idp=seq(tlv(0x83, b"\1\2")))),
        Case("crl-good-and-revoked", crls=lambda ch: [
            crl(ch[1]), crl(ch[1], [ch[0].serial], number=11, start=NOW - 9 * DAY), crl(ch[2])]),
        Case("crl-revoked-and-older-good", crls=lambda ch: [
            crl(ch[1], number=11, start=NOW - DAY), crl(ch[1], [ch[0].serial]), crl(ch[2])]),
        Case("crl-one-way-revoked", extra=second_ca, crls=lambda ch: [
            crl(ch[1]), crl(ch[2], [ch[1].serial])]),
        Case("crl-both-ways-revoked", extra=second_ca, crls=lambda ch: [
            crl(ch[1]), crl(ch[2], [ch[1].serial, SECOND])]),
        Case("crl-two-good", crls=lambda ch: [
            crl(ch[1]), crl(ch[1], number=11, start=NOW - DAY), crl(ch[2])]),
    ] + [Case(f"crl-{word}-{kind}", 2, kind, crls=lists(leaf=leaf))
         for kind in ("p384", "rsa2048", "ed25519", "p521", "ed448") for word, leaf in (
             ("good", False), ("revoked", True))]


SECOND = 81


def second_ca(chain):
    """A second certificate for the issuing CA's key, by the same root."""
    from chain_maker import Cert
    c = Cert(chain[1].cn, chain[1].key, True)
    c.issuer, c.serial = chain[2], SECOND
    return [c]


def keys_of_nobody(keys):
    from chain_maker import Cert
    return Cert("Elsewhere", keys("p256", 5), True)


def deltas():
    def case(label, make, pointer=True):
        return Case(f"delta-{label}", crls=make, deltas=pointer,
                    change=plus(0, FRESHEST) if pointer else None)

    def change(*listed, base=12, **more):
        return lambda ch: crl(ch[1], [ch[0].serial] if listed else [], number=13, base=base,
                              **more)

    def beside(delta, *listed, **more):
        return lambda ch: [crl(ch[1], [ch[0].serial] if listed else [], **more), delta(ch),
                           crl(ch[2])]
    return [
        case("good", beside(change())), case("revokes", beside(change(True))),
        case("revokes-again", beside(change(True), True)),
        case("alone", lambda ch: [change()(ch), crl(ch[2])]),
        case("removes", beside(change(True, reason=8), True, reason=6)),
        case("of-a-later-base", beside(change(True, base=99))),
        case("old", beside(change(start=NOW - 30 * DAY))),
        case("old-base", beside(change(), start=NOW - 30 * DAY)),
        case("taken-for-a-whole", lambda ch: [change()(ch), crl(ch[2])], False),
        case("beside-a-whole", beside(change()), False),
        case("beside-a-whole-revokes", beside(change(True)), False),
    ]


# ---- identities, as the names that other tools check

def identities():
    gw = dns("gw.example.com")

    def case(label, ident, check=None, names=(gw,), cn="gw"):
        return Case(f"id-{label}", ident=ident, check=check, change=at(
            0, names=san(*names) if names else None, cn=cn))
    return [
        case("host", "gw.example.com", ("host", "gw.example.com")),
        case("host-case", "GW.example.com", ("host", "GW.example.com")),
        case("host-other", "gx.example.com", ("host", "gx.example.com")),
        case("host-above", "example.com", ("host", "example.com")),
        case("host-below", "a.gw.example.com", ("host", "a.gw.example.com")),
        case("host-dot-first", "fqdn:.example.com", ("host", ".example.com")),
        case("host-dot-last", "gw.example.com.", ("host", "gw.example.com.")),
        case("host-star", "fqdn:*.example.com", ("host", "*.example.com")),
        case("host-second", "gw.example.com", ("host", "gw.example.com"), (dns("a.example"), gw)),
        case("host-as-mail", "gw.example.com", ("host", "gw.example.com"), (mail("gw.example.com"),)),
        case("host-in-uri", "gw.example.com", ("host", "gw.example.com"),
             (uri("http://gw.example.com/"),)),
        case("cn-only", "gw.example.com", ("host", "gw.example.com"), (), "gw.example.com"),
        case("cn-beside-mail", "gw.example.com", ("host", "gw.example.com"),
             (mail("a@example.com"),), "gw.example.com"),
        case("wildcard-in-certificate", "a.example.com", ("host", "a.example.com"),
             (dns("*.example.com"),)),
        case("wildcard-two-labels", "a.b.example.com", ("host", "a.b.example.com"),
             (dns("*.example.com"),)),
        case("mail", "Alice@Example.com", ("mail", "Alice@Example.com"),
             (mail("Alice@Example.com"),)),
        case("mail-none", "a@example.com", ("mail", "a@example.com")),
        case("mail-local-case", "alice@example.com", ("mail", "alice@example.com"),
             (mail("Alice@example.com"),)),
        case("mail-host-case", "alice@EXAMPLE.com", ("mail", "alice@EXAMPLE.com"),
             (mail("alice@example.com"),)),
        case("mail-as-host", "a@example.com", ("mail", "a@example.com"), (dns("a@example.com"),)),
        case("ip", "192.0.2.1", ("ip", "192.0.2.1"), (ip(192, 0, 2, 1),)),
        case("ip-none", "192.0.2.1", ("ip", "192.0.2.1")),
        case("ip-other", "192.0.2.2", ("ip", "192.0.2.2"), (ip(192, 0, 2, 1),)),
        case("ip-as-dns", "192.0.2.1", ("ip", "192.0.2.1"), (dns("192.0.2.1"),)),
        case("ip-six", "2001:db8::1", ("ip", "2001:db8::1"),
             (ip(*([0x20, 1, 0xD, 0xB8] + [0] * 11 + [1])),)),
        case("ip-mapped", "192.0.2.1", ("ip", "192.0.2.1"),
             (ip(*([0] * 10 + [255, 255, 192, 0, 2, 1])),)),
    ]
