#!/usr/bin/env python3
"""Includes point one way (base <- app_api <- workers <- server), and each dependency has one place."""

import re
from pathlib import Path

import tree

# The rooms of two layers: what each room may include of its own layer, besides itself. "" is the top of the layer. The order is
# that of docs/architecture.md.
_WORKER_ROOMS = ("contract", "http", "loop", "net", "crash", "log", "app", "connection")
ROOMS = {
    "workers": {
        "contract": (),
        "http": ("contract",),
        "loop": (),
        "net": ("loop", "contract"),
        "crash": ("contract",),
        "log": ("crash", "http", "contract"),
        "app": ("loop", "net", "http", "crash", "contract"),
        "connection": _WORKER_ROOMS,
        "replay": _WORKER_ROOMS,
        "": _WORKER_ROOMS,
    },
    "server": {
        "host": (),
        "config": ("host",),
        "control": ("config", "host"),
        "arbiter/table": (),
        "arbiter/upgrade": ("config", "host"),
        "arbiter/fleet": ("arbiter/table", "config", "host"),
        "arbiter/report": ("arbiter/fleet", "arbiter/table", "arbiter/upgrade", "config", "control", "host"),
        "arbiter/spawn": ("arbiter/fleet", "arbiter/report", "arbiter/table", "config", "host"),
        "arbiter/hooks": ("arbiter/fleet", "arbiter/table", "arbiter/upgrade", "config", "host"),
        "arbiter": ("arbiter/table", "arbiter/upgrade", "arbiter/fleet", "arbiter/report", "arbiter/spawn",
                    "arbiter/hooks", "config", "control", "host"),
        "": ("arbiter", "config", "control", "host"),
    },
}
# Single files of a room that others may include in addition.
SINGLE = {
    ("workers/replay", "workers/station.hpp"),  # the wiring that a worker has, too
    ("server/arbiter/table", "server/host/exit_report.hpp"),  # a plain value: the table forks nothing and maps no memory
}
FORBIDDEN = {
    "server/arbiter/table": re.compile(r"workers/(?:worker|contract/(?:scoreboard|load_table))\.hpp"),
}
# The server never sees a connection. It starts workers, watches them, and replays requests.
SERVER_SEES_OF_WORKERS = re.compile(r"contract/[a-z_]+\.hpp|worker\.hpp|replay/replay\.hpp")

# Where an include is allowed: (include, files that may have it).
ONE_PLACE = (
    (r"boost/(?!version\.hpp|json/)", r"workers/replay/replay_client\.cpp"),
    (r"boost/json/", r"server/control/"),
    (r"llhttp\.h", r"workers/http/field_block\.cpp"),
    (r"yaml-cpp/", r"server/config/yaml_reader\.cpp"),
    (r"CLI/", r"server/cli\.cpp"),
    # The test host is not part of the server: it loads an app into its author's own test.
    (r"dlfcn\.h", r"app_api/(?:app_library|loaded_object|static_tls|python/(?:interpreter|trace))\.cpp|app_api/include/alicorn/testing/library\.hpp"),
    (r"spdlog/(?!version\.h)", r"base/log(_sink\.hpp|\.cpp)"),
    (r"tl/", r"base/result\.hpp"),
    (r"demangle\.h$", r"app_api/demangle\.cpp"),
    (r"(?:Python|structmember)\.h$", r"app_api/python/"),
)
# A client of the JWT service could choose names that make a hash table degrade to a list. So tables are made within limits, in
# one place.
JWT_TABLES = (
    (r"boost/json(?!/(?:array|error|object|serialize|string|value)\.hpp)", r"examples/jwt_auth/jose/(?:boost_)?json\.cpp"),
    (r"unordered_(?:map|set)$", r"none"),
)
BRIDGE = "app_api/python/"
FORK = re.compile(r"(?:std::|(?<![\w.>:])(?:::)?)\b(?:v?fork|posix_spawnp?|system|popen)\s*\(")
FORK_PLACE = re.compile(r"server/host/process\.cpp")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)', re.M)


def room_of(name: str) -> str:
    """"server/arbiter/table" of "server/arbiter/table/scaling.cpp": the folder without the file."""
    return name.rpartition("/")[0]


def judge_rooms(name: str, target: str):
    """Why a file of one room may not include one of another room of the same layer, or None."""
    here, there = room_of(name), room_of(target)
    layer = here.split("/")[0]
    rooms = ROOMS.get(layer)
    if rooms is None or here == there or (here, target) in SINGLE:
        return None
    inside = here.removeprefix(layer).lstrip("/")
    if inside not in rooms:
        return f"{here}/ is no room that tests/lint/include_rules.py knows"
    if there.removeprefix(layer).lstrip("/") in rooms[inside]:
        return None
    allowed = ", ".join(rooms[inside]) or "no other room"
    return f"crosses an arrow between rooms: {here}/ sees {allowed}"


def judge_ours(name: str, target: str):
    """Why the file `name` may not include our file `target`, or None."""
    if name.startswith(("examples/", "app_api/include/")):
        # An example is a project of its own, so its paths start at its own folder.
        sibling = name.startswith("examples/") and ".." not in target and target.split("/")[0] not in tree.LAYERS
        return None if sibling or target.startswith("alicorn/") else "sees alicorn/ alone"
    if name.startswith(BRIDGE) or target.startswith(BRIDGE):
        is_own = name.startswith(BRIDGE) and target.startswith((BRIDGE, "alicorn/"))
        return None if is_own else "the bridge to Python is an application: it sees alicorn/ alone, and nobody sees the bridge"
    if target.startswith("alicorn/"):
        return None if not name.startswith("base/") else "base/ is the leaf: it knows no application"
    layer = name.split("/")[0]
    wanted, _, rest = target.partition("/")
    if wanted not in tree.LAYERS or ".." in target:
        return "is not rooted at the top of the repository"
    if tree.LAYERS.index(wanted) > tree.LAYERS.index(layer):
        return f"crosses an arrow: {layer} may not know {wanted}"
    if layer == "server" and wanted == "workers" and not SERVER_SEES_OF_WORKERS.fullmatch(rest):
        return "server sees of workers only contract/, worker.hpp and replay/replay.hpp"
    if (forbidden := FORBIDDEN.get(room_of(name))) and forbidden.fullmatch(target):
        return f"{room_of(name)}/ decides and does nothing itself: no header that forks or maps memory"
    return judge_rooms(name, target) if wanted == layer else None


def check(root: Path):
    for path in tree.files(root, *tree.LAYERS, "examples", suffixes=tree.CODE):
        name = path.relative_to(root).as_posix()
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            where = f"{name}:{tree.line_of(text, match.start())}: {match[0].strip()}"
            quoted, angled = match[1], match[2]
            if quoted is not None and (why := judge_ours(name, quoted)):
                yield f"{where}: {why}"
            if name.startswith("examples/") and not name.startswith("examples/jwt_auth/"):
                continue  # an application may use any library
            for dependency, place in JWT_TABLES if name.startswith("examples/") else ONE_PLACE:
                if re.match(dependency, quoted or angled) and not re.match(place, name):
                    yield f"{where}: only in {place}".replace("\\", "")
        if not name.startswith("examples/") and not FORK_PLACE.fullmatch(name):
            code = tree.code_alone(text)
            for match in FORK.finditer(code):
                yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}): processes start in server/host/process.cpp alone"


FIXTURES = (
    (0, {"base/a.hpp": "#include <string>\n", "workers/replay/replay_client.cpp": '#include "base/a.hpp"\n#include <boost/asio.hpp>\n'}),
    (1, {"base/a.hpp": '#include "workers/b.hpp"\n'}),
    (0, {"app_api/python/a.cpp": '#include "app_api/python/b.hpp"\n#include <alicorn/app.h>\n#include <Python.h>\n'}),
    (1, {"app_api/python/a.cpp": '#include "base/a.hpp"\n'}),
    (1, {"server/main.cpp": '#include "app_api/python/b.hpp"\n'}),
    (1, {"base/a.hpp": '#include "alicorn/app.h"\n'}),
    (1, {"workers/b.cpp": '#include "server/cli.hpp"\n'}),
    (1, {"workers/b.cpp": '#include "b.hpp"\n'}),
    (1, {"workers/b.cpp": '#include "../base/a.hpp"\n'}),
    (1, {"server/main.cpp": '#include "workers/connection/connection.hpp"\n'}),
    (1, {"server/main.cpp": '#include "workers/replay/replay_client.hpp"\n'}),
    (0, {"server/cli.cpp": '#include "workers/contract/sizes.hpp"\n#include <boost/version.hpp>\n'}),
    (1, {"workers/net/a.cpp": '#include "workers/connection/connection.hpp"\n'}),
    (1, {"workers/http/a.cpp": '#include "workers/loop/executor.hpp"\n'}),
    (1, {"workers/connection/a.cpp": '#include "workers/worker.hpp"\n'}),
    (0, {"workers/replay/a.cpp": '#include "workers/station.hpp"\n'}),
    (1, {"workers/connection/a.cpp": '#include "workers/station.hpp"\n'}),
    (1, {"workers/new_room/a.cpp": '#include "workers/contract/sizes.hpp"\n'}),
    (0, {"workers/app/a.cpp": '#include "workers/net/client_socket.hpp"\n#include "workers/app/b.hpp"\n'}),
    (1, {"server/host/a.cpp": '#include "server/config/config.hpp"\n'}),
    (1, {"server/arbiter/table/a.cpp": '#include "server/host/process.hpp"\n'}),
    (0, {"server/arbiter/table/a.cpp": '#include "server/host/exit_report.hpp"\n'}),
    (1, {"server/arbiter/table/a.cpp": '#include "workers/contract/scoreboard.hpp"\n'}),
    (0, {"server/main.cpp": '#include "workers/worker.hpp"\n#include "alicorn/app.h"\n'}),
    (1, {"app_api/include/alicorn/app.hpp": '#include "base/result.hpp"\n'}),
    (0, {"app_api/include/alicorn/app.hpp": '#include "alicorn/app.h"\n'}),
    (0, {"examples/x/x.cpp": '#include "alicorn/app.hpp"\n#include "sibling.hpp"\n'}),
    (0, {"examples/x/x.cpp": '#include "web/view.hpp"\n'}),
    (1, {"examples/x/x.cpp": '#include "base/result.hpp"\n#include <boost/json.hpp>\n'}),
    (1, {"examples/jwt_auth/web/x.cpp": "#include <boost/json/parse.hpp>\n#include <boost/json/value.hpp>\n"}),
    (1, {"examples/jwt_auth/web/x.cpp": "#include <boost/json.hpp>\n"}),
    (1, {"examples/jwt_auth/tokens/x.hpp": "#include <unordered_map>\n#include <map>\n"}),
    (0, {"examples/jwt_auth/jose/json.cpp": "#include <boost/json/basic_parser_impl.hpp>\n"}),
    (0, {"examples/other/x.cpp": "#include <boost/json.hpp>\n"}),
    (1, {"server/config/validate.cpp": "#include <yaml-cpp/yaml.h>\n"}),
    (0, {"server/config/yaml_reader.cpp": "#include <yaml-cpp/yaml.h>\n"}),
    (1, {"workers/app/app_call.hpp": "#include <llhttp.h>\n"}),
    (1, {"workers/net/acceptor.cpp": "#  include <llhttp.h>\n"}),
    (1, {"workers/http/parser.cpp": "#include <llhttp.h>\n"}),
    (1, {"workers/http/field_block.hpp": "#include <llhttp.h>\n"}),
    (0, {"workers/http/field_block.cpp": "#include <llhttp.h>\n"}),
    (1, {"server/arbiter/arbiter.cpp": "void f() { if (::fork() == 0) {} }\n"}),
    (0, {"server/arbiter/arbiter.cpp": '// fork() is elsewhere\nauto s = "fork()"; auto p = process.fork();\n'}),
    (1, {"base/log.cpp": 'void f() { std::system("x"); }\n'}),
    (0, {"server/arbiter/arbiter.cpp": "void f() { Process::fork(); }\n"}),
    (0, {"server/host/process.cpp": "void f() { if (::fork() == 0) {} }\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
