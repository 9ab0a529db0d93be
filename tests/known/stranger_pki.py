# SPDX-License-Identifier: Apache-2.0
"""Decoders not written by us read what a server produced.

stranger_pki.py request|response FILE	pyasn1-modules: SignedData over PKIData or
	PKIResponse (rfc5652, rfc6402), octet for octet the same when encoded again
stranger_pki.py cert|crl FILE	asn1crypto, likewise
stranger_pki.py extract FILE OUT	the certificates of a SignedData, as OUT-0.der ...

Prints "KEY VALUE" lines.  What cannot be read is an exception.
"""
import sys

from pyasn1.codec.der import decoder, encoder
from pyasn1_modules import rfc5280, rfc5652, rfc6402

CONTROLS = {
    "1.3.6.1.5.5.7.7.2": "identification",
    "1.3.6.1.5.5.7.7.5": "transactionId",
    "1.3.6.1.5.5.7.7.6": "senderNonce",
    "1.3.6.1.5.5.7.7.7": "recipientNonce",
    "1.3.6.1.5.5.7.7.22": "popLinkRandom",
    "1.3.6.1.5.5.7.7.24": "confirmCertAcceptance",
    "1.3.6.1.5.5.7.7.25": "statusInfoV2",
    "1.3.6.1.5.5.7.7.34": "identityProofV2",
}


def decode(octets, spec):
    """All of it, and the same again when encoded."""
    value, rest = decoder.decode(octets, asn1Spec=spec)
    if rest:
        raise ValueError("%d octets behind the end" % len(rest))
    return value


def round_trip(octets, spec, what):
    value = decode(octets, spec)
    if encoder.encode(value) != bytes(octets):
        raise ValueError("%s is not DER" % what)
    return value


def signed(octets):
    info = decode(octets, rfc5652.ContentInfo())
    if info["contentType"] != rfc5652.id_signedData:
        raise ValueError("no SignedData")
    return decode(info["content"], rfc5652.SignedData())


def show_controls(controls):
    for c in controls:
        oid = str(c["attrType"])
        name = CONTROLS.get(oid, oid)
        values = c["attrValues"]
        if len(values) != 1:
            raise ValueError("%s with %d values" % (name, len(values)))
        print("control", name)
        if name == "statusInfoV2":
            s = decode(values[0], rfc6402.CMCStatusInfoV2())
            print("status", int(s["cMCStatus"]))
        elif name == "identityProofV2":
            p = decode(values[0], rfc6402.IdentifyProofV2())
            print("proof", p["proofAlgID"]["algorithm"], p["macAlgId"]["algorithm"])


def show_request(octets):
    m = signed(octets)
    print("type", m["encapContentInfo"]["eContentType"])
    data = round_trip(m["encapContentInfo"]["eContent"], rfc6402.PKIData(), "PKIData")
    show_controls(data["controlSequence"])
    for r in data["reqSequence"]:
        print("request", r.getName())
    sid = m["signerInfos"][0]["sid"].getName()
    print("signers", len(m["signerInfos"]), sid)


def show_response(octets):
    m = signed(octets)
    print("type", m["encapContentInfo"]["eContentType"])
    data = round_trip(m["encapContentInfo"]["eContent"], rfc6402.PKIResponse(),
                      "PKIResponse")
    show_controls(data["controlSequence"])
    for c in m["certificates"]:
        cert = encoder.encode(c["certificate"])
        round_trip(cert, rfc5280.Certificate(), "certificate")
    print("certificates", len(m["certificates"]))


def extract(octets, out):
    for i, c in enumerate(signed(octets)["certificates"]):
        with open("%s-%d.der" % (out, i), "wb") as f:
            f.write(encoder.encode(c["certificate"]))


def show_cert(octets):
    from asn1crypto import x509
    c = x509.Certificate.load(octets, strict=True)
    c.native
    if c.dump(force=True) != octets:
        raise ValueError("not DER")
    print("serial", c.serial_number)
    print("subject", c.subject.human_friendly)
    san = c.subject_alt_name_value
    print("san", ",".join(n.native for n in san) if san else "")
    print("ca", c.ca)
    for url in c.crl_distribution_points:
        print("crl", url.url)


def show_crl(octets):
    from asn1crypto import crl
    c = crl.CertificateList.load(octets, strict=True)
    c.native
    if c.dump(force=True) != octets:
        raise ValueError("not DER")
    tbs = c["tbs_cert_list"]
    print("number", c.crl_number_value.native)
    print("entries", len(tbs["revoked_certificates"]))
    print("next", tbs["next_update"].native)


def main(argv):
    what = argv[1]
    with open(argv[2], "rb") as f:
        octets = f.read()
    if what == "extract":
        extract(octets, argv[3])
    else:
        {"request": show_request, "response": show_response,
         "cert": show_cert, "crl": show_crl}[what](octets)


main(sys.argv)
