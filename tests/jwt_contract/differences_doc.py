#!/usr/bin/python3
"""Writes docs/jwt_auth_differences.md from the tables; with --check, fails if the page differs.

  differences_doc.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from contract import Answer, Case, Query
from differences import DIFFERENCES, OWN
from run import CASES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "jwt_auth_differences.md"
SHOWN = 3  # cases of each difference
HEAD = """# Where the JWT service answers differently from Debian's Django

The service has the wire contract of the newest djangorestframework-simplejwt. Debian 12 has an older one:
Django 3.2, REST framework 3.14, simplejwt 5.2.2. `tests/jwt_contract/side_by_side.py` sends every request of the
contract to both, with one key and one database, and fails on a difference that is not listed here. This page is
generated from the same tables by `tests/jwt_contract/differences_doc.py`.
"""


def answer_text(answer: Answer) -> str:
    body = "" if answer.body is None else f" `{answer.body}`" if len(answer.body) <= 260 else " (long)"
    return f"{answer.status}{body}"


def differences_of(case: Case):
    """(key, what the service answers, what Django does)"""
    for step in case.steps:
        if isinstance(step, Query) and step.django is not None:
            yield step.django[0], f"in the database: {step.expected}", step.django[1]
        if not isinstance(step, Answer):
            continue
        if step.django is not None:
            yield step.django[0], answer_text(step), answer_text(step.django[1])
        for token in step.tokens.values():
            if token.integer_django and "user_id" in token.values:
                yield "integer-user-id", '`"user_id":"1"`', '`"user_id":1`'
            if token.iat_django:
                yield "iat-copied", "iat is now", "iat is the refresh token's"


def page() -> str:
    rows: dict = {key: {} for key in DIFFERENCES}
    for case in CASES:
        for key, here, there in differences_of(case):
            rows[key].setdefault((here, there), []).append(case.name)
    text = [HEAD]
    for key, why in DIFFERENCES.items():
        text += [f"## {key}\n", why + "\n", "| requests | here | Django |", "|---|---|---|"]
        for (here, there), names in list(rows[key].items())[:SHOWN]:
            more = f" and {len(set(names)) - 2} more" if len(set(names)) > 2 else ""
            text.append(f"| {', '.join(list(dict.fromkeys(names))[:2])}{more} | {here} | {there} |")
        text.append("")
    text += ["## Stricter than the contract\n", *(f"- {line}" for line in OWN)]
    return "\n".join(text) + "\n"


def main() -> None:
    unused = set(DIFFERENCES) - {key for case in CASES for key, _, _ in differences_of(case)}
    if unused:
        sys.exit(f"no case has the difference {unused}")
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        sys.exit(f"{PAGE} does not match these tables: run {Path(__file__).name}")


if __name__ == "__main__":
    main()
