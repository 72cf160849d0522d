"""An environment in which gradlab is installed as its users have it, and what runs there, away from the sources."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """folder: of the environment.  variables: of the system, without those that lead to the sources."""

    folder: Path
    variables: Mapping[str, str]

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in *cwd*."""
        program, *arguments = command
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=cwd,
            env={**self.variables, "PATH": f"{self.folder / 'bin'}:{self.variables.get('PATH', '')}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def python(self, program: str, cwd: Path) -> str:
        """Run *program* and return what it prints; raises AssertionError, with the traceback, where it fails."""
        done = self.run("python", "-c", program, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout
