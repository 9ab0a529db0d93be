#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# verify_strangers.py PKI4IPSEC TABLE FOLDER [PATTERN | --two-faults]
#
# Makes chains in FOLDER, asks our verify and every stranger that is installed
# about each, and holds the differences against the rules in TABLE, a page with
# tables "| who | chains | we | they | why |": a difference without a rule fails,
# and so does a rule without a difference.  With PATTERN only those chains, and
# every answer is printed.  With --two-faults the chains have two faults each, and a
# rule for one of them is enough.
import fnmatch
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import chain_cases_path
import chain_cases_use
from chain_maker import Keys

OURS, TABLE, FOLDER = sys.argv[1:4]
TWO = sys.argv[4:] == ["--two-faults"]
PATTERN = sys.argv[4] if len(sys.argv) > 4 and not TWO else None
# libcrypto 3.0 does not free policyConstraints beside which no policies stand.
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")


class Answer:
    """accept, or the word or text with which it was refused."""

    def __init__(self, accepted, said):
        self.accepted, self.said = accepted, " ".join(said.split())
        self.text = "accept" if accepted else "reject: " + self.said


def run(case, *words):
    """Exit code and everything it said."""
    r = subprocess.run(words, cwd=case.folder, env=ENV, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return r.returncode, r.stdout.decode(errors="replace")


def each(option, files):
    return [w for f in files for w in (option, f)]


def ours(case):
    words = ["--id", case.ident, "--trust", "trust.pem"]
    words += each("--crl", case.lists) if case.crls else ["--revocation", "off"]
    words += ["--policy", case.policy] if case.policy not in (None, "any") else []
    rc, said = run(case, OURS, "verify", *words, "leaf.pem", *case.between)
    refused = re.search(r"^refused: .*: (\S+)$", said, re.M)
    unread = re.search(r"^pki4ipsec: |cannot read", said, re.M)
    if rc > 1 or (rc == 1 and not refused and not unread) or "Sanitizer" in said:
        raise RuntimeError(f"{case.label}: exit {rc}: {said}")
    return Answer(rc == 0, refused[1] if refused else "unreadable")


def openssl(case):
    names = {"host": "-verify_hostname", "mail": "-verify_email", "ip": "-verify_ip"}
    words = ["-partial_chain", "-policy_check", "-trusted", "trust.pem"]
    words += each("-untrusted", ["chain.pem"] if case.between else [])
    words += ["-CRLfile", "crls.pem", "-crl_check_all"] if case.crls else []
    words += ["-use_deltas", "-extended_crl"] if case.deltas else []
    words += [names[case.check[0]], case.check[1]] if case.check else []
    # For OpenSSL no -policy is no policy, for RFC 5280 any.
    if case.policy == "any":
        words += ["-policy", "2.5.29.32.0"]
    elif case.policy:
        words += ["-policy", case.policy, "-explicit_policy"]
    rc, said = run(case, "openssl", "verify", *words, "leaf.pem")
    error = re.search(r"^error .*lookup: ?(.*)$", said, re.M)
    return Answer(rc == 0, error[1] if error else said[-80:])


def strongswan(case):
    """Every root it is given is trusted, and one certificate of a file is read."""
    words = each("--cacert", case.issued + ["trust.pem"]) + each("--crl", case.lists)
    rc, said = run(case, "pki", "--verify", "--in", "leaf.pem", *words)
    good = rc == 0 and (not case.crls or "certificate not revoked" in said)
    lines = [s for s in said.splitlines() if "TPM" not in s and "'tpm'" not in s]
    return Answer(good, lines[-1] if lines else f"exit {rc}")


def nss_store(case):
    """CRLs are looked for in a store only."""
    shutil.copytree(f"{FOLDER}/nss", f"{case.folder}/nss")
    lines = "".join(f"-A -n {f} -t ,, -a -i {f}\n" for f in case.between)
    case.put("nss.batch", [lines + "-A -n trust -t CT,C,C -a -i trust.pem\n"])
    run(case, "certutil", "-B", "-d", "sql:nss", "-i", "nss.batch")
    for i in range(len(case.lists)):
        run(case, "crlutil", "-I", "-B", "-d", "sql:nss", "-i", f"crl{i + 1}.der")


def nss(case):
    words = ["-pp", "-u", "12"]
    if case.crls:
        nss_store(case)
        how = ["-h", "testLocalInfoFirst,requireFreshInfo", "-m", "crl", "-s",
               "requireInfo,failIfNoInfo,forbidFetching"]
        words += ["-d", "sql:nss", "-g", "leaf", *how, "-g", "chain", *how]
    if case.policy not in (None, "any"):
        words += ["-o", "OID." + case.policy]
    rc, said = run(case, "vfychain", *words, "-a", "leaf.pem", *case.between, "-t", "trust.pem")
    error = re.search(r"ERROR (-\d+: .*)$|couldn't import \S+, (-\d+ = .*)$", said, re.M)
    return Answer(rc == 0, (error[1] or error[2]) if error else f"exit {rc}: {said[-80:]}")


def gnutls(case):
    case.put("all.pem", [case.get("leaf.pem"), case.get("chain.pem")])
    words = ["--load-ca-certificate", "trust.pem"]
    words += ["--load-crl", "crls.pem"] if case.crls else []
    if case.check:
        words += ["--verify-email" if case.check[0] == "mail" else "--verify-hostname",
                  case.check[1]]
    rc, said = run(case, "certtool", "--verify", *words, "--infile", "all.pem")
    error = re.search(r"^Chain verification output: (?:Not verified\.)?(.*)$", said, re.M)
    return Answer(rc == 0, error[1] if error else said[-80:])


# Name, who answers, what it is not asked, which command, how it says its version.
STRANGERS = [
    ("openssl", openssl, "", "openssl", ["openssl", "version"]),
    ("strongswan", strongswan, "id-* policy-asked-*", "pki", ["pki", "--help"]),
    ("nss", nss, "id-*", "vfychain", ["dpkg-query", "-W", "libnss3"]),
    ("gnutls", gnutls, "", "certtool", ["certtool", "--version"]),
]


class Rule:
    def __init__(self, cells):
        self.who, self.chains, self.we, self.they, self.why = cells
        self.patterns = self.chains.replace("`", "").split()
        self.used = 0

    def fits(self, who, label, we, they):
        return (self.who == who and
                any(fnmatch.fnmatchcase(fault, p) for p in self.patterns for fault in label.split("+")) and
                we.text.startswith(self.we.strip("`")) and
                re.search(self.they.strip("`"), they.text) is not None)


def rules(path):
    out = []
    with open(path) as f:
        for line in f:
            cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 5 and cells[0] in [s[0] for s in STRANGERS]:
                out.append(Rule(cells))
    return out


def skips(case, never):
    return any(fnmatch.fnmatchcase(case.label, p) for p in never.split())


def judge(case, keys, strangers):
    """Ours, and each stranger's; None where one is not asked."""
    case.write(f"{FOLDER}/chains", keys)
    return ours(case), {name: None if skips(case, never) else ask(case)
                        for name, ask, never, *_ in strangers}


def compare(case, we, answers, table, count):
    """The differences without a rule, as lines."""
    bad = []
    for who, they in answers.items():
        if they is None:
            count[who]["not asked"] += 1
        elif they.accepted == we.accepted:
            count[who]["agree"] += 1
        else:
            rule = next((r for r in table if r.fits(who, case.label, we, they)), None)
            if rule is None:
                bad.append(f"FAIL {case.label}: we {we.text}, {who} {they.text}")
                continue
            rule.used += 1
            count[who]["explained"] += 1
    return bad


def report(table, count, cases, alone):
    for who, c in count.items():
        asked = len(cases) - c["not asked"]
        classes = sum(1 for r in table if r.who == who and r.used)
        print(f"{who}: {asked} chains asked, {c['agree']} agree, "
              f"{c['explained']} explained by {classes} classes, {c['not asked']} not asked")
    for r in table:
        if r.used:
            print(f"  {r.who:<10} {r.used:>3}  we {r.we.strip('`')}, they "
                  f"{r.they.strip('`')}: {r.why}")
    print(f"{len(cases)} chains; with {alone} of them we stand alone, for the reasons above")


def strangers_here():
    here = [s for s in STRANGERS if shutil.which(s[3])]
    for s in here:
        said = subprocess.run(s[4], capture_output=True, text=True).stdout.split("\n")[0]
        print(f"{s[0]}: {said}")
    return here


def main():
    keys = Keys(FOLDER)
    os.makedirs(f"{FOLDER}/chains")
    os.makedirs(f"{FOLDER}/nss")
    cases = (chain_cases_path.two_faults(keys) if TWO else
             chain_cases_path.cases(keys) + chain_cases_use.cases(keys))
    cases = [c for c in cases if PATTERN is None or fnmatch.fnmatchcase(c.label, PATTERN)]
    here, table = strangers_here(), rules(TABLE)
    if shutil.which("certutil"):
        subprocess.run(["certutil", "-N", "--empty-password", "-d", f"sql:{FOLDER}/nss"], check=True)
    count = {s[0]: {"agree": 0, "explained": 0, "not asked": 0} for s in here}
    bad, alone = [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda c: (c, *judge(c, keys, here)), cases)
        for case, we, answers in done:
            if PATTERN:
                print(case.label, we.text, {w: a and a.text for w, a in answers.items()})
            bad += compare(case, we, answers, table, count)
            asked = [a for a in answers.values() if a is not None]
            alone += len(asked) > 1 and all(a.accepted != we.accepted for a in asked)
    report(table, count, cases, alone)
    if PATTERN is None and not TWO:
        bad += [f"FAIL no chain differs for the rule: {r.who} {r.chains}: {r.why}"
                for r in table if not r.used and r.who in count]
        bad += ["FAIL fewer than 600 chains"] if len(cases) < 600 else []
    print("\n".join(bad))
    return 1 if bad else 0


sys.exit(main())
