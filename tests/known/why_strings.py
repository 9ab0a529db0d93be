#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# why_strings.py TABLE PRODUCT FILE...: does every message of a product, as the
# table of "why" has it, stand in its programs?
#
# A hole of a pattern stands for what the program's format puts there.  What a
# program puts together from several texts is looked for piece by piece: NAMES
# are the words that come from a table of their own.
import re
import sys

NAMES = re.compile(r"(RULE_CRL_VALIDATION|RULE_OCSP_VALIDATION|EAP_FAILURE|EAP (?=identity)|"
                   r"(?<=failed: )(?=identity)|"
                   r"SEC_ERROR_[A-Z_]+|ERROR: IPsec)")


def strings(path):
    with open(path, "rb") as f:
        return [s.decode("ascii") for s in re.findall(rb"[\t -~]{4,}", f.read())]


def rows(table):
    """(name, product, patterns) of each row."""
    with open(table) as f:
        text = f.read().split("why_rows[]", 1)[1]
    text = re.sub(r'"\s*\n\s*"', "", text)
    for row in re.finditer(r'\{ "([a-z0-9-]+)", "([a-z]+)", \w+,\s*\{(.*?)\s\}', text, re.S):
        yield row[1], row[2], [s.replace('\\"', '"') for s in
                               re.findall(r'"((?:[^"\\]|\\.)*)"', row[3])]


def parts(says):
    """What has to be there: the pattern as a format, and each name in it."""
    whole = [re.escape(p) for p in re.split(r"\{[a-z]*\}", NAMES.sub("{}", says))]
    names = [n for n in NAMES.findall(says) if n.isupper() or "_" in n]
    # A format ends where the name of an error is put behind it.
    return ([re.compile(r"[^\n]*".join(p.rstrip("\\ :") for p in whole))] +
            [re.compile(re.escape(n)) for n in names])


def main():
    table, product, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    there = "\n".join(s for f in files for s in strings(f))
    asked = bad = 0
    for name, of, patterns in rows(table):
        for says in patterns if of == product else []:
            asked += 1
            for part in parts(says):
                if not part.search(there):
                    print(f"FAIL {name}: nobody says \"{says}\"")
                    bad += 1
                    break
    print(f"{product}: {asked} messages, {bad} that no program has")
    return 1 if bad or not asked else 0


sys.exit(main())
