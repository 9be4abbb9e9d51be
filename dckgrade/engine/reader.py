"""Read an engine's resources, on top of the one method `read`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from dckgrade.engine import answer_shapes, log_frames, resources
from dckgrade.engine.answer_shapes import require_shape
from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.probe_container_form import is_probe_container_entry
from dckgrade.engine.resources import Resource
from dckgrade.engine.responses import decode_json_object

T = TypeVar("T")


class ResourceReader(Protocol):
    """An engine whose resources can be read: a real one, a snapshot of it, or a fake."""

    def read(self, resource: Resource[T], *refs: str, **query: str) -> T:
        """Request *resource* with *refs* in its path; raises `NotThere` or `OutOfReach`."""
        ...

    def list_all_containers(self) -> Sequence[Json]:
        """List all containers, probe containers too."""
        return require_shape(self.read(resources.CONTAINERS), answer_shapes.LISTED_CONTAINERS)

    def list_containers(self) -> Sequence[Json]:
        """List all containers but probe containers: what this program made is not graded."""
        return [entry for entry in self.list_all_containers() if not is_probe_container_entry(entry)]

    def inspect_container(self, ref: str) -> Json:
        """Inspect one container."""
        return require_shape(self.read(resources.CONTAINER, ref), answer_shapes.CONTAINER)

    def inspect_image(self, ref: str) -> Json:
        """Inspect one image."""
        return require_shape(self.read(resources.IMAGE, ref), answer_shapes.IMAGE)

    def list_images(self) -> Sequence[Json]:
        """List all images."""
        return require_shape(self.read(resources.IMAGES), answer_shapes.LISTED_IMAGES)

    def list_dangling_images(self) -> Sequence[Json]:
        """List the images that have no name, and on which nothing is built."""
        return require_shape(self.read(resources.DANGLING_IMAGES), answer_shapes.LISTED_IMAGES)

    def read_history(self, ref: str) -> Sequence[Json]:
        """List the steps by which an image was made, the last first; build arguments stand there in clear."""
        return require_shape(self.read(resources.IMAGE_HISTORY, ref), answer_shapes.HISTORY)

    def read_archive(self, ref: str, path: str) -> bytes:
        """Read a file inside a container, running or not."""
        try:
            return self.read(resources.ARCHIVE, ref, path=path)[0]
        except OutOfReach as error:
            # Below a file there is nothing; the engine calls it an error of its own (HTTP 500).
            if error.detail.endswith("not a directory"):
                raise NotThere(path) from None
            raise

    def read_modified_at(self, ref: str, path: str) -> datetime:
        """Return when a file inside a container was last changed; the container may be stopped."""
        return self.read(resources.ARCHIVE, ref, path=path)[1]

    def read_path_stat(self, ref: str, path: str) -> Json:
        """
        Tell size, Go file mode, time of change and link target of what is at a path inside a container.

        A link is not followed. What is in the container's memory (tmpfs, /proc) is never there.
        """
        return require_shape(self.read(resources.PATH_STAT, ref, path=path), answer_shapes.PATH_STAT)

    def read_tree(self, ref: str, path: str) -> bytes:
        """Read what is at a path inside a container, with all below it, as a tar of 16 MiB at most."""
        return self.read(resources.TREE, ref, path=path)

    def inspect_engine(self) -> Json:
        """Describe the engine."""
        return require_shape(self.read(resources.INFO), answer_shapes.INFO)

    def list_nodes(self) -> Sequence[Json]:
        """List the nodes of the swarm."""
        return require_shape(self.read(resources.NODES), answer_shapes.NODES)

    def list_services(self) -> Sequence[Json]:
        """List the services of the swarm; their environment stands there in clear."""
        return require_shape(self.read(resources.SERVICES), answer_shapes.SERVICES)

    def list_service_tasks(self, ref: str) -> Sequence[Json]:
        """List the tasks of the service with this id, those that have ended too, as far as they are kept."""
        filters = f'{{"service":["{ref}"]}}'
        return require_shape(self.read(resources.TASKS, filters=filters), answer_shapes.TASKS)

    def inspect_volume(self, name: str) -> Json:
        """Inspect one volume."""
        return require_shape(self.read(resources.VOLUME, name), answer_shapes.VOLUME)

    def list_volumes(self) -> Sequence[Json]:
        """List all volumes."""
        listed = require_shape(self.read(resources.VOLUMES), answer_shapes.VOLUMES)
        return listed.get("Volumes") or []

    def list_networks(self) -> Sequence[Json]:
        """List all networks, Docker's own too; of their members nothing is said."""
        return require_shape(self.read(resources.NETWORKS), answer_shapes.LISTED_NETWORKS)

    def inspect_network(self, ref: str) -> Json:
        """Inspect the network with this id."""
        return require_shape(self.read(resources.NETWORK, ref), answer_shapes.NETWORK)

    def list_past_events(self, until: datetime) -> Sequence[Json]:
        """List what the engine remembers of its last 256 events, the oldest first."""
        body = self.read(resources.EVENTS, since="1", until=f"{until.timestamp():.6f}")
        return [
            require_shape(decode_json_object(line), answer_shapes.EVENT)
            for line in body.splitlines()
            if line.strip()
        ]

    def sample_stats(self, ref: str) -> Json:
        """Take one sample of a container's resources."""
        return require_shape(self.read(resources.STATS, ref), answer_shapes.STATS)

    def list_processes(self, ref: str, columns: str) -> Sequence[Sequence[str]]:
        """List a container's processes: the engine runs ps on its machine, nothing in the container."""
        listed = require_shape(self.read(resources.TOP, ref, ps_args=f"-eo {columns}"), answer_shapes.TOP)
        return [[str(part) for part in row] for row in listed.get("Processes") or []]

    def read_output(self, ref: str, *, tty: bool) -> bytes:
        """Return all that a container wrote to its standard output; b'' where the log driver keeps none."""
        try:
            raw = self.read(resources.OUTPUT, ref)
        except OutOfReach as error:
            if "does not support reading" in error.detail:
                return b""
            raise
        return raw if tty else log_frames.split_streams(raw)[0]

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        """Return the last lines of both streams; '' where the log driver keeps none."""
        return self._read_log(ref, {}, tty=tty)

    def read_log_since(self, ref: str, since: datetime, *, tty: bool) -> str:
        """Return those of the last lines that were written after *since*: asked anew for each such time."""
        return self._read_log(ref, {"since": f"{since.timestamp():.6f}"}, tty=tty)

    def _read_log(self, ref: str, query: Mapping[str, str], *, tty: bool) -> str:
        try:
            return log_frames.decode_log(self.read(resources.LOG, ref, **query), tty=tty)
        except OutOfReach as error:
            if "does not support reading" in error.detail:
                return ""
            raise
