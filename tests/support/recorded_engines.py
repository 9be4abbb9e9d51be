"""The answers of real engines in `tests/answers/engines`: one folder for each version and cgroup version."""

from pathlib import Path

ENGINE_FOLDERS = sorted(
    path for path in (Path(__file__).parents[1] / "answers" / "engines").iterdir() if path.is_dir()
)
