#!/usr/bin/python3
"""The service and Django on one SQLite file with one key: each accepts the other's users, tokens and revocations.

  side_by_side.py TARGET --database sqlite:FILE [--profile NAME] [--admin PROGRAM --configuration FILE]

Starts Django; TARGET is the service, PROGRAM its jwt_auth_admin. Then both are sent every case of the profile. Each
must answer as its table says, so every difference is one that is listed there. Prints the differences.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass

from contract import BLACKLIST, HELLO, OBTAIN, REFRESH, SLIDE, SLIDING, VERIFY, Request, bearer, get, post
from database import PASSWORD, Database
from differences import DIFFERENCES
from django_server import DjangoServer, manage
from judge import Got, Run, ask
from profiles import PROFILES
from recipes import Recipe
from run import cases_of, check

BLACK = b'"Token is blacklisted"'


@dataclass
class Side:
    name: str
    run: Run

    def ask(self, request: Request) -> Got:
        return ask(self.run, request)

    def tokens(self, path: str, username: str, password: str = PASSWORD) -> dict:
        got = self.ask(post(path, {"username": username, "password": password}))
        return json.loads(got.body) if got.status == 200 else {}


def expect(wrong: list, what: str, got: Got, status: int, part: bytes = b"") -> None:
    if got.status != status or part not in got.body:
        wrong.append(f"{what}: expected {status} {part.decode()}, got {got.status} {got.body.decode()}")


def show(token: str) -> tuple:
    return bearer(Recipe(lambda run: token))


def tokens_cross(wrong: list, maker: Side, reader: Side, username: str) -> None:
    """Sends every type of token made by one to every endpoint of the other."""
    pair, sliding = maker.tokens(OBTAIN, username), maker.tokens(SLIDING, username)
    if not pair or not sliding:
        wrong.append(f"{username} does not log in at {maker.name}")
        return
    way = f"from {maker.name} to {reader.name}"
    expect(wrong, f"access {way}", reader.ask(get(HELLO, show(pair["access"]))), 200)
    for name, token in (("access", pair["access"]), ("refresh", pair["refresh"]), ("sliding", sliding["token"])):
        expect(wrong, f"verify {name} {way}", reader.ask(post(VERIFY, {"token": token})), 200)
    expect(wrong, f"slide {way}", reader.ask(post(SLIDE, {"token": sliding["token"]})), 200)
    refreshed = reader.ask(post(REFRESH, {"refresh": pair["refresh"]}))
    expect(wrong, f"refresh {way}", refreshed, 200)
    for mixed in (post(REFRESH, {"refresh": pair["access"]}), get(HELLO, show(pair["refresh"]))):
        expect(wrong, f"{mixed.path} of the other type {way}", reader.ask(mixed), 401, b"wrong type")


def blacklists_cross(wrong: list, revoker: Side, reader: Side) -> None:
    """A token that one side blacklists is refused by both, whoever made it."""
    for maker in (revoker, reader):
        refresh = maker.tokens(OBTAIN, "alice")["refresh"]
        expect(wrong, f"{revoker.name} blacklists", revoker.ask(post(BLACKLIST, {"refresh": refresh})), 200)
        for side in (reader, revoker):
            for path in (REFRESH, BLACKLIST):
                expect(wrong, f"{path} of {side.name} after a blacklisting by {revoker.name}",
                       side.ask(post(path, {"refresh": refresh})), 401, BLACK)


def rotations_cross(wrong: list, rotator: Side, reader: Side) -> None:
    first = reader.tokens(OBTAIN, "alice")["refresh"]
    got = rotator.ask(post(REFRESH, {"refresh": first}))
    expect(wrong, f"{rotator.name} rotates", got, 200, b'"refresh"')
    expect(wrong, f"{reader.name} sees the old one", reader.ask(post(REFRESH, {"refresh": first})), 401, BLACK)
    second = got.body.decode().rpartition('"refresh":"')[2].rstrip('"}')
    expect(wrong, f"{reader.name} sees the new one", reader.ask(post(REFRESH, {"refresh": second})), 200)
    expect(wrong, f"{rotator.name} sees it spent", rotator.ask(post(REFRESH, {"refresh": second})), 401, BLACK)


def users_cross(wrong: list, service: Side, database: str) -> None:
    """Django creates a user, changes the password and deactivates the user: the service sees each change at once."""
    def django(code: str) -> None:
        manage(database, "shell", "-c", "from django.contrib.auth.models import User; " + code)

    def login(what: str, password: str, status: int) -> None:
        got = service.ask(post(OBTAIN, {"username": "djangoson", "password": password}))
        expect(wrong, f"login of a user that Django {what}", got, status)

    django("User.objects.filter(username='djangoson').delete(); "
           "User.objects.create_user('djangoson', password='first-password')")
    login("made", "first-password", 200)
    access = service.tokens(OBTAIN, "djangoson", "first-password").get("access", "")
    expect(wrong, "token of a user that Django made", service.ask(get(HELLO, show(access))), 200)
    django("u = User.objects.get(username='djangoson'); u.set_password('second-password'); u.is_active = False; "
           "u.save()")
    login("deactivated", "second-password", 401)
    expect(wrong, "token of that user", service.ask(get(HELLO, show(access))), 401, b"user_inactive")
    django("User.objects.filter(username='djangoson').update(is_active=True)")
    login("gave a new password", "first-password", 401)
    login("gave a new password", "second-password", 200)


def admin_crosses(wrong: list, service: Side, django: Side, command: list) -> None:
    """Django sees at once what jwt_auth_admin does."""
    def admin(*arguments: str, text: str = "") -> None:
        done = subprocess.run([*command, *arguments], input=text, capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            wrong.append(f"jwt_auth_admin {arguments[0]}: {done.stdout}{done.stderr}")

    def login(password: str, status: int) -> None:
        for side in (service, django):
            got = side.ask(post(OBTAIN, {"username": "adminson", "password": password}))
            expect(wrong, f"login at {side.name} of a user that jwt_auth_admin made", got, status)

    admin("createuser", "--password-stdin", "adminson", text="first-password-of-many\n")
    login("first-password-of-many", 200)
    refresh = [side.tokens(OBTAIN, "adminson", "first-password-of-many").get("refresh", "")
               for side in (service, django)]
    admin("revoke-all", "adminson")
    for token in refresh:
        for side in (service, django):
            got = side.ask(post(REFRESH, {"refresh": token}))
            expect(wrong, f"refresh at {side.name} after revoke-all", got, 401, BLACK)
    admin("changepassword", "--password-stdin", "adminson", text="second-password-of-many\n")
    login("first-password-of-many", 401)
    login("second-password-of-many", 200)
    admin("deactivate", "adminson")
    login("second-password-of-many", 401)


def cross(wrong: list, service: Side, django: Side, database: str) -> None:
    for maker, reader in ((service, django), (django, service)):
        tokens_cross(wrong, maker, reader, "alice")
        blacklists_cross(wrong, maker, reader)
        if service.run.profile.settings.get("blacklist_after_rotation"):
            rotations_cross(wrong, maker, reader)
    if service.run.profile == PROFILES["default"]:
        users_cross(wrong, service, database)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--database", required=True)
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--admin")
    parser.add_argument("--configuration")
    options = parser.parse_args()
    profile, database, wrong = PROFILES[options.profile], Database(options.database), []
    cases = cases_of(options.profile, database)
    service = Side("the service", Run(options.target, profile))
    with DjangoServer(options.database, options.profile) as server:
        django = Side("Django", Run(server.target, profile, is_django=True))
        if options.profile in ("default", "rotation_blacklist"):
            cross(wrong, service, django, options.database)
        if options.admin:
            admin_crosses(wrong, service, django, [options.admin, "-c", options.configuration])
        failures, _ = check(service.run, cases, database)
        more_failures, differences = check(django.run, cases, database)
    for key in sorted({key for keys in differences.values() for key in keys}):
        names = [name for name, keys in differences.items() if key in keys]
        print(f"{len(names)} differ: {DIFFERENCES[key]}\n    " + "; ".join(names[:8]) + "; ..." * (len(names) > 8))
    print("\n".join(f"FAILED {text}" for text in wrong) or "users, tokens and refusals cross")
    sys.exit(1 if failures or more_failures or wrong else 0)


if __name__ == "__main__":
    main()
