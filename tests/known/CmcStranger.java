/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CmcStranger request|response FILE - the lines of cmcdump, by Bouncy Castle.
 * CmcStranger make DIR P10 - a PKIData and PKIResponses of its making.
 */
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cmc.*;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.util.encoders.Hex;

public class CmcStranger {
	static final Set<Integer> OCTETS = new HashSet<>(
	    Arrays.asList(4, 6, 7, 18, 19, 21, 22));
	static final String ID_CMC = "1.3.6.1.5.5.7.7.";
	static final AlgorithmIdentifier SHA256 = new AlgorithmIdentifier(
	    new ASN1ObjectIdentifier("2.16.840.1.101.3.4.2.1"));
	static final AlgorithmIdentifier HMAC = new AlgorithmIdentifier(
	    new ASN1ObjectIdentifier("1.2.840.113549.2.9"));

	static String hex(byte[] b) {
		return Hex.toHexString(b);
	}

	static String der(ASN1Encodable e) throws Exception {
		return hex(e.toASN1Primitive().getEncoded("DER"));
	}

	static String integer(BigInteger v) {
		return hex(v.toByteArray());
	}

	static String text(ASN1UTF8String s) {
		return hex(s.getString().getBytes(StandardCharsets.UTF_8));
	}

	static long seconds(ASN1GeneralizedTime t) throws Exception {
		return t.getDate().getTime() / 1000;
	}

	static String ids(BodyPartID[] ids, String between) {
		StringBuilder s = new StringBuilder();

		for (BodyPartID id : ids)
			s.append(s.length() > 0 ? between : "").append(id.getID());
		return s.toString();
	}

	/* CMCStatusInfoV2.getBodyList() knows no paths: take the list as it is. */
	static String references(ASN1Sequence list) {
		StringBuilder s = new StringBuilder();

		for (ASN1Encodable e : list) {
			BodyPartReference r = BodyPartReference.getInstance(e);

			s.append(s.length() > 0 ? "," : "");
			s.append(r.isBodyPartID() ? "" + r.getBodyPartID().getID() :
			    ids(r.getBodyPartPath().getBodyPartIDs(), "."));
		}
		return s.toString();
	}

	static String status(ASN1Encodable value) throws Exception {
		CMCStatusInfoV2 v = CMCStatusInfoV2.getInstance(value);
		ASN1Sequence seq = ASN1Sequence.getInstance(value);
		String s = "status " +
		    ASN1Integer.getInstance(v.getcMCStatus().toASN1Primitive()).getValue() +
		    " refs " + references(ASN1Sequence.getInstance(seq.getObjectAt(1)));

		if (v.getStatusStringUTF8() != null)
			s += " text " + text(v.getStatusStringUTF8());
		if (!v.hasOtherInfo())
			return s;
		OtherStatusInfo o = v.getOtherStatusInfo();
		if (o.isFailInfo())
			return s + " fail " + ASN1Integer.getInstance(
			    o.toASN1Primitive()).getValue();
		if (o.isPendingInfo()) {
			PendInfo p = PendInfo.getInstance(o.toASN1Primitive());

			return s + " pend " + hex(p.getPendToken()) + " " +
			    seconds(p.getPendTime());
		}
		/* Bouncy Castle 1.72 has it untagged, and does not read it as [1]. */
		return s + " extended";
	}

	static String revoke(RevokeRequest r) throws Exception {
		String s = "revoke " + der(r.getName()) + " serial " +
		    integer(r.getSerialNumber()) + " reason " +
		    r.getReason().getValue();

		if (r.getInvalidityDate() != null)
			s += " date " + seconds(r.getInvalidityDate());
		if (r.getPassphrase() != null)
			s += " passphrase " + hex(r.getPassphrase().getOctets());
		if (r.getCommentUTF8() != null)
			s += " comment " + text(r.getCommentUTF8());
		return s;
	}

	static String describe(int arc, ASN1Encodable v) throws Exception {
		if (OCTETS.contains(arc))
			return "octets " + hex(ASN1OctetString.getInstance(v).getOctets());
		switch (arc) {
		case 2:
			return "text " + text(ASN1UTF8String.getInstance(v));
		case 5:
			return "integer " + integer(ASN1Integer.getInstance(v).getValue());
		case 15:
			GetCert g = GetCert.getInstance(v);
			return "issuer " + der(g.getIssuerName().getName()) +
			    " serial " + integer(g.getSerialNumber());
		case 17:
			return revoke(RevokeRequest.getInstance(v));
		case 24:
			IssuerAndSerialNumber i = IssuerAndSerialNumber.getInstance(v);
			return "certificate " + der(i.getName()) + " serial " +
			    integer(i.getSerialNumber().getValue());
		case 25:
			return status(v);
		case 26:
			PublishTrustAnchors p = PublishTrustAnchors.getInstance(v);
			String s = "anchors " + p.getSeqNumber() + " hash " +
			    p.getHashAlgorithm().getAlgorithm();
			for (byte[] h : p.getAnchorHashes())
				s += " anchor " + hex(h);
			return s;
		case 27:
			return "part " + BodyPartID.getInstance(v).getID();
		case 28:
		case 29:
			return "list " + ids(BodyPartList.getInstance(v).getBodyPartIDs(), ",");
		case 34:
			IdentityProofV2 w = IdentityProofV2.getInstance(v);
			return "proof " + w.getProofAlgID().getAlgorithm() + " mac " +
			    w.getMacAlgId().getAlgorithm() + " witness " +
			    hex(w.getWitness());
		case 35:
		case 37:
			return "path " + ids(BodyPartPath.getInstance(v).getBodyPartIDs(), ".");
		default:
			return "other " + der(v);
		}
	}

	static void control(TaggedAttribute c) throws Exception {
		String oid = c.getAttrType().getId();
		int arc = oid.startsWith(ID_CMC) ?
		    Integer.parseInt(oid.substring(ID_CMC.length())) : 0;

		System.out.println("control " + c.getBodyPartID().getID() +
		    " type " + oid + " " +
		    describe(arc, c.getAttrValues().getObjectAt(0)));
	}

	static void request(TaggedRequest r) throws Exception {
		ASN1Sequence s = ASN1Sequence.getInstance(r.getValue().toASN1Primitive());
		boolean crm = r.getTagNo() == TaggedRequest.CRM;
		long id = crm ?
		    CertReqMsg.getInstance(s).getCertReq().getCertReqId().getValue().longValue() :
		    BodyPartID.getInstance(s.getObjectAt(0)).getID();

		System.out.println("request " + id + (crm ? " crm" : " tcr") +
		    " tagged " + der(r));
	}

	static void content(TaggedContentInfo c) throws Exception {
		System.out.println("cms " + c.getBodyPartID().getID() +
		    " content " + der(c.getContentInfo()));
	}

	static void dump(String kind, byte[] in) throws Exception {
		if (kind.equals("request")) {
			PKIData d = PKIData.getInstance(in);

			for (TaggedAttribute c : d.getControlSequence())
				control(c);
			for (TaggedRequest r : d.getReqSequence())
				request(r);
			for (TaggedContentInfo c : d.getCmsSequence())
				content(c);
		} else {
			PKIResponse r = PKIResponse.getInstance(in);

			for (ASN1Encodable c : r.getControlSequence())
				control(TaggedAttribute.getInstance(c));
			for (ASN1Encodable c : r.getCmsSequence())
				content(TaggedContentInfo.getInstance(c));
		}
	}

	static TaggedAttribute attribute(long id, int arc, ASN1Encodable v) {
		return new TaggedAttribute(new BodyPartID(id),
		    new ASN1ObjectIdentifier(ID_CMC + arc), new DERSet(v));
	}

	static void write(String dir, String name, ASN1Encodable e) throws Exception {
		Files.write(Paths.get(dir, name), e.toASN1Primitive().getEncoded("DER"));
	}

	static BodyPartID[] parts(long... ids) {
		return Arrays.stream(ids).mapToObj(BodyPartID::new)
		    .toArray(BodyPartID[]::new);
	}

	static void makeRequest(String dir, byte[] p10) throws Exception {
		X500Name name = new X500Name("CN=Root CA");
		BigInteger serial = new BigInteger("123456789");
		TaggedAttribute[] controls = {
			attribute(1, 5, new ASN1Integer(BigInteger.ONE.shiftLeft(127))),
			attribute(2, 6, new DEROctetString(new byte[16])),
			attribute(3, 2, new DERUTF8String("gw-0001")),
			attribute(4, 34, new IdentityProofV2(SHA256, HMAC, new byte[32])),
			attribute(5, 22, new DEROctetString(new byte[64])),
			attribute(6, 17, new RevokeRequest(name, new ASN1Integer(serial),
			    CRLReason.lookup(CRLReason.keyCompromise),
			    new DERGeneralizedTime("20261124042413Z"),
			    new DEROctetString(new byte[] { 1, 2 }),
			    new DERUTF8String("lost"))),
			attribute(7, 15, new GetCert(new GeneralName(name), serial)),
			attribute(8, 24, new IssuerAndSerialNumber(name, serial)),
			attribute(9, 28, new BodyPartList(parts(21, 22))),
			attribute(10, 35, new BodyPartPath(parts(21, 4))),
			attribute(4294967295L, 21, new DEROctetString(new byte[3])),
		};
		TaggedRequest[] requests = { new TaggedRequest(
		    new TaggedCertificationRequest(new BodyPartID(11),
		    CertificationRequest.getInstance(p10))) };
		ContentInfo data = new ContentInfo(
		    new ASN1ObjectIdentifier("1.2.840.113549.1.7.1"),
		    new DEROctetString(new byte[] { 7 }));
		TaggedContentInfo[] cms = {
			new TaggedContentInfo(new BodyPartID(21), data),
			new TaggedContentInfo(new BodyPartID(22), data) };

		write(dir, "bc.req", new PKIData(controls, requests, cms, new OtherMsg[0]));
	}

	static void makeResponse(String dir) throws Exception {
		ASN1Encodable[] controls = {
			attribute(1, 25, new CMCStatusInfoV2Builder(CMCStatus.success,
			    parts(6, 7)).build()),
			attribute(2, 25, new CMCStatusInfoV2Builder(CMCStatus.failed,
			    new BodyPartID(8)).setStatusString("no")
			    .setOtherInfo(CMCFailInfo.popFailed).build()),
			attribute(3, 25, new CMCStatusInfoV2Builder(CMCStatus.pending,
			    new BodyPartID(9)).setOtherInfo(new PendInfo(new byte[] { 1 },
			    new DERGeneralizedTime("20261124042413Z"))).build()),
			attribute(4, 26, new PublishTrustAnchors(BigInteger.TEN, SHA256,
			    new byte[][] { new byte[32], new byte[32] })),
			attribute(5, 29, new BodyPartList(parts(21))),
			attribute(6, 7, new DEROctetString(new byte[16])),
			attribute(7, 27, new BodyPartID(21)),
			attribute(8, 37, new BodyPartPath(parts(21))),
		};

		write(dir, "bc.rsp", new DERSequence(new ASN1Encodable[] {
		    new DERSequence(controls), new DERSequence(), new DERSequence() }));
	}

	static void makeExtended(String dir) throws Exception {
		ASN1Encodable status = new CMCStatusInfoV2Builder(CMCStatus.failed,
		    new BodyPartID(6)).setOtherInfo(new ExtendedFailInfo(
		    new ASN1ObjectIdentifier("1.2.3"), new ASN1Integer(2))).build();

		write(dir, "bc-extended.rsp", new DERSequence(new ASN1Encodable[] {
		    new DERSequence(attribute(1, 25, status)), new DERSequence(),
		    new DERSequence() }));
	}

	public static void main(String[] a) throws Exception {
		if (a[0].equals("make")) {
			makeRequest(a[1], Files.readAllBytes(Paths.get(a[2])));
			makeResponse(a[1]);
			makeExtended(a[1]);
		} else {
			dump(a[0], Files.readAllBytes(Paths.get(a[1])));
		}
	}
}
