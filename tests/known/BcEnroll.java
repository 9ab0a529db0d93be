/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BcEnroll [TICKET p10|crmf BER|DER DIR]... - enrolments by Bouncy Castle.
 *
 * Reads a ticket, makes a P-256 key, builds the full CMC request (cmc 7.6),
 * posts it, holds the answer against what RFC 10002 says about it, confirms
 * with the new key, and wants a receipt.  Nothing of ours is used.  Leaves
 * request.cmc, response.cmc, confirm.cmc, receipt.cmc and cert.der in DIR, and
 * says what it found, a line for each step.
 */
import java.io.InputStream;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cmc.*;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.*;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.CertificateRequestMessageBuilder;
import org.bouncycastle.cert.crmf.Control;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

public class BcEnroll {
	static final AlgorithmIdentifier SHA256 = new AlgorithmIdentifier(
	    new ASN1ObjectIdentifier("2.16.840.1.101.3.4.2.1"));
	static final AlgorithmIdentifier HMAC = new AlgorithmIdentifier(
	    new ASN1ObjectIdentifier("1.2.840.113549.2.9"));
	static final ASN1ObjectIdentifier CONFIRM =
	    new ASN1ObjectIdentifier("1.3.6.1.5.5.7.7.24");
	static final KeyPurposeId CMC_CA = KeyPurposeId.getInstance(
	    new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.27"));
	static final int REQUEST = 6;	/* body part of the request */
	static final SecureRandom random = new SecureRandom();

	final Map<String, String> ticket;
	final String form, encoding;
	final Path dir;
	KeyPair key;
	SubjectPublicKeyInfo spki;
	SubjectKeyIdentifier ski;
	byte[] secret;			/* K */
	BigInteger transaction;
	byte[] nonce;			/* our last */
	byte[] serverNonce;		/* its last */

	BcEnroll(Path file, String form, String encoding, Path dir) throws Exception {
		this.form = form;
		this.encoding = encoding;
		this.dir = dir;
		ticket = new HashMap<>();
		for (String line : Files.readAllLines(file)) {
			int colon = line.indexOf(':');

			if (colon > 0 && !line.startsWith("#"))
				ticket.putIfAbsent(line.substring(0, colon).trim(),
				    line.substring(colon + 1).trim());
		}
	}

	static void check(boolean good, String what) {
		if (!good)
			throw new IllegalStateException(what);
		System.out.println("  " + what);
	}

	static byte[] octets(int n) {
		byte[] b = new byte[n];

		random.nextBytes(b);
		return b;
	}

	static byte[] digest(String name, byte[]... parts) throws Exception {
		MessageDigest d = MessageDigest.getInstance(name);

		for (byte[] p : parts)
			d.update(p);
		return d.digest();
	}

	byte[] hmac(byte[] text) throws Exception {
		Mac m = Mac.getInstance("HmacSHA256");

		m.init(new SecretKeySpec(secret, "HmacSHA256"));
		return m.doFinal(text);
	}

	static TaggedAttribute control(int id, ASN1ObjectIdentifier type, ASN1Encodable v) {
		return new TaggedAttribute(new BodyPartID(id), type, new DERSet(v));
	}

	ContentSigner signer() throws Exception {
		return new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate());
	}

	/* ---- the request ---- */

	void prepare() throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC");
		byte[] token = ticket.get("token").replace("-", "")
		    .getBytes(StandardCharsets.UTF_8);

		g.initialize(new ECGenParameterSpec("secp256r1"));
		key = g.generateKeyPair();
		spki = SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded());
		ski = new JcaX509ExtensionUtils().createSubjectKeyIdentifier(spki);
		secret = digest("SHA-256", token,
		    ticket.get("id").getBytes(StandardCharsets.UTF_8));
		transaction = new BigInteger(127, random).setBit(120);
	}

	/* Empty: "the PKI knows who I am" (RFC 10002, 3.2.1.2.1). */
	static X500Name nobody() {
		return new X500Name(new RDN[0]);
	}

	TaggedRequest pkcs10(PopLinkWitnessV2 witness) throws Exception {
		PKCS10CertificationRequestBuilder b =
		    new PKCS10CertificationRequestBuilder(nobody(), spki);

		b.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest,
		    new Extensions(new Extension(Extension.subjectKeyIdentifier, false,
		    ski.getEncoded())));
		b.addAttribute(CMCObjectIdentifiers.id_cmc_popLinkWitnessV2, witness);
		return new TaggedRequest(new TaggedCertificationRequest(
		    new BodyPartID(REQUEST), CertificationRequest.getInstance(
		    b.build(signer()).getEncoded())));
	}

	TaggedRequest crmf(final PopLinkWitnessV2 witness) throws Exception {
		CertificateRequestMessageBuilder b =
		    new CertificateRequestMessageBuilder(BigInteger.valueOf(REQUEST));

		b.setSubject(nobody());
		b.setPublicKey(spki);
		b.addExtension(Extension.subjectKeyIdentifier, false, ski);
		b.addControl(new Control() {
			public ASN1ObjectIdentifier getType() {
				return CMCObjectIdentifiers.id_cmc_popLinkWitnessV2;
			}
			public ASN1Encodable getValue() {
				return witness;
			}
		});
		b.setProofOfPossessionSigningKeySigner(signer());
		return new TaggedRequest(b.build().toASN1Structure());
	}

	TaggedAttribute[] frame(TaggedAttribute... more) {
		int n = serverNonce == null ? 2 : 3;
		TaggedAttribute[] all = Arrays.copyOf(new TaggedAttribute[n],
		    n + more.length);

		nonce = octets(16);
		all[0] = control(1, CMCObjectIdentifiers.id_cmc_transactionId,
		    new ASN1Integer(transaction));
		all[1] = control(2, CMCObjectIdentifiers.id_cmc_senderNonce,
		    new DEROctetString(nonce));
		if (n == 3)
			all[2] = control(7, CMCObjectIdentifiers.id_cmc_recipientNonce,
			    new DEROctetString(serverNonce));
		System.arraycopy(more, 0, all, n, more.length);
		return all;
	}

	byte[] request() throws Exception {
		byte[] link = octets(64);
		PopLinkWitnessV2 witness;
		TaggedRequest request;
		IdentityProofV2 proof;

		link[0] = 0x55;		/* not as a SEQUENCE begins */
		witness = new PopLinkWitnessV2(SHA256, HMAC, hmac(link));
		request = form.equals("crmf") ? crmf(witness) : pkcs10(witness);
		proof = new IdentityProofV2(SHA256, HMAC,
		    hmac(new DERSequence(request).getEncoded("DER")));
		return sign(new PKIData(frame(
		    control(3, CMCObjectIdentifiers.id_cmc_identification,
			new DERUTF8String(ticket.get("id"))),
		    control(4, CMCObjectIdentifiers.id_cmc_identityProofV2, proof),
		    control(5, CMCObjectIdentifiers.id_cmc_popLinkRandom,
			new DEROctetString(link))),
		    new TaggedRequest[] { request }, new TaggedContentInfo[0],
		    new OtherMsg[0]), null);
	}

	/* By the key alone (sid SKI), or by its certificate. */
	byte[] sign(PKIData data, X509CertificateHolder cert) throws Exception {
		CMSSignedDataGenerator g = new CMSSignedDataGenerator();
		JcaSignerInfoGeneratorBuilder b = new JcaSignerInfoGeneratorBuilder(
		    new JcaDigestCalculatorProviderBuilder().build());
		byte[] out;

		if (cert != null) {
			ESSCertIDv2 id = new ESSCertIDv2(digest("SHA-256", cert.getEncoded()));

			b.setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(
			    new AttributeTable(new Attribute(
			    PKCSObjectIdentifiers.id_aa_signingCertificateV2,
			    new DERSet(new SigningCertificateV2(id))))));
			g.addSignerInfoGenerator(b.build(signer(), cert));
			g.addCertificate(cert);
		} else {
			g.addSignerInfoGenerator(b.build(signer(), ski.getKeyIdentifier()));
		}
		out = g.generate(new CMSProcessableByteArray(CMCObjectIdentifiers.id_cct_PKIData,
		    data.getEncoded("DER")), true).toASN1Structure().getEncoded(encoding);
		check((out[1] == (byte)0x80) == encoding.equals("BER"),
		    "a message of " + out.length + " octets in " + encoding);
		return out;
	}

	/* ---- HTTP ---- */

	static HttpURLConnection open(String url) throws Exception {
		HttpURLConnection c = (HttpURLConnection)new URL(url).openConnection();

		c.setConnectTimeout(10000);
		c.setReadTimeout(60000);
		return c;
	}

	byte[] post(byte[] message) throws Exception {
		HttpURLConnection c = open(ticket.get("url"));
		byte[] answer;

		c.setRequestMethod("POST");
		c.setDoOutput(true);
		c.setRequestProperty("Content-Type",
		    "application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m");
		c.getOutputStream().write(message);
		check(c.getResponseCode() == 200, "HTTP " + c.getResponseCode());
		check(c.getContentType().startsWith("application/pkcs7-mime") &&
		    c.getContentType().contains("CMC-Response"), c.getContentType());
		try (InputStream in = c.getInputStream()) {
			answer = in.readAllBytes();
		}
		return answer;
	}

	/* Is the certificate in the repository? */
	int published(X509CertificateHolder cert) throws Exception {
		String hex = new BigInteger(1, digest("SHA-1", cert.getEncoded())).toString(16);
		URL u = new URL(ticket.get("url"));

		while (hex.length() < 40)
			hex = "0" + hex;
		return open(new URL(u, "/certs/" + hex).toString()).getResponseCode();
	}

	/* ---- the answer ---- */

	static boolean signedBy(X509CertificateHolder c, X509CertificateHolder ca)
	    throws Exception {
		return c.getIssuer().equals(ca.getSubject()) && c.isSignatureValid(
		    new JcaContentVerifierProviderBuilder().build(ca));
	}

	/* A path to the root whose digest the ticket carries. */
	boolean anchored(X509CertificateHolder c, Collection<X509CertificateHolder> all)
	    throws Exception {
		String want = ticket.get("anchor").replace("sha256:", "");

		for (int depth = 0; depth < 5; depth++) {
			X509CertificateHolder next = null;

			if (new BigInteger(want, 16).equals(new BigInteger(1,
			    digest("SHA-256", c.getEncoded()))))
				return true;
			for (X509CertificateHolder ca : all)
				if (!ca.equals(c) && signedBy(c, ca) &&
				    BasicConstraints.fromExtensions(ca.getExtensions()) != null &&
				    BasicConstraints.fromExtensions(ca.getExtensions()).isCA())
					next = ca;
			if (next == null)
				return false;
			c = next;
		}
		return false;
	}

	/* The anchor comes with the first answer; later ones need not bring it. */
	final Collection<X509CertificateHolder> known = new ArrayList<>();

	PKIResponse open(CMSSignedData m) throws Exception {
		Collection<X509CertificateHolder> all =
		    new ArrayList<>(m.getCertificates().getMatches(null));
		Collection<SignerInformation> signers = m.getSignerInfos().getSigners();
		SignerInformation s = signers.iterator().next();
		X509CertificateHolder by = (X509CertificateHolder)
		    m.getCertificates().getMatches(s.getSID()).iterator().next();
		ExtendedKeyUsage eku = ExtendedKeyUsage.fromExtensions(by.getExtensions());

		check(signers.size() == 1, "one signature");
		check(s.verify(new JcaSimpleSignerInfoVerifierBuilder().build(by)),
		    "which holds, by \"" + by.getSubject() + "\"");
		check(eku != null && eku.hasKeyPurposeId(CMC_CA), "a CMC responder");
		all.addAll(known);
		check(anchored(by, all), "under the anchor of the ticket");
		known.addAll(all);
		check(m.getSignedContentTypeOID().equals(
		    CMCObjectIdentifiers.id_cct_PKIResponse.getId()), "over a PKIResponse");
		return PKIResponse.getInstance(m.getSignedContent().getContent());
	}

	static ASN1Encodable value(PKIResponse r, ASN1ObjectIdentifier type) {
		ASN1Encodable found = null;

		for (ASN1Encodable e : r.getControlSequence()) {
			TaggedAttribute c = TaggedAttribute.getInstance(e);

			if (c.getAttrType().equals(type))
				found = c.getAttrValues().getObjectAt(0);
		}
		return found;
	}

	void checkFrame(PKIResponse r, CMCStatus want, int about) {
		CMCStatusInfoV2 s = CMCStatusInfoV2.getInstance(
		    value(r, CMCObjectIdentifiers.id_cmc_statusInfoV2));
		ASN1Encodable t = value(r, CMCObjectIdentifiers.id_cmc_transactionId);
		ASN1Encodable n = value(r, CMCObjectIdentifiers.id_cmc_recipientNonce);

		check(s.getcMCStatus().equals(want), "status " +
		    ASN1Integer.getInstance(s.getcMCStatus().toASN1Primitive()).getValue());
		check(s.getBodyList().length == 1 && s.getBodyList()[0].getID() == about,
		    "about body part " + about);
		check(t != null && ASN1Integer.getInstance(t).getValue().equals(transaction),
		    "same transactionId");
		check(n != null && Arrays.equals(ASN1OctetString.getInstance(n).getOctets(),
		    nonce), "our nonce came back");
		serverNonce = ASN1OctetString.getInstance(
		    value(r, CMCObjectIdentifiers.id_cmc_senderNonce)).getOctets();
		check(serverNonce.length >= 16, "a fresh one with it");
	}

	X509CertificateHolder ours(CMSSignedData m) throws Exception {
		Collection<X509CertificateHolder> all =
		    new ArrayList<>(m.getCertificates().getMatches(null));
		String identity = ticket.get("identity");

		for (X509CertificateHolder c : all) {
			GeneralName[] names;

			if (!c.getSubjectPublicKeyInfo().equals(spki))
				continue;
			names = GeneralNames.fromExtensions(c.getExtensions(),
			    Extension.subjectAlternativeName).getNames();
			check(names.length >= 1 && identity.endsWith(":" + names[0].getName()),
			    "a certificate for our key and " + names[0].getName());
			check(c.isValidOn(new java.util.Date()), "valid today");
			all.addAll(known);
			check(anchored(c, all), "under the anchor of the ticket");
			return c;
		}
		throw new IllegalStateException("no certificate for our key");
	}

	/* ---- the confirmation ---- */

	byte[] confirmation(X509CertificateHolder c) throws Exception {
		return sign(new PKIData(frame(
		    control(3, CONFIRM, new IssuerAndSerialNumber(c.toASN1Structure())),
		    control(4, CMCObjectIdentifiers.id_cmc_statusInfoV2,
			new CMCStatusInfoV2Builder(CMCStatus.success,
			new BodyPartID(REQUEST)).build())),
		    new TaggedRequest[0], new TaggedContentInfo[0], new OtherMsg[0]), c);
	}

	byte[] exchange(String question, String answer, byte[] message) throws Exception {
		byte[] a;

		Files.write(dir.resolve(question), message);
		a = post(message);
		Files.write(dir.resolve(answer), a);
		return a;
	}

	void run() throws Exception {
		CMSSignedData m;
		X509CertificateHolder cert;

		Files.createDirectories(dir);
		prepare();
		m = new CMSSignedData(exchange("request.cmc", "response.cmc", request()));
		checkFrame(open(m), CMCStatus.confirmRequired, REQUEST);
		cert = ours(m);
		Files.write(dir.resolve("cert.der"), cert.getEncoded());
		check(published(cert) == 404, "not published before the confirmation");
		m = new CMSSignedData(exchange("confirm.cmc", "receipt.cmc",
		    confirmation(cert)));
		checkFrame(open(m), CMCStatus.success, 3);
		check(ours(m).equals(cert), "the same as before");
		check(published(cert) == 200, "published with the receipt");
	}

	public static void main(String[] a) throws Exception {
		for (int i = 0; i + 3 < a.length; i += 4) {
			Path file = Paths.get(a[i]);

			System.out.println("enrolment " + file.getFileName() + " " + a[i + 1] +
			    " " + a[i + 2]);
			new BcEnroll(file, a[i + 1], a[i + 2], Paths.get(a[i + 3])).run();
			System.out.println("enrolled " + file.getFileName());
		}
	}
}
