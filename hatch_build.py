"""What the build adds to the wheel: checked labs (`dckgrade.lab.checked`), manual pages and completion."""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Description(MetadataHookInterface):
    """The README, in which `project.urls` alone decides where links lead."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description."""
        import_from(self.root)
        from dckgrade import __version__
        from distribution.description import make_description

        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = make_description(readme, metadata.get("urls", {}), __version__)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


class WheelContent(BuildHookInterface):  # type: ignore[type-arg]
    """Checks the labs, of which one with a fault stops the build; writes what others than Python read."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Have it all included; an editable checkout checks its labs when they are used."""
        self.made = Path(tempfile.mkdtemp())
        if version == "editable":
            return
        import_from(self.root)
        from dckgrade.lab.checked import write_built_in_labs
        from distribution.completion import make_completions
        from distribution.manual import make_manuals

        for path in write_built_in_labs(Path(self.root, "checks"), self.made):
            build_data["force_include"][str(path)] = f"dckgrade/checks/{path.name}"
        for contents in (make_manuals(), make_completions()):
            build_data["shared_data"] |= self.write(contents)

    def write(self, contents: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Write each content under its place; return file and place of each."""
        places = {}
        for place, content in contents:
            path = self.made / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            places[str(path)] = place
        return places

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what is in the wheel now."""
        shutil.rmtree(self.made)


def import_from(root: str) -> None:
    """Let the code of this tree be imported."""
    for folder in (root, str(Path(root, "fixtures"))):
        if folder not in sys.path:
            sys.path.insert(0, folder)
