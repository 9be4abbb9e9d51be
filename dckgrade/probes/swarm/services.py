"""Find a service of the swarm, read its specification, and list its tasks."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import is_near_miss
from dckgrade.report.text import Text

ServiceName = Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", max_length=63)]
ServiceFoundBy = Literal["name", "stack", "near-miss"]
"""Exact name; the name within a stack, without the stack's before it; a name that is nearly the same."""

NO_SUCH_SERVICE = Text(
    fr="aucun service nommé {asked} n'a été trouvé dans le swarm",
    en="no service named {asked} was found in the swarm",
)
STACK_LABEL = "com.docker.stack.namespace"
NO_MANAGER_WORDS = "not a swarm manager"
"""What moby answers with 503, word for word, in no swarm and on a worker (20.10 to 28, measured)."""
SECRETS_FOLDER = "/run/secrets"
"""Where a secret is mounted whose target is no absolute path."""


class FoundService(Struct, frozen=True):
    """The service that a probe looks at, and how many further ones fitted equally."""

    listed: Json
    found_by: ServiceFoundBy
    others: int

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.listed["ID"])

    @property
    def name(self) -> str:
        """Its whole name, with the stack's before it."""
        return str(self.listed["Spec"]["Name"])


def find_service(engine: Engine, name: str) -> FoundService:
    """Find the service called *name*, the newest of several; raises `NotThere`, in no swarm too."""
    listed = sorted(
        list_services(engine), key=lambda service: str(service.get("CreatedAt") or ""), reverse=True
    )
    matches: tuple[tuple[ServiceFoundBy, list[Json]], ...] = (
        ("name", [service for service in listed if service["Spec"]["Name"] == name]),
        ("stack", [service for service in listed if get_name_in_stack(service) == name]),
        ("near-miss", [service for service in listed if is_near_miss(name, get_name_in_stack(service))]),
    )
    for found_by, fitting in matches:
        if fitting:
            return FoundService(fitting[0], found_by, len(fitting) - 1)
    raise NotThere(name)


def list_services(engine: Engine) -> Sequence[Json]:
    """List the services; an engine that is in no swarm has none. `OutOfReach` on a worker."""
    try:
        return engine.list_services()
    except OutOfReach as refusal:
        state = (engine.inspect_engine().get("Swarm") or {}).get("LocalNodeState")
        if NO_MANAGER_WORDS in refusal.detail and state in {"inactive", ""}:
            return []
        raise


def get_name_in_stack(service: Json) -> str:
    """Return its name without the stack's before it: of `lab_web`, `web`."""
    name, stack = str(service["Spec"]["Name"]), get_stack(service)
    return name.removeprefix(f"{stack}_") if stack else name


def get_stack(service: Json) -> str | None:
    """Return the stack that it was deployed with; None without one."""
    return (service["Spec"].get("Labels") or {}).get(STACK_LABEL) or None


def get_task_template(spec: Json | None) -> Json:
    """Return of a service's specification what its tasks are made by."""
    return (spec or {}).get("TaskTemplate") or {}


def get_container_spec(spec: Json | None) -> Json:
    """Return of a service's or a task's specification what its containers are made by."""
    template = get_task_template(spec) or (spec or {})
    return template.get("ContainerSpec") or {}


def get_image(spec: Json | None) -> str | None:
    """Return the image as it was asked for, without the digest that a registry gave; None without one."""
    return str(get_container_spec(spec).get("Image") or "").partition("@")[0] or None


def list_secret_paths(service: Json) -> list[str]:
    """List where the service's secrets are to be mounted."""
    entries = get_container_spec(service["Spec"]).get("Secrets") or []
    names = (str((entry.get("File") or {}).get("Name") or "") for entry in entries)
    return sorted(name if name.startswith("/") else f"{SECRETS_FOLDER}/{name}" for name in names if name)


def list_environment_names(service: Json) -> list[str]:
    """List the names of the variables that the service sets; their values may be secret."""
    entries = get_container_spec(service["Spec"]).get("Env") or []
    return sorted({str(entry).partition("=")[0] for entry in entries})


def list_published_ports(service: Json) -> list[dict[str, Any]]:
    """List the ports that the swarm publishes over TCP: port on the machines, port in the task, mode."""
    ports = (service.get("Endpoint") or {}).get("Ports") or []
    return [
        {
            "port": port.get("PublishedPort") or 0,
            "target": port.get("TargetPort") or 0,
            "mode": port.get("PublishMode") or "ingress",
        }
        for port in ports
        if (port.get("Protocol") or "tcp") == "tcp"
    ]


def get_task_state(task: Json) -> str:
    """Return the state that its node told last, such as running, preparing, rejected."""
    return str((task.get("Status") or {}).get("State") or "")


def is_wanted(task: Json) -> bool:
    """Return whether the swarm still wants it to run, or will."""
    return task.get("DesiredState") in {"running", "ready", "accepted"}


def is_running_task(task: Json) -> bool:
    """Return whether it runs, and is not about to be stopped."""
    return task.get("DesiredState") == "running" and get_task_state(task) == "running"


def get_container_id(task: Json) -> str:
    """Return the id of its container; empty before there is one."""
    status = (task.get("Status") or {}).get("ContainerStatus") or {}
    return str(status.get("ContainerID") or "")
