# SPDX-License-Identifier: Apache-2.0
#
# chain_maker.py - certificates, CRLs and chains, put together octet by octet.
#
# Anything can be broken here; OpenSSL's command line makes keys and signatures
# only.  A signature over the same octets is made once.  Used by the tests that
# ask strangers about chains.
import base64
import hashlib
import os
import subprocess
import threading
import time

NOW = int(time.time())
DAY = 86400


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
    if v < 0:
        return tlv(2, v.to_bytes((-v).bit_length() // 8 + 1, "big", signed=True))
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
    """UTCTime up to 2049, then GeneralizedTime (RFC 5280, 4.1.2.5)."""
    date = time.gmtime(t)
    if date.tm_year < 2050:
        return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", date).encode())
    return tlv(0x18, time.strftime("%Y%m%d%H%M%SZ", date).encode())


def rdn(number, text, tag=0x0C):
    return tlv(0x31, seq(oid(f"2.5.4.{number}"), tlv(tag, text.encode())))


def name(cn, tag=0x0C, before=b""):
    return seq(before, rdn(3, cn, tag)) if cn else seq()


# ---- keys ----

KINDS = {
    "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "rsa1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "ed25519": ["ED25519"],
    "ed448": ["ED448"],
}
RSA_DIGEST = {"md5": 4, "sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13}
ECDSA_DIGEST = {"sha256": 2, "sha384": 3, "sha512": 4}


class Key:
    """A key pair, its SubjectPublicKeyInfo and how it signs."""

    def __init__(self, folder, kind, n):
        self.kind, self.path = kind, f"{folder}/{kind}-{n}.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", *KINDS[kind], "-out", self.path],
                       check=True, capture_output=True)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout",
                                    "-outform", "DER"], check=True,
                                   capture_output=True).stdout
        self.id = hashlib.sha1(self.spki).digest()
        self.made = {}

    def algorithm(self, digest):
        if self.kind == "ed25519":
            return seq(oid("1.3.101.112"))
        if self.kind == "ed448":
            return seq(oid("1.3.101.113"))
        if self.kind.startswith("rsa"):
            return seq(oid(f"1.2.840.113549.1.1.{RSA_DIGEST[digest]}"), tlv(5))
        if digest == "sha1":
            return seq(oid("1.2.840.10045.4.1"))
        return seq(oid(f"1.2.840.10045.4.3.{ECDSA_DIGEST[digest]}"))

    def sign(self, octets, digest):
        if (octets, digest) not in self.made:
            self.made[octets, digest] = self.sign_now(octets, digest)
        return self.made[octets, digest]

    def sign_now(self, octets, digest):
        if not self.kind.startswith("ed"):
            return subprocess.run(["openssl", "dgst", "-" + digest, "-sign", self.path],
                                  input=octets, check=True, capture_output=True).stdout
        # These want to know the length before they begin: a file.
        path = f"{self.path}.{threading.get_ident()}"
        with open(path, "wb") as f:
            f.write(octets)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path,
                               "-in", path], check=True, capture_output=True).stdout


class Keys:
    """Keys by kind and number, made when first asked for."""

    def __init__(self, folder):
        self.folder, self.made, self.lock = folder, {}, threading.Lock()

    def __call__(self, kind, n):
        with self.lock:
            if (kind, n) not in self.made:
                self.made[kind, n] = Key(self.folder, kind, n)
            return self.made[kind, n]


# ---- extensions ----

def ext(number, value, critical=False):
    dotted = number if "." in str(number) else f"2.5.29.{number}"
    return seq(oid(dotted), tlv(1, b"\xff") if critical else b"", tlv(4, value))


def ku(*bits, critical=True):
    v = 0
    for b in bits:
        v |= 0x8000 >> b
    octets = v.to_bytes(2, "big")[:1 if max(bits) < 8 else 2]
    return ext(15, tlv(3, bytes([7 - max(bits) % 8]) + octets), critical)


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


def rid(t):
    return tlv(0x88, oid(t)[2:])


def other(number, value):
    return tlv(0xA0, oid(number), tlv(0xA0, value))


def dn(t, before=b""):
    return tlv(0xA4, name(t, before=before))


def subtrees(permitted=(), excluded=(), critical=True):
    return ext(30, seq(tlv(0xA0, *[seq(p) for p in permitted]) if permitted else b"",
                       tlv(0xA1, *[seq(e) for e in excluded]) if excluded else b""), critical)


def eku(*oids, critical=False):
    return ext(37, seq(*[oid(o) for o in oids]), critical)


def policies(*oids, critical=False):
    return ext(32, seq(*[seq(oid(o)) for o in oids]), critical)


def mapping(*pairs):
    return ext(33, seq(*[seq(oid(a), oid(b)) for a, b in pairs]), True)


def policy_constraints(explicit=None, inhibit=None):
    return ext(36, seq(tlv(0x80, bytes([explicit])) if explicit is not None else b"",
                       tlv(0x81, bytes([inhibit])) if inhibit is not None else b""), True)


def blocks(*prefixes, critical=True, family=1):
    """RFC 3779: prefixes as (octets, bits); the word "inherit" for what the CA has."""
    if prefixes == ("inherit",):
        choice = tlv(5)
    else:
        choice = seq(*[tlv(3, bytes([(8 - bits % 8) % 8]) + bytes(octets))
                       for octets, bits in prefixes])
    return ext("1.3.6.1.5.5.7.1.7", seq(seq(tlv(4, bytes([0, family])), choice)), critical)


def cdp(url):
    return ext(31, seq(seq(tlv(0xA0, tlv(0xA0, uri(url))))))


# OpenSSL looks for deltas only where a freshestCRL points to one.
FRESHEST = ext(46, seq(seq(tlv(0xA0, tlv(0xA0, uri("http://a.example/delta.crl"))))))
IKE = "1.3.6.1.5.5.7.3.17"
SERVER = "1.3.6.1.5.5.7.3.1"
CLIENT = "1.3.6.1.5.5.7.3.2"
CODE = "1.3.6.1.5.5.7.3.3"
ANY = "2.5.29.37.0"


# ---- certificates ----

class Cert:
    """Fields of one certificate; whatever is set is what is encoded."""

    def __init__(self, cn, k, ca=False):
        self.cn, self.key, self.ca = cn, k, ca
        self.issuer, self.issuer_name, self.signer = None, None, None
        self.subject_name = None
        self.serial = int.from_bytes(hashlib.sha256(cn.encode()).digest()[:6], "big")
        self.start, self.end = NOW - DAY, NOW + 30 * DAY
        self.digest, self.version, self.broken = "sha256", 3, False
        self.aki = self.ski = True
        self.wrong_aki = False
        self.inner = None               # AlgorithmIdentifier inside, if another
        self.usage = ku(5, 6) if ca else ku(0)
        self.constraints = bc(True) if ca else bc(False)
        self.names = None if ca else san(dns("gw.example.com"))
        self.more = []
        self.after = b""                # octets behind the end

    def subject(self):
        return self.subject_name or name(self.cn)

    def extensions(self, by):
        exts = []
        if self.ski:
            exts.append(ext(14, tlv(4, self.key.id)))
        if self.aki and by is not self:
            exts.append(ext(35, seq(tlv(0x80, b"wrong" if self.wrong_aki else by.key.id))))
        exts += [e for e in (self.usage, self.constraints, self.names) if e]
        return exts + self.more

    def encode(self):
        by = self.issuer or self
        signer = self.signer or by.key
        alg = signer.algorithm(self.digest)
        tbs = seq(tlv(0xA0, integer(self.version - 1)) if self.version > 1 else b"",
                  integer(self.serial), self.inner or alg, self.issuer_name or by.subject(),
                  seq(when(self.start), when(self.end)), self.subject(), self.key.spki,
                  tlv(0xA3, seq(*self.extensions(by))) if self.version == 3 else b"")
        sig = signer.sign(tbs, self.digest)
        if self.broken:
            tbs = tbs.replace(when(self.end), when(self.end + DAY))
        return seq(tbs, alg, tlv(3, b"\0" + sig)) + self.after


def crl(by, serials=(), number=12, start=NOW - 60, life=7 * DAY, base=None, idp=None,
        reason=None, signer=None, more=(), entry=(), aki=True, digest="sha256"):
    """A CRL of the CA; entry: what else stands in each entry."""
    inside = [ext(21, tlv(10, bytes([reason])))] if reason is not None else []
    inside += list(entry)
    entries = [seq(integer(s), when(start - 10), seq(*inside) if inside else b"")
               for s in serials]
    exts = [ext(35, seq(tlv(0x80, by.key.id)))] if aki else []
    if number is not None:
        exts.append(ext(20, integer(number)))
    if base is not None:
        exts.append(ext(27, integer(base), True))
    if idp is not None:
        exts.append(ext(28, idp, True))
    exts += list(more)
    alg = (signer or by.key).algorithm(digest)
    tbs = seq(integer(1), alg, by.subject(), when(start),
              when(start + life) if life is not None else b"",
              seq(*entries) if entries else b"", tlv(0xA0, seq(*exts)) if exts else b"")
    return seq(tbs, alg, tlv(3, b"\0" + (signer or by.key).sign(tbs, digest)))


def pem(label, der):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----\n"


# ---- chains ----

class Case:
    """
    A chain of depth certificates below the root; change(chain) breaks it, leaf
    first and root last.  crls(chain) gives CRLs and asks for revocation; extra
    (chain) gives certificates that are also at hand; anchor is the place in the
    chain of what is trusted, the root if not said.  check is an identity that
    tools with a test for names are asked too: ("host" or "mail" or "ip", text).
    What is between comes leaf first, the other way round with backwards.
    """

    def __init__(self, label, depth=2, kind="p256", change=None, crls=None, extra=None,
                 ident="gw.example.com", anchor=-1, policy=None, deltas=False, check=None,
                 backwards=False):
        self.label, self.depth, self.kind, self.change = label, depth, kind, change
        self.crls, self.extra, self.ident, self.anchor = crls, extra, ident, anchor
        self.policy, self.deltas, self.check = policy, deltas, check
        self.backwards = backwards

    def chain(self, keys):
        chain = [Cert("Root", keys(self.kind, 0), True)]
        for i in range(1, self.depth):
            c = Cert(f"CA {i}", keys(self.kind, i), True)
            c.issuer = chain[-1]
            chain.append(c)
        leaf = Cert("gw", keys(self.kind, 9))
        leaf.issuer = chain[-1]
        chain.append(leaf)
        chain.reverse()
        if self.change:
            self.change(chain)
        return chain

    def write(self, folder, keys):
        """
        leaf.pem, ca1.pem ..., chain.pem, trust.pem, crl1.pem and .der ..., crls.pem.
        between names the files of what is on the way, issued those of them that
        are nobody's root.
        """
        self.folder = f"{folder}/{self.label}"
        os.mkdir(self.folder)
        chain = self.chain(keys)
        between = chain[1:-1] + (self.extra(chain) if self.extra else [])
        between = between[::-1] if self.backwards else between
        lists = self.crls(chain) if self.crls else []
        self.put("leaf.pem", [pem("CERTIFICATE", chain[0].encode())])
        self.put("trust.pem", [pem("CERTIFICATE", chain[self.anchor].encode())])
        self.between = self.each("ca", [pem("CERTIFICATE", c.encode()) for c in between])
        self.issued = [f for f, c in zip(self.between, between) if c.issuer is not None]
        self.put("chain.pem", [self.get(n) for n in self.between])
        self.lists = self.each("crl", [pem("X509 CRL", c) for c in lists])
        if lists:
            self.put("crls.pem", [self.get(n) for n in self.lists])
        for i, der in enumerate(lists):
            with open(f"{self.folder}/crl{i + 1}.der", "wb") as f:
                f.write(der)

    def put(self, file, texts):
        with open(f"{self.folder}/{file}", "w") as f:
            f.write("".join(texts))

    def get(self, file):
        with open(f"{self.folder}/{file}") as f:
            return f.read()

    def each(self, word, texts):
        files = [f"{word}{i + 1}.pem" for i in range(len(texts))]
        for file, text in zip(files, texts):
            self.put(file, [text])
        return files


def at(i, **fields):
    def change(chain):
        for k, v in fields.items():
            setattr(chain[i], k, v)
    return change


def plus(i, *exts, **fields):
    def change(chain):
        chain[i].more = chain[i].more + list(exts)
        at(i, **fields)(chain)
    return change


def both(*changes):
    def change(chain):
        for c in changes:
            c(chain)
    return change
