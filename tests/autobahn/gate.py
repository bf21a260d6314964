"""Judges the outcome of the Autobahn|Testsuite: gate.py INDEX_JSON [CASE...]

The cases that are named may be NON-STRICT.
"""

import json
import sys
from collections import Counter

# These cases judge nothing: any behavior is fine.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
CASES = 301


def objections(cases, non_strict):
    """Whatever keeps the gate shut, one line each."""
    if len(cases) != CASES:
        yield f"{len(cases)} cases were run, not {CASES}"
    for case, outcome in cases.items():
        behavior, close = outcome["behavior"], outcome["behaviorClose"]
        expected = {"OK"}
        if case in non_strict:
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
    found = list(objections(cases, set(sys.argv[2:])))
    print("\n".join(found) if found else "gate: open")
    sys.exit(1 if found else 0)


main()
