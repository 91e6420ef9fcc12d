#!/usr/bin/env python3
"""Hardening does not depend on the build type's name: a program as in this tree, a C++ app and a C app are built with
several names and flags, with warnings as errors, and their ELF files must show every promised protection."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CMAKE_FOLDER = Path(__file__).resolve().parents[2] / "cmake"

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(outside LANGUAGES C CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
list(APPEND CMAKE_MODULE_PATH "{cmake_folder}")
add_compile_options(-Wall -Wextra -Wpedantic -Wundef -Werror)
add_library(alicorn_app INTERFACE)
add_library(alicorn::app ALIAS alicorn_app)
include(alicorn_harden)
include(alicorn_add_app)
alicorn_add_app(app HARDENED app.cpp)
alicorn_add_app(plain plain.c)
include(hardening)
add_executable(program program.cpp)
alicorn_add_app(c_app c_app.c)
"""

C_CODE = """
#include <string.h>
void take(char*);
__attribute__((visibility("default"))) void {name}(const char* from, size_t size, size_t room);
void {name}(const char* from, size_t size, size_t room) {{
  char bytes[64];
  memcpy(bytes, from, size);
  memset(bytes, 0, room);
  take(bytes);
}}
"""

CPP_CODE = """
#include <cstring>
#include <vector>
extern "C" __attribute__((visibility("default"))) int at(const std::vector<int>& numbers, unsigned index) {
  return numbers[index];
}
extern "C" __attribute__((visibility("default"))) void copy(void (*take)(char*), const char* from, std::size_t size) {
  char bytes[64];
  std::memcpy(bytes, from, size);
  take(bytes);
}
"""

# (build type, flags): whether they optimise
BUILDS = {
    ("Anything", "-O2"): True,
    ("None", "-g -O1 -D_FORTIFY_SOURCE=2"): True,
    ("", "-Os"): True,
    ("MinSizeRel", ""): True,
    ("Debug", ""): False,
    ("", ""): False,
}


def readelf(path: Path) -> str:
    run = subprocess.run(["readelf", "-W", "-h", "-l", "-d", "--dyn-syms", path], check=True, capture_output=True)
    return run.stdout.decode()


def missing(path: Path, is_optimised: bool, is_cpp: bool):
    elf = readelf(path)
    wanted = {
        "full RELRO": r"GNU_RELRO" if re.search(r"BIND_NOW|FLAGS.*\bNOW\b", elf) else r"^\b$",
        "position independence": r"Type:\s+DYN",
        "a stack that cannot be executed": r"GNU_STACK\s.*RW\s",
        "the stack protector": r"__stack_chk_fail",
    }
    if is_optimised:
        wanted["FORTIFY"] = r"__memcpy_chk"
    if is_cpp:
        wanted["libstdc++'s assertions"] = r"__glibcxx_assert_fail"
    for what, pattern in wanted.items():
        if not re.search(pattern, elf, re.M):
            yield f"{path.name} lacks {what}"
    if not is_optimised and "_chk@" in elf.replace("__stack_chk", ""):
        yield f"{path.name} has FORTIFY without optimisation"


def build(folder: Path, build_type: str, flags: str, tools: list[str]):
    cmake, c_compiler, cpp_compiler = tools
    subprocess.run(
        [cmake, "-S", folder, "-B", folder / "build", f"-DCMAKE_BUILD_TYPE={build_type}",
         f"-DCMAKE_C_COMPILER={c_compiler}", f"-DCMAKE_CXX_COMPILER={cpp_compiler}",
         f"-DCMAKE_C_FLAGS={flags}", f"-DCMAKE_CXX_FLAGS={flags}"], check=True, capture_output=True, text=True)
    subprocess.run([cmake, "--build", folder / "build"], check=True, capture_output=True, text=True)
    return folder / "build"


def check(build_type: str, flags: str, is_optimised: bool, tools: list[str]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "CMakeLists.txt").write_text(PROJECT.format(cmake_folder=CMAKE_FOLDER))
        (folder / "app.cpp").write_text(CPP_CODE)
        (folder / "program.cpp").write_text(CPP_CODE + "int main() { return 0; }\n")
        for app in ("plain", "c_app"):
            (folder / f"{app}.c").write_text(C_CODE.format(name=app))
        try:
            built = build(folder, build_type, flags, tools)
        except subprocess.CalledProcessError as error:
            yield "it does not build:\n" + error.stdout + error.stderr
            return
        yield from missing(built / "app.so", is_optimised, True)
        yield from missing(built / "program", is_optimised, True)
        yield from missing(built / "c_app.so", is_optimised, False)
        if "__memcpy_chk" in readelf(built / "plain.so") and "FORTIFY" not in flags:
            yield "plain.so has FORTIFY without being asked"


def main() -> None:
    found = [f"build type '{build_type}', flags '{flags}': {line}"
             for (build_type, flags), is_optimised in BUILDS.items()
             for line in check(build_type, flags, is_optimised, sys.argv[1:])]
    print("\n".join(found) or f"{len(BUILDS)} builds are hardened")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
