"""Puts the users of the tests directly into Django's tables, and queries the database.

  database.py DATABASE_URL      adds the users to a database with tables

DATABASE_URL: sqlite:FILE, or postgresql: and a libpq connection string.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import subprocess
import sys

from profiles import HASH_ITERATIONS

PASSWORD = "correct-horse-battery"


def encoded(password: str, salt: str = "contractsalt") -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), HASH_ITERATIONS)
    return f"pbkdf2_sha256${HASH_ITERATIONS}${salt}${base64.b64encode(digest).decode()}"


# (id, name, encoded password, active)
USERS = (
    (1, "alice", encoded(PASSWORD), True),
    (2, "ghost", encoded(PASSWORD), False),
    (3, "josé", encoded("pässwörd ☃"), True),
    (4, "nopass", "!unusable", True),
    (5, "turncoat", encoded(PASSWORD), True),
    (6, "12345", encoded("67890"), True),
    (7, "visitor", encoded(PASSWORD), True),
)


def fingerprint(hashed: str) -> str:
    """simplejwt's hash_password."""
    return hashlib.md5(hashed.encode()).hexdigest().upper()


class Database:
    def __init__(self, url: str):
        self.kind, _, self.where = url.partition(":")
        if self.kind not in ("sqlite", "postgresql"):
            raise SystemExit(f"no database: {url}")

    def run(self, statement: str) -> str:
        """The first value of the first row, as text."""
        if self.kind == "sqlite":
            connection = sqlite3.connect(self.where, timeout=10)
            with connection:
                row = connection.execute(statement).fetchone()
            connection.close()
            return "" if row is None or row[0] is None else str(row[0])
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.where, "-c", statement],
                              capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise SystemExit(f"psql: {done.stderr}")
        return done.stdout.partition("\n")[0]

    def add_users(self) -> None:
        rows = ", ".join(
            f"({id}, '{name}', '{password}', {'true' if active else 'false'}, false, false, '', '', '', "
            "'2026-01-01 00:00:00')" for id, name, password, active in USERS)
        self.run("insert into auth_user (id, username, password, is_active, is_staff, is_superuser, first_name, "
                 f"last_name, email, date_joined) values {rows}")
        if self.kind == "postgresql":
            self.run("select setval(pg_get_serial_sequence('auth_user', 'id'), 100)")


if __name__ == "__main__":
    Database(sys.argv[1]).add_users()
