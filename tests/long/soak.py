# SPDX-License-Identifier: Apache-2.0
"""A fleet whose certificates live for minutes, renewed again and again.

soak.py run WORK PROGRAM SECONDS WORKERS [KILL-ONE-IN]
	Devices are WORK/devices/*.  Each renews somewhere in the second half of
	its certificate's life, by its own command; one command in so many is
	killed, and given again.  One octet in WORK/progress for each renewal.
	In the end one line of JSON: what was done, and what was ever wrong.
soak.py books WORK PKI.DB CA CRL...
	What every device has against what the PKI knows.
"""
import glob
import heapq
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fault"))
sys.dont_write_bytecode = True
from fleet import cert_of, crl_serials, serial_of
from hostile import elements, tlv

LATER = 75
CONFIRMED, REVOKED = 2, 4		# store_cert.h


def validity_of(der):
    tbs = list(elements(tlv(tlv(der)[1])[1]))
    times = [text for tag, text in tbs if tag == 0x30][2]
    return [time.mktime(time.strptime(t.decode(), "%y%m%d%H%M%SZ")) - time.timezone
            for _, t in elements(times)]


class Soak:
    def __init__(self, work, program, seconds, workers, kill_one_in):
        self.work, self.program = work, program
        self.end = time.time() + float(seconds)
        self.workers, self.kill_one_in = int(workers), int(kill_one_in)
        self.condition = threading.Condition()
        self.due = []			# (when, device)
        self.renewed = self.again = self.killed = self.finished = 0
        self.wrong = []			# what must never be
        self.least = None		# seconds that a certificate had left when replaced

    def schedule(self, device):
        begin, end = validity_of(cert_of(device))
        when = begin + (end - begin) * random.uniform(0.5, 0.75)
        with self.condition:
            heapq.heappush(self.due, (when, device))
            self.condition.notify()

    def next(self):
        """Whose turn it is; None at the end."""
        with self.condition:
            while True:
                now = time.time()
                if now >= self.end or len(self.wrong) > 20:
                    return None
                if self.due and self.due[0][0] <= now:
                    return heapq.heappop(self.due)[1]
                until = min(self.end, self.due[0][0] if self.due else self.end)
                self.condition.wait(max(0.001, until - now))

    def command(self, device):
        """Its exit code; None if it was killed."""
        p = subprocess.Popen([self.program, "peer", "renew", "--dir", device,
                              "--retry-for", "30s"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if self.kill_one_in and random.randrange(self.kill_one_in) == 0:
            try:
                p.communicate(timeout=random.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                p.kill()
                p.communicate()
                self.killed += 1
                return None, ""
        said = p.communicate()[0].decode(errors="replace").strip()
        return p.returncode, said

    def renew(self, device):
        """One renewal, however often it is killed or told to come later."""
        before = cert_of(device)
        end = validity_of(before)[1]
        while True:
            half_done = self.is_half_done(device)
            code, said = self.command(device)
            if cert_of(device) != before:
                break
            if code == 0 and half_done:		# killed behind the switch, the last time
                self.finished += 1
                continue
            if code == 0:
                self.wrong.append("%s: done, and the same certificate" % device)
                return
            if code is not None and code != LATER:
                self.wrong.append("%s: exit %d: %s" % (device, code, said))
                return
            self.again += 1
        left = end - time.time()
        if left <= 0:
            self.wrong.append("%s was without a valid certificate" % device)
        with self.condition:
            self.renewed += 1
            self.least = left if self.least is None else min(self.least, left)
        with open(os.path.join(self.work, "progress"), "ab") as f:
            f.write(b".")

    def work_on(self):
        while (device := self.next()) is not None:
            self.renew(device)
            self.schedule(device)

    @staticmethod
    def is_half_done(device):
        return bool(glob.glob(os.path.join(device, "renew", "key.pem*")))

    def finish(self, device):
        """A renewal that a kill left half done is ended."""
        if not self.is_half_done(device):
            return
        if self.command(device)[0] != 0:
            self.wrong.append("%s: cannot be finished" % device)

    def run(self):
        devices = sorted(glob.glob(os.path.join(self.work, "devices", "*")))
        for device in devices:
            self.schedule(device)
        threads = [threading.Thread(target=self.work_on) for _ in range(self.workers)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.kill_one_in = 0
        for device in devices:
            self.finish(device)
        print(json.dumps({"devices": len(devices), "renewed": self.renewed,
                          "again": self.again, "killed": self.killed,
                          "finished": self.finished,
                          "least_left_s": round(self.least or 0), "wrong": self.wrong}))
        return 1 if self.wrong else 0


def run(work, program, seconds, workers, kill_one_in="0"):
    return Soak(work, program, seconds, workers, kill_one_in).run()


def books(work, database, ca, *crls):
    db = sqlite3.connect("file:%s?mode=ro" % database, uri=True)
    known = {body: state for body, state in db.execute(
        "select body, state from cert join cert_body using (n) where identity like 'fqdn:s%'")}
    held = {device: cert_of(device)
            for device in glob.glob(os.path.join(work, "devices", "*"))}
    listed = set().union(*(crl_serials(open(crl, "rb").read()) for crl in crls))
    now = time.time()
    wrong = 0

    def holds(what, bad):
        nonlocal wrong
        print("%s %s%s" % ("FAIL" if bad else "ok  ", what, ": %s" % bad[:5] if bad else ""))
        wrong += bool(bad)

    holds("each device has a certificate that the PKI knows",
          [d for d, c in held.items() if c not in known])
    holds("it is confirmed", [d for d, c in held.items() if known.get(c) != CONFIRMED])
    holds("it is valid", [d for d, c in held.items() if validity_of(c)[1] <= now])
    holds("it is of %s" % ca, [d for d, c in held.items() if ca.encode() not in c])
    holds("it is not on a CRL", [d for d, c in held.items() if serial_of(c) in listed])
    holds("no device has two: %d certificates, %d are confirmed, the rest is retired" % (
        len(known), len(held)), [
            state for body, state in known.items()
            if body not in held.values() and state == CONFIRMED])
    holds("no serial number twice", [n for n, in db.execute(
        "select count(*) from cert group by serial having count(*) > 1")])
    holds("the database is sound",
          [r for r, in db.execute("pragma integrity_check") if r != "ok"])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit({"run": run, "books": books}[sys.argv[1]](*sys.argv[2:]))
