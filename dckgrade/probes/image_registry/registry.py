"""Kind `registry`: a container's registry of images: whether it answers, to whom, and who trusts it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Certificate, Json, NoAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost
from dckgrade.probes.image_registry.answering import Auth, RegistryAnswer, Scheme, ask_registry
from dckgrade.probes.image_registry.log_clues import LogClue, find_log_clue
from dckgrade.probes.image_registry.references import (
    NamedImage,
    calls_loopback,
    is_insecure,
    list_hosts_addresses,
    list_named_images,
    split_registry,
)
from dckgrade.probes.image_registry.settings import (
    describe_hashes,
    read_registry_settings,
    read_small_file,
)
from dckgrade.probes.image_registry.storage import find_stored_image
from dckgrade.probes.image_registry.trust import Trust, TrustedBy, Verdict, read_certificate, verify_trust
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import FoundContainer, uptime_s
from dckgrade.probes.support.reachability import is_running
from dckgrade.probes.support.service import ServiceProblem, ServiceReply
from dckgrade.probes.support.service_settings import list_published_ports
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

FileName = Annotated[str, Meta(pattern=r"^(?!/)(?!.*\.\.)[^\x00-\x1f]+$", max_length=200)]
"""A file of the working folder."""
Accounts = Literal["bcrypt", "other-hash", "empty", "made-by-registry", "unread"]
MAX_SHOWN_NAMES, MAX_TRIED = 10, 20


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
    """The hashes in its account file, of which it knows bcrypt alone; unread: it is not seen."""
    name: str | None
    """HOST:PORT, by which images call it; null where none does."""
    loopback: bool
    """Whether images call it by the machine's own loopback alone, or by a name that its hosts file sends
    there: the engine checks no certificate."""
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
    "container": Text(fr="nom du conteneur", en="container name"),
    "answers": Text(fr="réponse en HTTP ou HTTPS", en="answer over HTTP or HTTPS"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "via": Text(fr="voie d'accès au service", en="way to the service"),
    "at_published_port": Text(fr="réponse sur un port publié", en="answer at a published port"),
    "published_ports": Text(fr="ports publiés", en="published ports"),
    "is_registry": Text(fr="registre d'images", en="registry of images"),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "scheme": Text(fr="protocole", en="protocol"),
    "auth": Text(fr="authentification exigée", en="authentication required"),
    "accounts": Text(fr="fichier de comptes", en="account file"),
    "name": Text(fr="nom donné par les images", en="name that images use"),
    "loopback": Text(fr="appelé par la boucle locale", en="called by the loopback"),
    "insecure": Text(fr="registre non vérifié par Docker", en="registry that Docker does not check"),
    "certificate": Text(fr="certificat", en="certificate"),
    "certificate_names": Text(fr="noms du certificat", en="names in the certificate"),
    "common_name": Text(fr="champ CN du certificat", en="field CN of the certificate"),
    "expires_in_days": Text(fr="validité restante", en="validity left"),
    "trusted_by": Text(fr="autorité connue de", en="authority known to"),
    "log_clue": Text(fr="indice des logs", en="clue in the log"),
    "log_path": Text(fr="chemin cité par les logs", en="path that the log names"),
    "unread_config": Text(fr="configuration non lue", en="configuration that is not read"),
}


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "at_published_port": {
        False: Text(fr="rien ne répond sur un port publié", en="nothing answers at a published port"),
    },
    "is_registry": {
        False: Text(
            fr="ce qui répond n'est pas un registre d'images", en="what answers is not an image registry"
        ),
    },
    "loopback": {
        True: Text(
            fr="le registre est appelé par une adresse locale, que Docker ne vérifie pas",
            en="the registry is called by a local address, which Docker does not verify",
        ),
    },
    "insecure": {
        True: Text(fr="Docker ne vérifie pas ce registre", en="Docker does not verify this registry"),
    },
    "scheme": {
        "http": Text(fr="http, en clair", en="http, in clear"),
        "https": Text(fr="https", en="https"),
        None: Text(fr="aucun", en="none"),
    },
    "auth": {
        "none": Text(fr="aucune", en="none"),
        "basic": Text(fr="nom et mot de passe (basic)", en="name and password (basic)"),
        "bearer": Text(fr="jeton (bearer)", en="token (bearer)"),
        "other": Text(fr="une autre", en="another"),
        None: Text(fr="inconnue", en="not known"),
    },
    "accounts": {
        "bcrypt": Text(fr="mots de passe hachés par bcrypt", en="passwords hashed with bcrypt"),
        "other-hash": Text(
            fr="mots de passe hachés autrement que par bcrypt",
            en="passwords hashed with something other than bcrypt",
        ),
        "empty": Text(fr="vide", en="empty"),
        "made-by-registry": Text(fr="créé par le registre lui-même", en="made by the registry itself"),
        "unread": Text(fr="pas visible d'ici", en="not visible from here"),
    },
    "certificate": {
        "verified": Text(fr="vérifié", en="verified"),
        "no-name": Text(fr="sans nom (ni SAN)", en="without a name (no SAN)"),
        "unknown-authority": Text(fr="signé par une autorité inconnue", en="signed by an unknown authority"),
        "no-authority": Text(
            fr="signé par ce qui n'est pas une autorité", en="signed by what is not an authority"
        ),
        "other-name": Text(fr="fait pour un autre nom", en="made for another name"),
        "expired": Text(fr="expiré", en="expired"),
        "not-yet-valid": Text(fr="pas encore valable", en="not valid yet"),
        "other": Text(fr="refusé", en="refused"),
        None: Text(fr="pas vérifié", en="not verified"),
    },
    "trusted_by": {
        "engine": Text(fr="le moteur", en="the engine"),
        "machine": Text(fr="la machine", en="the machine"),
        "file": Text(fr="le fichier donné", en="the file given"),
        "nobody": Text(fr="personne", en="nobody"),
        None: Text(fr="inconnu", en="not known"),
    },
    "log_clue": {
        "no-realm": Text(fr="« realm » manquant", en="“realm” missing"),
        "file-missing": Text(fr="fichier absent", en="file missing"),
        "file-is-folder": Text(fr="dossier au lieu d'un fichier", en="folder instead of a file"),
        "file-closed": Text(fr="fichier interdit en lecture", en="file that may not be read"),
        "key-mismatch": Text(
            fr="la clé ne va pas avec le certificat", en="the key does not match the certificate"
        ),
        "own-accounts": Text(fr="comptes créés par le registre", en="accounts made by the registry"),
        "other-error": Text(fr="une autre erreur", en="another error"),
        None: Text(fr="aucun", en="none"),
    },
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
        fr="aucun conteneur nommé {asked}, ni aucun registre d'images, n'a été trouvé",
        en="neither a container named {asked} nor an image registry was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="registry")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "is_registry": DraftedFact({True: Text(fr="répond comme un registre", en="answers as a registry")}),
        "auth": DraftedFact({"basic": Text(fr="demande un compte", en="asks for an account")}),
        "scheme": DraftedFact({"https": Text(fr="parle TLS", en="speaks TLS")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "registry", "ca": "ca.crt"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Find the name that images use, ask, verify, and look for what explains it."""
        settings = read_registry_settings(engine, inspected)
        name = find_name(engine, subject.id, settings.folder, list_named_images(engine, inspected))
        reply = (
            ask_registry(engine, inspected, split_registry(name)[0] if name else None)
            if is_running(inspected)
            else ServiceReply(problem="not-running")
        )
        answer = reply.answer
        trust, certificate = self.verify(engine, answer, name)
        log = engine.read_log_tail(subject.id, tty=bool((inspected.get("Config") or {}).get("Tty")))
        log_clue, log_path = find_log_clue(log)
        addresses = list_hosts_addresses(engine, name) if name else []
        is_loopback = bool(name and calls_loopback(name, addresses))
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
            insecure=is_loopback or bool(name and is_insecure(name, engine.inspect_engine(), addresses)),
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


def find_name(engine: Engine, container: str, folder: str, named: Sequence[NamedImage]) -> str | None:
    """
    Return the HOST:PORT by which images call the registry; None where none does.

    One that leads to the loopback proves the least. A name without a port may be that of any registry of the
    web: what this one holds tells them apart.
    """
    names = list(dict.fromkeys(image.reference.registry for image in named))
    if len(names) > 1 and split_registry(names[0])[1] is None:
        for image in named[:MAX_TRIED]:
            with suppress(OutOfReach):
                if find_stored_image(engine, container, folder, image.reference):
                    return image.reference.registry
    telling = (name for name in names if not calls_loopback(name, list_hosts_addresses(engine, name)))
    return next(telling, next(iter(names), None))


def find_accounts(engine: Engine, container: str, path: str | None, clue: LogClue | None) -> Accounts:
    """Tell the kinds of hashes in the account file; what it holds is neither kept nor shown."""
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
