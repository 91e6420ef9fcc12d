#!/usr/bin/python3
"""Sends Debian's Django every case, on its own database: shows that the tables are right without the service."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from database import Database
from django_server import DjangoServer, manage
from profiles import PROFILES


def main() -> None:
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:{folder}/db.sqlite3"
        manage(database, "migrate", "-v0")
        Database(database).add_users()
        for name, profile in PROFILES.items():
            if profile.django and name in (sys.argv[1:] or PROFILES):
                with DjangoServer(database, name) as server:
                    failed |= subprocess.run([sys.executable, Path(__file__).with_name("run.py"), server.target,
                                              "--profile", name, "--database", database, "--django"],
                                             timeout=120, check=False).returncode != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
