#!/usr/bin/python3
"""Sends a running service every case of a profile of settings, and prints where it departs from the contract.

  run.py TARGET [--profile NAME] [--database URL] [--key FILE] [--django] [--only TEXT]

--database: the service's database, with the users of database.py; without it, cases that query it are left out.
--key: the private key that the service signs with, with its public key in FILE.pub; default: the secret in profiles.py.
--django: the target is the older Django, for which the cases list the answers.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

import cases_algorithms
import cases_guarded
import cases_obtain
import cases_parsing
import cases_refresh
import cases_settings
import cases_urls
import cases_verify
from contract import Case, Query, Request, Sql
from database import Database
from judge import Run, ask, judge
from profiles import PROFILES
from recipes import payload_of

CASES = [case for module in (cases_parsing, cases_obtain, cases_refresh, cases_verify, cases_guarded, cases_settings,
                              cases_algorithms, cases_urls)
         for case in module.CASES]


def filled(run: Run, statement: str) -> str:
    names = run.profile.claim_names
    return re.sub(r"\{(jti|token):(\w+)\}", lambda match: run.saved[match[2]] if match[1] == "token" else
                  payload_of(run.saved[match[2]])[names.get("jti", "jti")], statement)


def run_case(run: Run, case: Case, database: Database | None) -> list:
    """The failures, as texts. Stops at the first step that fails."""
    run.saved, run.reasons, steps = {}, set(), list(case.steps)
    while steps:
        step = steps.pop(0)
        if isinstance(step, Request):
            run.sent = ""
            answer = run.expected(steps.pop(0))
            wrong = judge(run, step, answer, ask(run, step))
            if wrong:
                return [f"{step.method} {step.path}", *wrong]
        elif isinstance(step, Sql):
            database.run(filled(run, step.statement))
        elif isinstance(step, Query):
            expected = step.expected
            if run.is_django and step.django is not None:
                run.reasons.add(step.django[0])
                expected = step.django[1]
            got = database.run(filled(run, step.statement))
            if got != expected:
                return [step.statement, f"- {expected}\n+ {got}"]
    return []


def cases_of(profile: str, database: Database | None, only: str = "") -> list:
    return [case for case in CASES if case.profile == profile and only in case.name
            and (database is not None or not case.needs_database)]


def check(run: Run, cases: list, database: Database | None) -> tuple:
    """(failures, the differences found: name of the case -> keys of differences.py). Prints the failures.

    A difference that a case lists must be one: asked again as by the contract, the case has to fail.
    """
    failures, differences = 0, {}
    for case in cases:
        wrong = run_case(run, case, database)
        if not wrong and run.reasons:
            differences[case.name] = set(run.reasons)
            if not run_case(replace(run, is_django=False), case, database):
                wrong = [f"lists {', '.join(differences[case.name])}, but is as in the contract"]
        if wrong:
            failures += 1
            print(f"FAILED {case.name}\n  " + "\n".join(wrong).replace("\n", "\n  "))
    print(f"{len(cases)} cases, {failures} failed")
    return failures, differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--database", type=Database)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--django", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    cases = cases_of(options.profile, options.database, options.only)
    print(f"{options.profile}: ", end="")
    run = Run(options.target, PROFILES[options.profile], options.django)
    if options.key:
        run.key, run.public_key = options.key.read_text(), Path(f"{options.key}.pub").read_text()
    failures, _ = check(run, cases, options.database)
    sys.exit(1 if failures or not cases else 0)


if __name__ == "__main__":
    main()
