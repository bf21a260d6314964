"""Judges the outcome of the Autobahn|Testsuite: gate.py INDEX_JSON"""

import json
import sys
from collections import Counter

# What may be reported besides OK, and for which cases. 6.4.3 and 6.4.4 want a connection to fail as soon as a bad byte
# arrives inside of an unfinished frame; the transport looks at whole frames.
NON_STRICT = {"6.4.3", "6.4.4"}
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
CASES = 301


def objections(cases):
    """Whatever keeps the gate shut, one line each."""
    if len(cases) != CASES:
        yield f"{len(cases)} cases were run, not {CASES}"
    for case, outcome in cases.items():
        behavior, close = outcome["behavior"], outcome["behaviorClose"]
        expected = {"OK"}
        if case in NON_STRICT:
            expected.add("NON-STRICT")
        if case in INFORMATIONAL:
            expected.add("INFORMATIONAL")
        if behavior not in expected:
            yield f"{case}: {behavior}"
        if close not in {"OK", "INFORMATIONAL"}:
            yield f"{case}: closes {close}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        (cases,) = json.load(file).values()
    counts = Counter(outcome["behavior"] for outcome in cases.values())
    closes = Counter(outcome["behaviorClose"] for outcome in cases.values())
    print(f"{len(cases)} cases: " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))
    print("closing: " + ", ".join(f"{n} {what}" for what, n in closes.most_common()))
    found = list(objections(cases))
    print("\n".join(found) if found else "gate: open")
    sys.exit(1 if found else 0)


main()
