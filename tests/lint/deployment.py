#!/usr/bin/env python3
"""The units and the sample configurations fit together: one socket, which nginx can reach and which outlives a restart if
systemd holds it; an absolute path for the application; and units that systemd understands."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import tree

# Where each file names its socket.
SOCKETS = {
    "conf/nginx.conf": r"^\s*server unix:(\S+)",
    "conf/haproxy.cfg": r"^\s*server app unix@(\S+)",
    "conf/minimal.yaml": r"^bind: unix:(.+)$",
}
HELD_BY_SYSTEMD = {
    "systemd/alicorn.socket.in": r"^ListenStream=(.+)$",
    "conf/nginx.conf": r'^# .*"server unix:(\S+)',
}
GROUPS = {
    "systemd/alicorn.socket.in": r"^SocketGroup=(.+)$",
    "systemd/alicorn.service.in": r"^Group=(.+)$",
    "systemd/alicorn@.service.in": r"^Group=(.+)$",
}
EXPOSURE_MAX = 20  # in tenths, the unit of systemd-analyze


def values(root: Path, patterns: dict[str, str]) -> dict[str, str]:
    found = {name: re.search(pattern, (root / name).read_text(), re.M) for name, pattern in patterns.items()
             if (root / name).exists()}
    return {name: match[1] if match else "nothing" for name, match in found.items()}


def differing(root: Path, what: str, patterns: dict[str, str]):
    found = values(root, patterns)
    if len(set(found.values())) > 1:
        yield f"not the same {what}: " + ", ".join(f"{name} has {value}" for name, value in found.items())


def unreachable_sockets(root: Path):
    units = {path.name: path.read_text() for path in root.glob("systemd/*.in")}
    for name, text in units.items():
        if re.search(r"^DynamicUser=yes", text, re.M) and re.search(r"^RuntimeDirectoryPreserve=(?!no)", text, re.M):
            yield f"{name}: systemd would keep the RuntimeDirectory in /run/private, out of nginx's reach"
    held = re.search(HELD_BY_SYSTEMD["systemd/alicorn.socket.in"], units.get("alicorn.socket.in", ""), re.M)
    for folder in re.findall(r"^RuntimeDirectory=(.+)$", units.get("alicorn.service.in", ""), re.M):
        if held and held[1].startswith(f"/run/{folder}/"):
            yield f"alicorn.socket.in: /run/{folder} is removed when the service stops, and {held[1]} with it"


def complaints_of_systemd(root: Path):
    if root != tree.ROOT or shutil.which("systemd-analyze") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for source in root.glob("systemd/*.in"):
            # /bin/true replaces the installed program, which must exist.
            text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", source.read_text(), flags=re.M)
            Path(folder, source.name.removesuffix(".in").replace("@.", "@shop.")).write_text(text)
        units = sorted(Path(folder).iterdir())
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
        # Report only lines about our units. The machine's other units may have faults of their own.
        yield from (line for line in result.stderr.splitlines() if "alicorn" in line)
        for service in (unit for unit in units if unit.suffix == ".service"):
            judge = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE_MAX}"]
            result = subprocess.run([*judge, service], capture_output=True, text=True)
            if result.returncode != 0:
                last = (result.stdout + result.stderr).strip().splitlines()[-1:]
                yield f"{service.name}: more exposed than {EXPOSURE_MAX / 10}: {last}"


def check(root: Path):
    yield from differing(root, "socket", SOCKETS)
    yield from differing(root, "socket of systemd", HELD_BY_SYSTEMD)
    yield from differing(root, "group", GROUPS)
    yield from unreachable_sockets(root)
    application = values(root, {"conf/minimal.yaml": r"^application: (.+)$"}).get("conf/minimal.yaml", "/")
    if not application.startswith("/"):
        yield f"conf/minimal.yaml: application {application}: under systemd the directory is /"
    yield from complaints_of_systemd(root)


FIXTURES = (
    (0, {"systemd/alicorn.socket.in": "ListenStream=/run/a.sock\nSocketGroup=www-data\n",
         "systemd/alicorn.service.in": "Group=www-data\n", "systemd/alicorn@.service.in": "Group=www-data\n",
         "conf/nginx.conf": '# or "server unix:/run/a.sock fail_timeout=0;"\n    server unix:/run/b.sock fail_timeout=0;\n',
         "conf/minimal.yaml": "application: /srv/app.so\nbind: unix:/run/b.sock\n"}),
    (1, {"conf/minimal.yaml": "application: /srv/app.so\nbind: unix:/run/a.sock\n",
         "conf/nginx.conf": "    server unix:/run/b.sock;\n"}),
    (1, {"systemd/alicorn.service.in": "DynamicUser=yes\nRuntimeDirectoryPreserve=yes\nGroup=www-data\n"}),
    (1, {"systemd/alicorn.service.in": "RuntimeDirectory=a\nGroup=www-data\n",
         "systemd/alicorn.socket.in": "ListenStream=/run/a/app.sock\nSocketGroup=www-data\n"}),
    (1, {"systemd/alicorn.socket.in": "ListenStream=/run/a.sock\nSocketGroup=www-data\n",
         "systemd/alicorn.service.in": "DynamicUser=yes\n"}),
    (1, {"conf/minimal.yaml": "application: ./app.so\nbind: unix:/run/a.sock\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
