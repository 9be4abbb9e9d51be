"""Starts dockerd in namespaces of its own; it keeps all its files in one folder and dies with us."""

import contextlib
import http.client
import socket
import subprocess
from concurrent.futures import Future
from pathlib import Path
from typing import Any

TOOL_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACE_OPTIONS = (
    *("--net", "--pid", "--fork", "--kill-child=KILL"),
    *("--mount", "--mount-proc", "--propagation", "private", "--uts"),
)
AUTHORITIES_FOLDER, HOSTS_FILE = "certs.d", "hosts"
"""What it has as `/etc/docker/certs.d`, beside its daemon.json as on any machine, and as `/etc/hosts`."""
CONTAINERD_STORE = {"TEST_INTEGRATION_USE_SNAPSHOTTER": "1"}
"""
The environment in which a dockerd keeps its images with containerd (moby, daemon.go).

A case's daemon.json is the trainee's, so the feature is not written there.
"""
# An empty /run keeps the machine's own containerd, shim sockets and xtables lock out of reach; a name server
# that refuses at once makes a pull fail in milliseconds instead of minutes. No option tells dockerd where the
# authorities of registries and the names of machines are: a case has its own.
_START_SCRIPT = """
resolver=$(realpath -m /etc/resolv.conf)
mount -t tmpfs -o mode=755 tmpfs /run
case $resolver in
/run/*) mkdir -p "${resolver%/*}"; cp "$1" "$resolver" ;;
*) test ! -e "$resolver" || mount --bind "$1" "$resolver" ;;
esac
mkdir -p /etc/docker/certs.d
mount --bind "$2" /etc/docker/certs.d
mount --bind "$3" /etc/hosts
# Where a containerd that is a service of its own listens, and what asks it by itself looks for it.
mkdir -p "$6" /run/containerd
mount --bind /run/containerd "$6"
test -z "$4" || hostname "$4"
test -z "$5" || mount --rbind "$5" /usr
shift 6
exec "$@"
"""


def build_dockerd_command(
    folder: Path, host: str, cgroup: str, hostname: str, programs: Path | None
) -> list[str]:
    """Return the command line of a dockerd whose files are in *folder*; *programs* stands in for /usr."""
    daemon = [
        *("dockerd", f"--config-file={folder}/daemon.json", f"--data-root={folder}/data"),
        *(f"--exec-root={folder}/exec", f"--pidfile={folder}/docker.pid", f"--cgroup-parent=/{cgroup}"),
        # The second socket lets a container mount /var/run/docker.sock and meet this engine.
        *("--exec-opt=native.cgroupdriver=cgroupfs", f"--host={host}", "--host=unix:///run/docker.sock"),
    ]
    inside = [
        "sh",
        "-ec",
        _START_SCRIPT,
        "sh",
        f"{folder}/resolv.conf",
        f"{folder}/{AUTHORITIES_FOLDER}",
        f"{folder}/{HOSTS_FILE}",
        hostname,
        str(programs or ""),
        f"{folder}/exec/containerd",
        *daemon,
    ]
    return ["setpriv", "--pdeathsig=KILL", "unshare", *NAMESPACE_OPTIONS, *inside]


def run_dockerd(
    words: list[str], folder: Path, launched: Future[int], *, containerd_store: bool = False
) -> None:
    """Run it until it ends; its process id is *launched*, what it prints is in `dockerd.log`."""
    # The death signal follows the thread that forked: this one lives as long as the engine.
    environment = {"PATH": TOOL_SEARCH_PATH, "TMPDIR": str(folder / "tmp"), "HOME": str(folder)}
    if containerd_store:
        environment |= CONTAINERD_STORE
    with (folder / "dockerd.log").open("wb") as log:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            launched.set_exception(error)
            return
    launched.set_result(process.pid)
    process.wait()


def send_engine_request(host: str, method: str, path: str, body: Any, within: float) -> tuple[int, bytes]:
    """Ask the engine at *host*; give the HTTP status and the whole answer."""
    connection = http.client.HTTPConnection("docker", timeout=within)
    connection.sock = socket.socket(socket.AF_UNIX)
    with contextlib.closing(connection):
        connection.sock.settimeout(within)
        connection.sock.connect(host.removeprefix("unix://"))
        connection.request(method, path, body, {"Content-Type": "application/x-tar"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
