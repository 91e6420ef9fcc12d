#!/usr/bin/env python3
"""Includes run one way (base <- app_api <- workers <- server), and each dependency has one place."""

import re
from pathlib import Path

import tree

# The server never sees a connection: it starts workers, watches them, and checks what it will tell them.
SERVER_SEES_OF_WORKERS = {
    "worker.hpp", "settings.hpp", "scoreboard.hpp", "load_table.hpp", "exit_code.hpp", "lifeline.hpp",
    "access_log.hpp", "forwarded.hpp",  # their settings are checked before anything is started
    "replay.hpp", "request_file.hpp",
}
VERSION_TEXT = ("server/cli.cpp", "workers/http_parser.hpp")  # --version names llhttp's

# What may be included where: (include, files that may).
ONE_PLACE = (
    (r"boost/(?!version\.hpp|json/)", r"workers/"),
    (r"boost/json/", r"server/control/"),
    (r"llhttp\.h", r"workers/http_parser[^/]*\.cpp|workers/http_parser_machine\.hpp"),
    (r"yaml-cpp/", r"server/config/yaml_reader\.cpp"),
    (r"CLI/", r"server/cli\.cpp"),
    # The test host is not the server's: it loads an app into its author's own test.
    (r"dlfcn\.h", r"app_api/(?:app_library|loaded_object|static_tls)\.cpp|app_api/include/alicorn/testing/library\.hpp"),
    (r"spdlog/(?!version\.h)", r"base/log(_sink\.hpp|\.cpp)"),
    (r"tl/", r"base/result\.hpp"),
    (r"demangle\.h$", r"app_api/demangle\.cpp"),
)
# A client of the JWT service chooses names so that a table of them degrades to a list: tables are made within limits, in one place.
JWT_TABLES = (
    (r"boost/json(?!/(?:array|error|object|serialize|string|value)\.hpp)", r"examples/jwt_auth/jose/(?:boost_)?json\.cpp"),
    (r"unordered_(?:map|set)$", r"none"),
)
FORK = re.compile(r"(?:std::|(?<![\w.>:])(?:::)?)\b(?:v?fork|posix_spawnp?|system|popen)\s*\(")
FORK_PLACE = re.compile(r"server/arbiter/process\.cpp")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)', re.M)


def judge_ours(name: str, target: str):
    """Why the file `name` may not include our file `target`, or None."""
    if name.startswith(("examples/", "app_api/include/")):
        # An example is a project of its own: its paths start at its own folder.
        sibling = name.startswith("examples/") and ".." not in target and target.split("/")[0] not in tree.LAYERS
        return None if sibling or target.startswith("alicorn/") else "sees alicorn/ alone"
    if target.startswith("alicorn/"):
        return None if not name.startswith("base/") else "base/ is the leaf: it knows no application"
    layer = name.split("/")[0]
    wanted, _, rest = target.partition("/")
    if wanted not in tree.LAYERS or ".." in target:
        return "is not rooted at the top of the repository"
    if tree.LAYERS.index(wanted) > tree.LAYERS.index(layer):
        return f"crosses an arrow: {layer} may not know {wanted}"
    if layer == "server" and wanted == "workers" and rest not in SERVER_SEES_OF_WORKERS and \
            (name, target) != VERSION_TEXT:
        return "server sees of workers only " + ", ".join(sorted(SERVER_SEES_OF_WORKERS))
    return None


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
                continue  # an application brings what it likes
            for dependency, place in JWT_TABLES if name.startswith("examples/") else ONE_PLACE:
                if re.match(dependency, quoted or angled) and not re.match(place, name):
                    yield f"{where}: only in {place}".replace("\\", "")
        if not name.startswith("examples/") and not FORK_PLACE.fullmatch(name):
            code = tree.code_alone(text)
            for match in FORK.finditer(code):
                yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}): processes start in server/arbiter/process.cpp alone"


FIXTURES = (
    (0, {"base/a.hpp": "#include <string>\n", "workers/b.cpp": '#include "base/a.hpp"\n#include <boost/asio.hpp>\n'}),
    (1, {"base/a.hpp": '#include "workers/b.hpp"\n'}),
    (1, {"base/a.hpp": '#include "alicorn/app.h"\n'}),
    (1, {"workers/b.cpp": '#include "server/cli.hpp"\n'}),
    (1, {"workers/b.cpp": '#include "b.hpp"\n'}),
    (1, {"workers/b.cpp": '#include "../base/a.hpp"\n'}),
    (1, {"server/main.cpp": '#include "workers/connection.hpp"\n'}),
    (1, {"server/main.cpp": '#include "workers/http_parser.hpp"\n'}),
    (0, {"server/cli.cpp": '#include "workers/http_parser.hpp"\n#include <boost/version.hpp>\n'}),
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
    (1, {"workers/http_parser.hpp": "#include <llhttp.h>\n"}),
    (1, {"workers/connection.cpp": "#  include <llhttp.h>\n"}),
    (1, {"server/arbiter/arbiter.cpp": "void f() { if (::fork() == 0) {} }\n"}),
    (0, {"server/arbiter/arbiter.cpp": '// fork() is elsewhere\nauto s = "fork()"; auto p = process.fork();\n'}),
    (1, {"base/log.cpp": 'void f() { std::system("x"); }\n'}),
    (0, {"server/arbiter/arbiter.cpp": "void f() { Process::fork(); }\n"}),
    (0, {"server/arbiter/process.cpp": "void f() { if (::fork() == 0) {} }\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
