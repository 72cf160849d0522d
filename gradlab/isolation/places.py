"""Which files the isolated process needs: the interpreter, the standard library, NumPy or torch, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from gradlab.errors import IsolationError

HERE = Path(__file__).parent

SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime")
"""Shared libraries and what they read."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

_LIST = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from inside import warming
warming.load(sys.argv[2], [])
files = {f for f in (getattr(m, "__file__", None) for m in list(sys.modules.values())) if f}
try:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as mapped:
        files |= {parts[5].strip() for parts in (line.split(None, 5) for line in mapped) if len(parts) == 6}
except OSError:
    pass
print(json.dumps(sorted(files)))
"""


@cache
def needed(library: str) -> tuple[str, ...]:
    """Return the files and folders outside the system's that a process with *library* reads.

    A process lists what it has loaded, modules and shared libraries (those of CUDA are packages of their own); of
    site-packages only those packages are taken, with the shared libraries that wheels put beside them.
    """
    command = [sys.executable, "-I", "-c", _LIST, json.dumps([str(HERE)]), library]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment())
    if listed.returncode:
        said = listed.stderr.strip().splitlines()
        raise IsolationError(
            f"{library} cannot be loaded by {sys.executable}: {said[-1] if said else listed.returncode}"
        )
    files = [Path(file) for file in json.loads(listed.stdout.splitlines()[-1])]
    sites = [Path(path) for path in site_packages()]
    found = {_package(file, site) for site in sites for file in files if file.is_relative_to(site)}
    found |= {path.with_name(path.name + ".libs") for path in found}
    found |= {HERE / "inside", HERE / "drivers"}
    return tuple(sorted(str(path) for path in {*found, *_interpreter()} if path.exists()))


def _package(file: Path, site: Path) -> Path:
    return site / file.relative_to(site).parts[0]


def _interpreter() -> set[Path]:
    """Return the interpreter's own files: the program, its library, and the standard library without packages."""
    program = Path(os.path.realpath(sys.executable))
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    shared = {
        Path(str(sysconfig.get_config_var("LIBDIR"))) / name
        for name in (sysconfig.get_config_var("LDLIBRARY"), sysconfig.get_config_var("INSTSONAME"))
        if name
    }
    own = {entry for entry in standard.iterdir() if entry.name not in ("site-packages", "dist-packages", "test")}
    return {program, *own, *(path for path in shared if path.is_file())}


def site_packages() -> list[str]:
    """Return the folders of installed packages, in the order in which they are looked through."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and Path(path).is_dir()]


def environment() -> dict[str, str]:
    """Return the environment of the isolated process: nothing of the grader's, and one thread for each library."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": "/", "TORCHINDUCTOR_CACHE_DIR": "/tmp"} | dict.fromkeys(
        threads, "1"
    )
