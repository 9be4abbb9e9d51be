"""What the build adds to the wheel: each lab as it was checked, beside its YAML (`dckgrade.lab.checked`)."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CheckedLabs(BuildHookInterface):  # type: ignore[type-arg]
    """Checks the labs; a lab with a fault stops the build."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check the labs and have them included; an editable checkout checks its labs when they are used."""
        self.made = Path(tempfile.mkdtemp())
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from dckgrade.lab.checked import write_built_in_labs

        for path in write_built_in_labs(Path(self.root, "checks"), self.made):
            build_data["force_include"][str(path)] = f"dckgrade/checks/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what is in the wheel now."""
        shutil.rmtree(self.made)
