"""Kind `registry`: a container's registry of images: whether it answers, to whom, and who trusts it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Certificate, Json, NoAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost
from dckgrade.probes.image_registry.answering import Auth, RegistryAnswer, Scheme, ask_registry
from dckgrade.probes.image_registry.log_clues import LogClue, find_log_clue
from dckgrade.probes.image_registry.references import is_insecure, list_named_images, split_registry
from dckgrade.probes.image_registry.settings import (
    describe_hashes,
    read_registry_settings,
    read_small_file,
)
from dckgrade.probes.image_registry.trust import Trust, TrustedBy, Verdict, read_certificate, verify_trust
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import FoundContainer, uptime_s
from dckgrade.probes.support.reachability import is_loopback_host, is_running
from dckgrade.probes.support.service import ServiceProblem, ServiceReply
from dckgrade.probes.support.service_settings import list_published_ports
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

FileName = Annotated[str, Meta(pattern=r"^(?!/)(?!.*\.\.)[^\x00-\x1f]+$", max_length=200)]
"""A file of the working folder."""
Accounts = Literal["bcrypt", "other-hash", "empty", "made-by-registry", "unread"]
MAX_SHOWN_NAMES = 10


class Facts(Struct, frozen=True, kw_only=True):
    """What answers, how it is protected, and why it does not answer."""

    container: str
    answers: bool
    """Whether anything answers over HTTP or HTTPS."""
    problem: ServiceProblem | None
    """Why there is no answer; not-running: the container is not up. Null where there is one."""
    via: ReachedVia | None
    at_published_port: bool
    """Whether it answers where others can reach it: at a port of the machine."""
    published_ports: list[int]
    """The ports of the machine that lead to the container."""
    is_registry: bool
    """Whether it says itself that it is a registry."""
    status_code: int | None
    scheme: Scheme | None
    """http: in clear."""
    auth: Auth | None
    """What it wants of who comes without an account; null where it does not let in and asks for nothing."""
    accounts: Accounts
    """The hashes in its file of accounts, of which it knows bcrypt alone; unread: it is not seen."""
    name: str | None
    """HOST:PORT, by which images call it; null where none does."""
    loopback: bool
    """Whether images call it by the machine's own loopback alone, where the engine checks no certificate."""
    insecure: bool
    """Whether the engine was told not to check it (`insecure-registries`), or never does: loopback."""
    certificate: Verdict | None
    """Verified for the name that images use; null where nothing tells whom the engine trusts."""
    certificate_names: list[str]
    """The names and addresses for which the certificate is."""
    common_name: str | None
    """What its field CN says, which is no name any more."""
    expires_in_days: float | None
    trusted_by: TrustedBy | None
    """engine: its folder `certs.d`; file: the authority in the working folder alone."""
    log_clue: LogClue | None
    """What its log says of its end, or of accounts that it made; no line of it is kept."""
    log_path: str | None
    """The path in the container of which the log complains."""
    unread_config: str | None
    """A mount with a configuration that this version does not read."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="name of the container"),
    "answers": Text(fr="réponse en HTTP ou HTTPS", en="answer over HTTP or HTTPS"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "via": Text(fr="voie d'accès au service", en="way to the service"),
    "at_published_port": Text(fr="réponse sur un port publié", en="answer at a published port"),
    "published_ports": Text(fr="ports publiés", en="published ports"),
    "is_registry": Text(fr="registre d'images", en="registry of images"),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "scheme": Text(fr="protocole", en="protocol"),
    "auth": Text(fr="authentification demandée", en="authentication asked for"),
    "accounts": Text(fr="fichier de comptes", en="file of accounts"),
    "name": Text(fr="nom donné par les images", en="name that images use"),
    "loopback": Text(fr="appelé par la boucle locale", en="called by the loopback"),
    "insecure": Text(fr="registre non vérifié par Docker", en="registry that Docker does not check"),
    "certificate": Text(fr="certificat", en="certificate"),
    "certificate_names": Text(fr="noms du certificat", en="names in the certificate"),
    "common_name": Text(fr="champ CN du certificat", en="field CN of the certificate"),
    "expires_in_days": Text(fr="jours de validité restants", en="days of validity left"),
    "trusted_by": Text(fr="autorité connue de", en="authority known to"),
    "log_clue": Text(fr="indice des logs", en="clue in the log"),
    "log_path": Text(fr="chemin cité par les logs", en="path that the log names"),
    "unread_config": Text(fr="configuration non lue", en="configuration that is not read"),
}


class Registry(ContainerProbe, frozen=True, kw_only=True, tag="registry"):
    """
    Ask the registry in *container* who it is, and verify its certificate for the name that images use.

    It is asked at the container's own addresses and ports only, without any account. Whom the engine trusts
    is read where the engine is on this machine; elsewhere *ca*, a file of the working folder, stands for it.
    """

    ca: FileName | None = None

    image: ClassVar[str | None] = "registry"
    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de ce nom ni de cette image n'a été trouvé",
        en="no container of that name or image was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    example: ClassVar[Mapping[str, Any]] = {"container": "registry", "ca": "ca.crt"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Find the name that images use, ask, verify, and look for what explains it."""
        name = next((image.reference.registry for image in list_named_images(engine, inspected)), None)
        reply = (
            ask_registry(engine, inspected, split_registry(name)[0] if name else None)
            if is_running(inspected)
            else ServiceReply(problem="not-running")
        )
        answer = reply.answer
        trust, certificate = self.verify(engine, answer, name)
        log = engine.read_log_tail(subject.id, tty=bool((inspected.get("Config") or {}).get("Tty")))
        log_clue, log_path = find_log_clue(log)
        settings = read_registry_settings(engine, inspected)
        is_loopback = bool(name) and is_loopback_host(split_registry(name or "")[0])
        expires = certificate.expires_at if certificate else None
        return Facts(
            container=subject.name,
            answers=answer is not None,
            problem=reply.problem,
            via=reply.via,
            at_published_port=bool(answer and answer.at_published_port),
            published_ports=sorted({port.on_machine for port in list_published_ports(inspected)}),
            is_registry=bool(answer and answer.is_registry),
            status_code=answer.http.status if answer else None,
            scheme=answer.scheme if answer else None,
            auth=answer.auth if answer else None,
            accounts=find_accounts(engine, subject.id, settings.accounts, log_clue),
            name=name,
            loopback=is_loopback,
            insecure=is_loopback or bool(name and is_insecure(name, engine.inspect_engine())),
            certificate=trust.certificate,
            certificate_names=list(certificate.names)[:MAX_SHOWN_NAMES] if certificate else [],
            common_name=certificate.common_name or None if certificate else None,
            expires_in_days=round((expires - engine.now()).total_seconds() / 86400, 1) if expires else None,
            trusted_by=trust.trusted_by,
            log_clue=log_clue,
            log_path=log_path,
            unread_config=settings.unread_config,
        )

    def verify(
        self, engine: Engine, answer: RegistryAnswer | None, name: str | None
    ) -> tuple[Trust, Certificate | None]:
        """Verify the certificate of an answer for *name*, and read it."""
        untold = Trust(certificate=None, trusted_by=None)
        if answer is None or answer.scheme == "http":
            return untold, None
        host = split_registry(name)[0] if name else None
        certificate = read_certificate(engine, answer.address, host, answer.certificate)
        if name is None or host is None:
            return untold, certificate
        try:
            trust = verify_trust(engine, answer.address, host, name, self.ca)
        except NoAnswer as failure:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"TLS: {failure.reason}") from failure
        if trust.certificate == "other-name" and certificate and not certificate.names:
            trust = Trust(certificate="no-name", trusted_by=trust.trusted_by)
        return trust, certificate

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return the container's age: a registry that starts is waited for."""
        return uptime_s(inspected, now)


def find_accounts(engine: Engine, container: str, path: str | None, clue: LogClue | None) -> Accounts:
    """Tell the kinds of hashes in the file of accounts; what it holds is neither kept nor shown."""
    if clue == "own-accounts":
        return "made-by-registry"
    if not path:
        return "unread"
    try:
        content = read_small_file(engine, container, path)
    except (NotThere, OutOfReach):
        return "unread"
    if content is None:
        return "unread"
    hashes = describe_hashes(content)
    return "bcrypt" if "bcrypt" in hashes else "other-hash" if hashes else "empty"
