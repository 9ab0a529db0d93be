# SPDX-License-Identifier: Apache-2.0
"""A fleet that goes on while somebody ends the server's processes.

fleet.py load WORK PROGRAM HEALTH WORKERS
	Until WORK/stop is there: authorizes small lists, enrols every device,
	revokes one in three, all at once; then finishes what is begun.  A
	command that says 75 is given again, as it is; any other failure ends
	the test.  One octet in WORK/progress for each device that is done.
fleet.py count WORK PKI.DB
	Holds what the devices have against what the PKI knows.
"""
import json
import os
import random
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from hostile import elements, tlv

LATER = 75
TRIES = 400			# of one command, before it counts as lost
AHEAD = 40			# tickets that nobody has used yet
CRL_NUMBER = bytes.fromhex("0603551d14")
OPEN, ISSUED, CONFIRMED, REVOKED = 1, 3, 4, 9		# authorizations
CERT_CONFIRMED, CERT_REVOKED = 2, 4


def cert_of(folder):
    with open(os.path.join(folder, "cert.pem")) as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


def serial_of(der):
    """The INTEGER, tag and all."""
    tbs = tlv(tlv(der)[1])[1]
    at = tlv(tbs)[2] if tbs[0] == 0xa0 else 0
    return tbs[at:tlv(tbs, at)[2]]


def crl_number(der):
    at = der.index(CRL_NUMBER) + len(CRL_NUMBER)
    return int.from_bytes(tlv(tlv(der, at)[1])[1], "big")


def crl_serials(der):
    tbs = list(elements(tlv(tlv(der)[1])[1]))
    lists = [inner for tag, inner in tbs[1:] if tag == 0x30]
    # signature, issuer, revokedCertificates
    entries = lists[2] if len(lists) > 2 else b""
    return {inner[:tlv(inner)[2]] for _, inner in elements(entries)}


class Fleet:
    def __init__(self, work, program, health, workers):
        self.work, self.program, self.health = work, program, health
        self.lock = threading.Lock()
        self.queue, self.done, self.names, self.revoked = [], [], [], []
        self.authorizing = True
        self.lost, self.again = [], 0
        self.crls = 0
        self.workers = workers

    def path(self, *names):
        return os.path.join(self.work, *names)

    def stopped(self):
        return bool(self.lost) or os.path.exists(self.path("stop"))

    def command(self, *words):
        """Given again while it says 75.  False, and noted, if it fails."""
        for _ in range(TRIES):
            p = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if p.returncode == 0:
                return True
            if p.returncode != LATER:
                break
            self.again += 1
            time.sleep(random.uniform(0, 0.05))     # the folder's lock is somebody else's
        with self.lock:
            self.lost.append("%s: exit %d: %s" % (" ".join(words), p.returncode,
                                                  p.stdout.decode(errors="replace").strip()))
        return False

    def authorize(self):
        k = 0
        while not self.stopped():
            with self.lock:
                room = AHEAD - len(self.queue)
            if room <= 0:
                time.sleep(0.01)
                continue
            k += 1
            names = ["k%dn%d" % (k, i) for i in range(random.randint(1, 12))]
            csv = self.path("k%d.csv" % k)
            with open(csv, "w") as f:
                f.write("fqdn,label\n")
                f.writelines("%s.example,%s\n" % (n, n) for n in names)
            if not self.command("admin", "authorize", "--dir", self.path("vpn", "admin"),
                                "--template", "s2s-gateway", "--csv", csv, "--out",
                                self.path("tickets")):
                break
            with self.lock:
                self.names += names
                self.queue += names
        self.authorizing = False

    def enroll(self):
        while not self.lost:
            with self.lock:
                name = self.queue.pop(0) if self.queue else None
            if name is None:
                if not self.authorizing:
                    return
                time.sleep(0.01)
                continue
            # Some wait for the server themselves, some leave it to their caller.
            if not self.command("peer", "enroll", self.path("tickets", name + ".ticket"),
                                "--dir", self.path("devices", name), "--retry-for",
                                random.choice(["0", "0", "20s"])):
                return
            with self.lock:
                self.done.append(name)
                with open(self.path("progress"), "ab") as f:
                    f.write(b".")

    def fetch_crl(self):
        for _ in range(TRIES):
            try:
                with urllib.request.urlopen(self.health + "/crl/ike.crl", timeout=10) as r:
                    return r.read()
            except OSError:
                time.sleep(0.02)
        raise OSError("no CRL")

    def revoke(self):
        k = 0
        while not self.lost and (self.authorizing or k < len(self.done)):
            if k >= len(self.done):
                time.sleep(0.01)
                continue
            name, k = self.done[k], k + 3
            if not self.command("admin", "revoke", "--dir", self.path("vpn", "admin"), name):
                return
            # Who is answered is on the CRL (decision D-38).
            serial = serial_of(cert_of(self.path("devices", name)))
            if serial not in crl_serials(self.fetch_crl()):
                with self.lock:
                    self.lost.append("%s is revoked and not on the CRL" % name)
            self.revoked.append(name)

    def watch(self):
        number, serials = 0, set()
        while self.working:
            der = self.fetch_crl()
            self.crls += 1
            if crl_number(der) < number or not serials <= crl_serials(der):
                self.lost.append("CRL number %d after %d, or a revocation is gone" %
                                 (crl_number(der), number))
            number, serials = crl_number(der), crl_serials(der)
            time.sleep(0.03)

    def run(self):
        watcher = threading.Thread(target=self.watch)
        threads = [threading.Thread(target=t) for t in
                   [self.authorize, self.revoke] + [self.enroll] * self.workers]
        self.working = True
        for t in [watcher] + threads:
            t.start()
        for t in threads:
            t.join()
        self.working = False
        watcher.join()
        with open(self.path("fleet.json"), "w") as f:
            json.dump({"names": self.names, "revoked": self.revoked}, f)
        for line in self.lost:
            print("LOST", line)
        print("%d devices, %d revoked, %d commands given again, %d CRLs looked at" % (
            len(self.done), len(self.revoked), self.again, self.crls))
        return 1 if self.lost or len(self.done) != len(self.names) else 0


def load(work, program, health, workers):
    return Fleet(work, program, health, int(workers)).run()


# ---- counting ----

class Books:
    def __init__(self, work, database):
        self.wrong = 0
        self.work = work
        with open(os.path.join(work, "fleet.json")) as f:
            said = json.load(f)
        self.names, self.revoked = said["names"], said["revoked"]
        self.db = sqlite3.connect("file:%s?mode=ro" % database, uri=True)

    def holds(self, what, ok, more=""):
        print("%s %s%s" % ("ok  " if ok else "FAIL", what, "" if ok else ": %s" % more))
        self.wrong += not ok

    def rows(self, sql):
        return self.db.execute(sql).fetchall()


def count(work, database):
    b = Books(work, database)
    held = {}
    for name in b.names:
        try:
            held[name] = cert_of(os.path.join(work, "devices", name))
        except OSError:
            pass
    b.holds("%d devices, each with a certificate" % len(b.names),
            len(held) == len(b.names), sorted(set(b.names) - set(held)))
    certs = {body: (state, identity) for body, state, identity in b.rows(
        "select body, state, identity from cert join cert_body using (n) "
        "where identity like 'fqdn:k%'")}
    n = b.rows("select count(*) from cert where identity like 'fqdn:k%'")[0][0]
    b.holds("%d certificates in the database, all different" % n, len(certs) == n)
    b.holds("they are those that the devices hold", set(certs) == set(held.values()),
            "%d unknown to the PKI, %d that no device has" % (
                len(set(held.values()) - set(certs)), len(set(certs) - set(held.values()))))
    serials = [s for s, in b.rows("select serial from cert")]
    b.holds("no serial number twice", len(set(serials)) == len(serials))
    # The certificate's own, too: not only what the table says of it.
    own = [serial_of(der) for der in held.values()]
    b.holds("nor in the certificates", len(set(own)) == len(own))
    authz = b.rows("select label, state, cert from authz where label like 'k%'")
    b.holds("%d authorizations, one for each device" % len(authz),
            sorted(a[0] for a in authz) == sorted(b.names))
    b.holds("each is spent on a certificate, none twice",
            len({a[2] for a in authz if a[2]}) == len(authz) == n and
            all(a[1] in (CONFIRMED, REVOKED) for a in authz), authz[:5])
    states = {certs[der][0] for der in held.values() if der in certs}
    b.holds("each is confirmed, or revoked", states <= {CERT_CONFIRMED, CERT_REVOKED}, states)
    revoked = {name for name, der in held.items()
               if certs.get(der, (0,))[0] == CERT_REVOKED}
    b.holds("%d are revoked, those that were to be" % len(revoked),
            revoked == set(b.revoked), revoked ^ set(b.revoked))
    crl = open(os.path.join(work, "last.crl"), "rb").read()
    listed = crl_serials(crl)
    b.holds("the CRL, number %d, lists them and nothing else" % crl_number(crl),
            listed == {serial_of(held[name]) for name in b.revoked},
            "%d listed" % len(listed))
    b.holds("the database is sound", b.rows("pragma integrity_check") == [("ok",)])
    return 1 if b.wrong else 0


if __name__ == "__main__":
    sys.exit({"load": load, "count": count}[sys.argv[1]](*sys.argv[2:]))
