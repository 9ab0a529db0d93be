#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# complaints.py PKI4IPSEC PAGE FOLDER - makes a case of each complaint in the
# table "| complaint | asked so | it says |" of the page, runs what is asked and
# looks for what it is to say.  Then it looks whether a certificate without the
# fault says the same: a finding that is always there names nothing.
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
from chain_maker import (CLIENT, DAY, IKE, NOW, SERVER, Cert, Keys, cdp, crl, dns, eku, ext, ip, ku,
                         pem, san, tlv)

PROGRAM, PAGE, FOLDER = sys.argv[1:4]
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")
keys = Keys(FOLDER)
YEAR = 365 * DAY
root = Cert("Root", keys("p256", 0), True)
root.end = NOW + 10 * YEAR


def put(file, *objects, label="CERTIFICATE"):
    with open(f"{FOLDER}/{file}", "w") as f:
        f.write("".join(pem(label, o if isinstance(o, bytes) else o.encode()) for o in objects))


def leaf(kind="p256", issuer=root, more=(), host="vpn.example.com", n=9, **fields):
    c = Cert("gw", keys(kind, n))
    c.issuer, c.names, c.more = issuer, san(dns(host)), [cdp("http://pki.example.com/ca.crl"), *more]
    for k, v in fields.items():
        setattr(c, k, v)
    return c


def ca(cn, n, **fields):
    c = Cert(cn, keys("p256", n), True)
    for k, v in fields.items():
        setattr(c, k, v)
    return c


def make():
    old, new = ca("Old", 1, end=NOW - DAY), ca("New", 2)
    below = ca("Below", 3, issuer=root)
    heavy = [ca(f"Heavy {i}", 4, issuer=root, more=[ext("1.2.3.4.5", tlv(4, bytes(2500)))])
             for i in (1, 2, 3)]
    good = eku(SERVER, IKE)
    put("ca.pem", root), put("old-ca.pem", old), put("newca.pem", new)
    put("gw.pem", leaf(more=[good]))
    put("peer.pem", leaf(more=[good], host="peer.example", n=8, serial=77))
    put("ike-only.pem", leaf(more=[eku(IKE)])), put("web.pem", leaf(more=[eku(SERVER)]))
    put("client.pem", leaf(more=[eku(CLIENT, IKE)]))
    put("address.pem", leaf(more=[good], names=san(ip(203, 0, 113, 5))))
    put("ed.pem", leaf("ed25519", more=[good]))
    put("expired.pem", leaf(end=NOW - DAY, serial=78))
    put("cn.pem", leaf(more=[good], names=None, cn="vpn.example.com"))
    put("long.pem", leaf("rsa3072", more=[good], end=NOW + 9 * YEAR))
    put("case.pem", leaf(more=[good], host="VPN.example.com"))
    put("of-old-ca.pem", leaf(issuer=old, host="gw.example"))
    put("below.pem", leaf(issuer=below, serial=79)), put("usage.pem", leaf(usage=ku(2)))
    put("big.pem", leaf(more=[good], n=7, serial=80), *heavy)
    put("wildcard.pem", leaf(host="*.example.com"))
    put("bare.pem", leaf(usage=None, ski=False, aki=False, constraints=None))
    put("revoked.pem", leaf(more=[good], serial=4711, n=6))
    for file, der in (("ca.crl", crl(root, [4711])), ("old.crl", crl(root, start=NOW - 30 * DAY)),
                      ("big.crl", crl(root, range(1 << 60, (1 << 60) + 3000))),
                      ("delta.crl", crl(root, number=13, base=12))):
        put(file, der, label="X509 CRL")


def rows():
    with open(PAGE) as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")[1:-1]]
            if len(cells) == 3 and cells[1].startswith("`"):
                yield cells[0], cells[1].strip("`"), cells[2]


def run(command):
    r = subprocess.run([PROGRAM, *shlex.split(command)], cwd=FOLDER, env=ENV,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60)
    return r.returncode, r.stdout.decode(errors="replace")


def without(command):
    """The same question about what has no fault; None if there is no such thing."""
    for words in (r"\blint (.*) (?!gw\.pem)\S+\.pem$", r"--cert (?!gw\.pem)\S+\.pem",
                  r"admin check (?!gw\.pem peer\.pem)\S+\.pem \S+\.pem"):
        if re.search(words, command):
            fixed = re.sub(r"(?<= )[a-z-]+\.pem(?= |$)", "gw.pem", command)
            fixed = re.sub(r"check gw\.pem gw\.pem", "check gw.pem peer.pem", fixed)
            return fixed.replace("--trust gw.pem", "--trust ca.pem")
    return None


def main():
    make()
    asked = held = 0
    bad = []
    for complaint, command, says in rows():
        asked += 1
        rc, said = run(command)
        if says not in said or "Sanitizer" in said or rc > 3:
            bad.append(f"FAIL {complaint}: {command}: exit {rc}: {said}")
            continue
        fixed = without(command)
        if fixed:
            held += 1
            if says in run(fixed)[1]:
                bad.append(f"FAIL {complaint}: {fixed} says \"{says}\", too")
        print(f"ok   {complaint}")
    print(f"{asked} complaints, {asked - len(bad)} named; {held} of them held against a sound case")
    print("\n".join(bad))
    return 1 if bad or asked < 30 else 0


sys.exit(main())
