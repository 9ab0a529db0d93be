# SPDX-License-Identifier: Apache-2.0
#
# cmc_strangers.py request|response FILE - the lines of cmcdump, by pyasn1's
# rfc6402; cmc_strangers.py make DIR P10 - a PKIData of its making.
import calendar
import sys

from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import char, namedtype, tag, univ
from pyasn1_modules import rfc5280, rfc5652, rfc6402 as cmc

OCTETS = (4, 6, 7, 18, 19, 21, 22)
ID_CMC = tuple(cmc.id_cmc)


class ExtendedFailInfo(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType('failInfoOID', univ.ObjectIdentifier()),
        namedtype.NamedType('failInfoValue', univ.Any()))


class OtherInfo(univ.Choice):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType('failInfo', cmc.CMCFailInfo()),
        namedtype.NamedType('pendInfo', cmc.PendInfo()),
        namedtype.NamedType('extendedFailInfo', ExtendedFailInfo().subtype(
            implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed,
                                1))))


# rfc6402 has extendedFailInfo without a tag, so that pyasn1 cannot tell it
# from pendInfo and reads neither.
class StatusInfo(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType('cMCStatus', cmc.CMCStatus()),
        namedtype.NamedType('bodyList',
            univ.SequenceOf(componentType=cmc.BodyPartReference())),
        namedtype.OptionalNamedType('statusString', char.UTF8String()),
        namedtype.OptionalNamedType('otherInfo', OtherInfo()))


def elements(octets):
    """The values inside a constructed one, as they stand."""
    at, found, length = 2, [], octets[1]
    if length > 0x80:
        at += length - 0x80
    while at < len(octets):
        head, length = 2, octets[at + 1]
        if length > 0x80:
            head += length - 0x80
            length = int.from_bytes(octets[at + 2:at + head], 'big')
        found.append(octets[at:at + head + length])
        at += head + length
    return found


def whole(octets, spec):
    value, rest = decode(octets, asn1Spec=spec)
    assert not rest, 'octets behind a value'
    assert encode(value) == octets, 'not the encoding pyasn1 makes'
    return value


def integer(value):
    v = int(value)
    return v.to_bytes(v.bit_length() // 8 + 1, 'big', signed=True).hex()


def seconds(value):
    return calendar.timegm(value.asDateTime.utctimetuple())


def reference(ref):
    if ref.getName() == 'bodyPartID':
        return str(int(ref['bodyPartID']))
    return '.'.join(str(int(i)) for i in ref['bodyPartPath'])


def status(v):
    s = 'status %d refs %s' % (v['cMCStatus'],
        ','.join(reference(r) for r in v['bodyList']))
    if v['statusString'].isValue:
        s += ' text ' + str(v['statusString']).encode().hex()
    if not v['otherInfo'].isValue:
        return s
    other = v['otherInfo']
    if other.getName() == 'failInfo':
        return s + ' fail %d' % other['failInfo']
    if other.getName() == 'extendedFailInfo':
        ext = other['extendedFailInfo']
        return s + ' ext %s value %s' % (ext['failInfoOID'],
            bytes(ext['failInfoValue']).hex())
    pend = other['pendInfo']
    return s + ' pend %s %d' % (bytes(pend['pendToken']).hex(),
        seconds(pend['pendTime']))


def revoke(v):
    s = 'revoke %s serial %s reason %d' % (encode(v['issuerName']).hex(),
        integer(v['serialNumber']), v['reason'])
    if v['invalidityDate'].isValue:
        s += ' date %d' % seconds(v['invalidityDate'])
    if v['passphrase'].isValue:
        s += ' passphrase ' + bytes(v['passphrase']).hex()
    if v['comment'].isValue:
        s += ' comment ' + str(v['comment']).encode().hex()
    return s


def describe(arc, raw):
    if arc in OCTETS:
        return 'octets ' + bytes(whole(raw, univ.OctetString())).hex()
    if arc == 2:
        return 'text ' + str(whole(raw, char.UTF8String())).encode().hex()
    if arc == 5:
        return 'integer ' + integer(whole(raw, univ.Integer()))
    if arc == 15:
        v = whole(raw, cmc.GetCert())
        return 'issuer %s serial %s' % (
            elements(encode(v['issuerName']))[0].hex(),
            integer(v['serialNumber']))
    if arc == 17:
        return revoke(whole(raw, cmc.RevokeRequest()))
    if arc == 24:
        v = whole(raw, cmc.CMCCertId())
        return 'certificate %s serial %s' % (encode(v['issuer']).hex(),
            integer(v['serialNumber']))
    if arc == 25:
        return status(whole(raw, StatusInfo()))
    if arc == 26:
        v = whole(raw, cmc.PublishTrustAnchors())
        return 'anchors %d hash %s' % (v['seqNumber'],
            v['hashAlgorithm']['algorithm']) + ''.join(
            ' anchor ' + bytes(h).hex() for h in v['anchorHashes'])
    if arc == 27:
        return 'part %d' % whole(raw, cmc.AuthPublish())
    if arc in (28, 29):
        return 'list ' + ','.join(str(int(i))
            for i in whole(raw, cmc.BodyPartList()))
    if arc == 34:
        v = whole(raw, cmc.IdentifyProofV2())
        return 'proof %s mac %s witness %s' % (v['proofAlgID']['algorithm'],
            v['macAlgId']['algorithm'], bytes(v['witness']).hex())
    return 'other ' + raw.hex()


def controls(sequence):
    for c in sequence:
        oid = tuple(c['attrType'])
        arc = oid[-1] if oid[:-1] == ID_CMC else None
        print('control %d type %s %s' % (c['bodyPartID'], c['attrType'],
            describe(arc, bytes(c['attrValues'][0]))))


def request_id(r):
    if r.getName() == 'tcr':
        return r['tcr']['bodyPartID']
    if r.getName() == 'crm':
        return r['crm']['certReq']['certReqId']
    return r['orm']['bodyPartID']


def dump(kind, octets):
    message, rest = decode(octets, asn1Spec=cmc.PKIData()
        if kind == 'request' else cmc.PKIResponse())
    assert not rest, 'octets behind the message'
    controls(message['controlSequence'])
    if kind == 'request':
        raw = elements(elements(octets)[1])
        for r, tlv in zip(message['reqSequence'], raw):
            print('request %d %s tagged %s' % (request_id(r), r.getName(),
                tlv.hex()))
    for c in message['cmsSequence']:
        print('cms %d content %s' % (c['bodyPartID'],
            encode(c['contentInfo']).hex()))


def control(message, ident, oid, value):
    c = cmc.TaggedAttribute()
    c['bodyPartID'] = ident
    c['attrType'] = oid
    c['attrValues'].append(encode(value))
    message['controlSequence'].append(c)


def make(directory, p10):
    message = cmc.PKIData()
    for part in ('controlSequence', 'reqSequence', 'cmsSequence',
            'otherMsgSequence'):
        message[part].clear()
    control(message, 1, cmc.id_cmc_transactionId, univ.Integer(2 ** 127 + 5))
    control(message, 2, cmc.id_cmc_senderNonce, univ.OctetString(b'n' * 16))
    proof = cmc.IdentifyProofV2()
    proof['proofAlgID']['algorithm'] = rfc5280.univ.ObjectIdentifier(
        '2.16.840.1.101.3.4.2.1')
    proof['macAlgId']['algorithm'] = rfc5280.univ.ObjectIdentifier(
        '1.2.840.113549.2.9')
    proof['witness'] = b'w' * 32
    control(message, 3, cmc.id_cmc_identityProofV2, proof)
    request = cmc.TaggedRequest()
    request['tcr']['bodyPartID'] = 4294967295
    request['tcr']['certificationRequest'] = decode(p10,
        asn1Spec=cmc.CertificationRequest())[0]
    message['reqSequence'].append(request)
    element = cmc.TaggedContentInfo()
    element['bodyPartID'] = 9
    element['contentInfo']['contentType'] = rfc5652.id_data
    element['contentInfo']['content'] = encode(univ.OctetString(b'abc'))
    message['cmsSequence'].append(element)
    with open(directory + '/pyasn1.req', 'wb') as out:
        out.write(encode(message))


if sys.argv[1] == 'make':
    make(sys.argv[2], open(sys.argv[3], 'rb').read())
else:
    dump(sys.argv[1], open(sys.argv[2], 'rb').read())
