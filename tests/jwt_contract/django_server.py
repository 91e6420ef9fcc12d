#!/usr/bin/python3
"""Starts the Django project in django_site, or runs a command of it:

  django_server.py DATABASE_URL COMMAND...     a command of manage.py
  django_server.py --check                     reports missing packages
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from profiles import PROFILES
from recipes import KEY

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # has Debian's packages


def environment(database: str, profile: str, command: str = "") -> dict:
    return {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "CONTRACT_COMMAND": command,
            "DJANGO_SETTINGS_MODULE": "django_site.settings", "CONTRACT_DATABASE": database, "CONTRACT_KEY": KEY,
            "CONTRACT_JWT": json.dumps(PROFILES[profile].settings)}


def manage(database: str, *arguments: str, text: str = "") -> str:
    done = subprocess.run([PYTHON, "-m", "django", *arguments], env=environment(database, "default", arguments[0]),
                          input=text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise SystemExit(f"django {arguments[0]}: {done.stderr}")
    return done.stdout


class DjangoServer:
    """gunicorn on a port chosen by the kernel, until the end of the with block."""

    def __init__(self, database: str, profile: str):
        self.database, self.profile = database, profile

    def __enter__(self) -> "DjangoServer":
        # Already listens before gunicorn has started: the first request waits in the backlog.
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.target = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.process = subprocess.Popen(
                [PYTHON, "-m", "gunicorn", "--workers", "1", "--log-level", "critical", "--bind",
                 f"fd://{listener.fileno()}", "django_site.wsgi"],
                env=environment(self.database, self.profile), cwd=HERE, pass_fds=[listener.fileno()],
                stdout=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once
        self.process.wait(timeout=20)


def main(arguments: list) -> None:
    if arguments != ["--check"]:
        print(manage(*arguments), end="")
        return
    for package, known in (("Django", "3.2."), ("djangorestframework-simplejwt", "5.2."), ("gunicorn", "")):
        try:
            if not version(package).startswith(known):
                sys.exit(f"{package} is {version(package)}: what {known}x answers otherwise is listed, no other's")
        except PackageNotFoundError:
            sys.exit(f"{package} is not installed as Debian has it")


if __name__ == "__main__":
    main(sys.argv[1:])
