"""The command as a user runs it: another process, its streams and its exit code."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NOWHERE = "unix:///nowhere/docker.sock"


def dckgrade(
    *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `dckgrade` away from the user's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "dckgrade", *arguments],
        env={**kept, "COLUMNS": "100", "DCKGRADE_NO_HISTORY": "1", **(environ or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
