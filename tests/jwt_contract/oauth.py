#!/usr/bin/python3
"""Makes clients with jwt_auth_admin, and sends a running service every case of cases_oauth.py.

  oauth.py TARGET --admin PROGRAM --configuration FILE [--profile NAME]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from urllib.parse import urlencode

from cases_oauth import CASES, CLIENTS, GRANT, RETIRED, TOKEN
from contract import FORM
from judge import Run, exchange
from profiles import PROFILES
from run import check


class Admin:
    def __init__(self, program: str, configuration: str):
        self.command = [program, "-c", configuration]

    def run(self, *words: str, secret: str = "") -> str:
        done = subprocess.run([*self.command, *words], input=secret, capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def make_clients(self) -> None:
        for client, secret, scopes in CLIENTS:
            options = [word for scope in scopes for word in ("--scope", scope)]
            self.run("createclient", client, "--secret-stdin", *options, secret=secret)
        self.run("deactivateclient", RETIRED[0])


def ask(target: str, client: str, secret: str) -> int:
    body = urlencode(GRANT | {"client_id": client, "client_secret": secret}).encode()
    return exchange(target, "POST", TOKEN, [("Content-Type", FORM)], body).status


def administered(target: str, admin: Admin) -> list:
    """The life of a client with a generated secret. Returns the failures, a line each."""
    said = admin.run("createclient", "made", "--scope", "read")
    secret = said.partition("secret: ")[2].partition("\n")[0]
    met = [ask(target, "made", secret)]
    admin.run("deactivateclient", "made")
    met.append(ask(target, "made", secret))
    admin.run("activateclient", "made")
    met.append(ask(target, "made", secret))
    return [] if met == [200, 401, 200] else [f"made, deactivated, activated: {met}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--database", help="ignored")
    parser.add_argument("--admin", required=True)
    parser.add_argument("--configuration", required=True)
    options = parser.parse_args()
    admin = Admin(options.admin, options.configuration)
    admin.make_clients()
    cases = [case for case in CASES if case.profile == options.profile]
    print(f"{options.profile}: ", end="")
    failures, _ = check(Run(options.target, PROFILES[options.profile]), cases, None)
    wrong = administered(options.target, admin)
    print("\n".join(wrong))
    sys.exit(1 if failures or wrong or not cases else 0)


if __name__ == "__main__":
    main()
