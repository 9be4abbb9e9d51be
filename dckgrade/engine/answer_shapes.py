"""
The types of what is read from the engine's answers, after its API; fields that nobody reads are left out.

Null and missing mean the same. Only what identifies an object is required: with a listed container that has
no id or no list of names, nothing can be concluded about any container.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.decode import convert_data
from dckgrade.report.observation import UnobservableReason

T = TypeVar("T")
Texts = list[str]
IDENTIFIER = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.:-]*\Z")]
"""What an engine calls an object by, and can be asked for: an id that is none is never "no such object"."""
_NAME = Annotated[str, msgspec.Meta(min_length=1)]
_NAMES = Annotated[list[_NAME], msgspec.Meta(min_length=1)]


def define_shape(required: Mapping[str, Any] | None = None, **optional: Any) -> Any:
    """Return a type of objects with these keys: *required* ones, and others that may be null or missing."""
    needed = [(name, type_) for name, type_ in (required or {}).items()]
    nullable = [(name, type_ | None, None) for name, type_ in optional.items()]
    return msgspec.defstruct("Answer", [*needed, *nullable], kw_only=True)


def list_of(shape: Any) -> Any:
    """Return the type of lists of such objects."""
    return list[shape]


def map_of(shape: Any) -> Any:
    """Return the type of mappings from names to such objects, or to null."""
    return dict[str, shape | None]


def require_shape(answer: T, shape: Any) -> T:
    """Return *answer* if what is read of it has the types of *shape*; else raises `OutOfReach`."""
    try:
        convert_data(answer, shape)
    except msgspec.ValidationError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, str(error)) from None
    return answer


PORT_BINDINGS = map_of(list_of(define_shape(HostIp=str, HostPort=str)))
LOG_CONFIG = define_shape(Type=str, Config=dict[str, str])
STATE = define_shape(
    Status=str,
    Running=bool,
    Paused=bool,
    Restarting=bool,
    OOMKilled=bool,
    Pid=int,
    ExitCode=int,
    Error=str,
    StartedAt=str,
    FinishedAt=str,
    Health=define_shape(Status=str, FailingStreak=int, Log=list_of(define_shape(ExitCode=int, Output=str))),
)
HOST_CONFIG = define_shape(
    CapAdd=Texts,
    CapDrop=Texts,
    CpuPeriod=int,
    CpuQuota=int,
    CpusetCpus=str,
    CpuShares=int,
    Devices=list_of(define_shape(PathOnHost=str)),
    ExtraHosts=Texts,
    Init=bool,
    IpcMode=str,
    Links=Texts,
    LogConfig=LOG_CONFIG,
    Memory=int,
    Mounts=list_of(
        define_shape(Type=str, Target=str, ReadOnly=bool, TmpfsOptions=define_shape(SizeBytes=int))
    ),
    NanoCpus=int,
    NetworkMode=str,
    PidMode=str,
    PidsLimit=int,
    PortBindings=PORT_BINDINGS,
    Privileged=bool,
    PublishAllPorts=bool,
    RestartPolicy=define_shape(Name=str, MaximumRetryCount=int),
    SecurityOpt=Texts,
    Tmpfs=dict[str, str],
    UsernsMode=str,
    UTSMode=str,
    VolumesFrom=Texts,
)
ENDPOINT = define_shape(Aliases=Texts, DNSNames=Texts, Gateway=str, GlobalIPv6Address=str, IPAddress=str)

LISTED_CONTAINERS = list_of(
    define_shape(
        {"Id": IDENTIFIER, "Names": _NAMES},
        Image=str,
        Command=str,
        State=str,
        Status=str,
        Created=int | float,
        Labels=dict[str, str],
        HostConfig=define_shape(NetworkMode=str),
        NetworkSettings=define_shape(Networks=map_of(ENDPOINT)),
    )
)
CONTAINER = define_shape(
    {"Id": IDENTIFIER},
    Name=str,
    Image=str,
    Created=str,
    RestartCount=int,
    AppArmorProfile=str,
    State=STATE,
    Path=str,
    Args=Texts,
    Config=define_shape(
        Image=str,
        Entrypoint=Texts,
        Cmd=Texts,
        Env=Texts,
        ExposedPorts=dict[str, Any],
        Healthcheck=define_shape(Test=Texts, Interval=int, Timeout=int),
        Labels=dict[str, str],
        Tty=bool,
        User=str,
        WorkingDir=str,
    ),
    HostConfig=HOST_CONFIG,
    NetworkSettings=define_shape(Networks=map_of(ENDPOINT), Ports=PORT_BINDINGS),
    Mounts=list_of(define_shape(Type=str, Name=str, Source=str, Destination=str, RW=bool)),
)
CREATED = define_shape({"Id": IDENTIFIER})
"""A container, or a command in one."""
EXEC = define_shape(Running=bool, ExitCode=int)
LISTED_IMAGES = list_of(
    define_shape({"Id": IDENTIFIER}, RepoTags=Texts, RepoDigests=Texts, Labels=dict[str, str], Size=int)
)
IMAGE = define_shape(
    {"Id": IDENTIFIER},
    RepoTags=Texts,
    RepoDigests=Texts,
    Created=str,
    Size=int,
    Metadata=define_shape(LastTagTime=str),
    Config=define_shape(
        Cmd=Texts,
        Entrypoint=Texts,
        Env=Texts,
        Healthcheck=define_shape(Test=Texts, Interval=int, Timeout=int),
        StopSignal=str,
        User=str,
        WorkingDir=str,
    ),
    RootFS=define_shape(Layers=Texts),
)
HISTORY = list_of(define_shape(CreatedBy=str, Comment=str, Size=int))
PATH_STAT = define_shape(
    {"name": str, "size": int, "mode": int, "mtime": str},
    linkTarget=str,
)
VOLUME = define_shape(
    Driver=str, CreatedAt=str, Labels=dict[str, str], Mountpoint=str, Options=dict[str, str]
)
VOLUMES = define_shape(
    Volumes=list_of(define_shape({"Name": _NAME}, Driver=str, Mountpoint=str, Labels=dict[str, str]))
)
_NETWORK_FIELDS: Mapping[str, Any] = {
    "Created": str,
    "Driver": str,
    "Scope": str,
    "Internal": bool,
    "Attachable": bool,
    "Ingress": bool,
    "Labels": dict[str, str],
    "Options": dict[str, str],
    "IPAM": define_shape(Config=list_of(define_shape(Subnet=str, Gateway=str))),
}
LISTED_NETWORKS = list_of(define_shape({"Id": IDENTIFIER, "Name": _NAME}, **_NETWORK_FIELDS))
NETWORK = define_shape(
    {"Id": IDENTIFIER, "Name": _NAME}, Containers=map_of(define_shape(Name=str)), **_NETWORK_FIELDS
)
EVENT = define_shape(
    Type=str, Action=str, Actor=define_shape(ID=str, Attributes=dict[str, str]), timeNano=int
)
INFO = define_shape(
    Architecture=str,
    CgroupDriver=str,
    CgroupVersion=str,
    CpuCfsQuota=bool,
    DockerRootDir=str,
    Driver=str,
    DriverStatus=list[Texts],
    KernelVersion=str,
    LiveRestoreEnabled=bool,
    LoggingDriver=str,
    MemoryLimit=bool,
    MemTotal=int,
    Name=str,
    OperatingSystem=str,
    PidsLimit=bool,
    Plugins=define_shape(Log=Texts),
    RegistryConfig=define_shape(InsecureRegistryCIDRs=Texts, IndexConfigs=map_of(define_shape(Secure=bool))),
    SecurityOptions=Texts,
    Swarm=define_shape(
        NodeID=str,
        NodeAddr=str,
        LocalNodeState=str,
        ControlAvailable=bool,
        Error=str,
        RemoteManagers=list_of(define_shape(Addr=str)),
    ),
    Warnings=Texts,
)
NODES = list_of(
    define_shape(
        ID=str,
        CreatedAt=str,
        UpdatedAt=str,
        Spec=define_shape(Role=str, Availability=str),
        Description=define_shape(Hostname=str, Engine=define_shape(EngineVersion=str)),
        Status=define_shape(State=str, Addr=str),
        ManagerStatus=define_shape(Leader=bool, Reachability=str),
    )
)
_FILE_REFERENCES = list_of(define_shape(File=define_shape(Name=str)))
_CONTAINER_SPEC = define_shape(Image=str, Env=Texts, Secrets=_FILE_REFERENCES, Configs=_FILE_REFERENCES)
_SERVICE_FIELDS: Mapping[str, Any] = {
    "Labels": dict[str, str],
    "Mode": map_of(define_shape(Replicas=int)),
    "UpdateConfig": define_shape(Parallelism=int, Delay=int, FailureAction=str, Order=str),
    "TaskTemplate": define_shape(
        ContainerSpec=_CONTAINER_SPEC,
        Resources=define_shape(
            Limits=define_shape(MemoryBytes=int, NanoCPUs=int), Reservations=define_shape(MemoryBytes=int)
        ),
        Placement=define_shape(Constraints=Texts),
        Networks=list_of(define_shape(Target=str)),
    ),
}
SERVICES = list_of(
    define_shape(
        {"ID": IDENTIFIER, "Spec": define_shape({"Name": _NAME}, **_SERVICE_FIELDS)},
        CreatedAt=str,
        UpdatedAt=str,
        PreviousSpec=define_shape(**_SERVICE_FIELDS),
        Endpoint=define_shape(
            Ports=list_of(define_shape(Protocol=str, TargetPort=int, PublishedPort=int, PublishMode=str))
        ),
        UpdateStatus=define_shape(State=str, StartedAt=str, Message=str),
        ServiceStatus=define_shape(DesiredTasks=int),
    )
)
TASKS = list_of(
    define_shape(
        {"ID": IDENTIFIER},
        CreatedAt=str,
        Slot=int,
        NodeID=str,
        DesiredState=str,
        Spec=define_shape(ContainerSpec=define_shape(Image=str)),
        Status=define_shape(
            Timestamp=str,
            State=str,
            Err=str,
            ContainerStatus=define_shape(ContainerID=str, ExitCode=int),
        ),
    )
)
STATS = define_shape(
    read=str,
    memory_stats=define_shape(usage=int, limit=int, stats=dict[str, Any]),
    cpu_stats=define_shape(cpu_usage=define_shape(total_usage=int)),
    pids_stats=define_shape(current=int, limit=int),
)
TOP = define_shape(Processes=list[Texts])
