"""Words for values that facts of several kinds have: states, ways, reasons."""

from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

NO_ELEMENT_FEMININE: ValueWords = {(): Text(fr="aucune", en="none")}
"""For lists whose label is feminine in French: “aucune”, where a list says “aucun” by itself."""

CONTAINER_STATUS: ValueWords = {
    "created": Text(fr="créé, jamais démarré (created)", en="created, never started (created)"),
    "running": Text(fr="en marche (running)", en="running"),
    "paused": Text(fr="en pause (paused)", en="paused"),
    "restarting": Text(fr="en train de redémarrer (restarting)", en="restarting"),
    "removing": Text(fr="en cours de suppression (removing)", en="being removed (removing)"),
    "exited": Text(fr="arrêté (exited)", en="stopped (exited)"),
    "dead": Text(fr="hors d'usage (dead)", en="defunct (dead)"),
    None: Text(fr="aucun conteneur", en="no container"),
}
"""With the word of `docker ps -a`."""

FOUND_BY: ValueWords = {
    "name": Text(fr="{asked}", en="{asked}"),
    "label": Text(fr="{asked}", en="{asked}"),
    "stack": Text(fr="{asked}", en="{asked}"),
    "near-miss": Text(fr="{name}", en="{name}"),
    "image": Text(fr="{name}", en="{name}"),
}
"""Behind a label such as “name found”."""

STABLE: ValueWords = {
    False: Text(
        fr="le conteneur vient de démarrer ou redémarre : rien ne dit encore qu'il tient",
        en="the container has just started or is restarting: nothing shows yet that it lasts",
    ),
}

HEALTH: ValueWords = {
    "none": Text(fr="aucun contrôle de santé (none)", en="no health check (none)"),
    "starting": Text(fr="pas encore établi (starting)", en="not settled yet (starting)"),
    "healthy": Text(fr="en bonne santé (healthy)", en="healthy"),
    "unhealthy": Text(fr="défaillant (unhealthy)", en="failing (unhealthy)"),
    None: Text(fr="aucun contrôle de santé", en="no health check"),
}

RESTART_POLICY: ValueWords = {
    "no": Text(fr="aucune (no)", en="none (no)"),
    "always": Text(fr="toujours (always)", en="always"),
    "unless-stopped": Text(
        fr="sauf après un arrêt à la main (unless-stopped)", en="unless stopped by hand (unless-stopped)"
    ),
    "on-failure": Text(fr="après un échec (on-failure)", en="after a failure (on-failure)"),
}

REACHED_VIA: ValueWords = {
    "published": Text(fr="par un port publié", en="through a published port"),
    "own": Text(fr="par l'adresse du conteneur", en="through the container's own address"),
    "inside": Text(fr="depuis l'intérieur du conteneur", en="from inside the container"),
    None: Text(fr="aucune", en="none"),
}

NO_ANSWER: ValueWords = {
    "not-running": Text(fr="le conteneur ne tourne pas", en="the container is not running"),
    "no-address": Text(fr="le conteneur n'a pas d'adresse", en="the container has no address"),
    "refused": Text(fr="connexion refusée", en="connection refused"),
    "reset": Text(fr="connexion coupée", en="connection reset"),
    "silent": Text(fr="aucune réponse dans le délai", en="no answer in time"),
    "garbled": Text(fr="réponse illisible", en="answer that cannot be read"),
    None: Text(fr="aucune", en="none"),
}

ACCESS: ValueWords = {
    "open": Text(fr="libre, sans compte", en="open, without an account"),
    "granted": Text(fr="compte accepté", en="account accepted"),
    "wanted": Text(fr="compte exigé", en="account required"),
    "refused": Text(fr="compte refusé", en="account refused"),
    "not-tried": Text(fr="pas essayé", en="not tried"),
    None: Text(fr="inconnu", en="not known"),
}

MOUNT_TYPE: ValueWords = {
    "volume": Text(fr="volume", en="volume"),
    "bind": Text(fr="dossier ou fichier de la machine (bind)", en="folder or file of the machine (bind)"),
    "tmpfs": Text(fr="mémoire (tmpfs)", en="memory (tmpfs)"),
    "none": Text(fr="aucun montage", en="no mount"),
}

SOURCE_OF_STATUS: ValueWords = {
    "proc": Text(fr="le noyau de la machine (/proc)", en="the machine's kernel (/proc)"),
    "exec": Text(fr="une commande dans le conteneur", en="a command inside the container"),
    "top": Text(fr="la liste des processus (docker top)", en="the list of processes (docker top)"),
    None: Text(fr="aucune", en="none"),
}

SHARED_NAMESPACES: ValueWords = {
    "net": Text(fr="réseau (net)", en="network (net)"),
    "pid": Text(fr="processus (pid)", en="processes (pid)"),
    "ipc": Text(fr="mémoire partagée (ipc)", en="shared memory (ipc)"),
    "uts": Text(fr="nom de machine (uts)", en="host name (uts)"),
    "user": Text(fr="utilisateurs (user)", en="users (user)"),
}

SECCOMP_MODE: ValueWords = {
    0: Text(fr="aucun filtre (0)", en="no filter (0)"),
    1: Text(fr="mode strict (1)", en="strict mode (1)"),
    2: Text(fr="filtre actif (2)", en="filter active (2)"),
    None: Text(fr="inconnu", en="not known"),
}

NETWORK_MODE: ValueWords = {
    "host": Text(fr="celui de la machine (host)", en="the machine's own (host)"),
    "none": Text(fr="aucun réseau (none)", en="no network (none)"),
    "bridge": Text(fr="pont par défaut (bridge)", en="default bridge (bridge)"),
    "default": Text(fr="pont par défaut (default)", en="default bridge (default)"),
}

EXIT_CODE: ValueWords = {
    0: Text(fr="0 (aucune erreur)", en="0 (no error)"),
    126: Text(fr="126 (commande qui ne peut pas être exécutée)", en="126 (command that cannot be run)"),
    127: Text(fr="127 (commande introuvable)", en="127 (command not found)"),
    137: Text(fr="137 (tué)", en="137 (killed)"),
    143: Text(fr="143 (arrêt demandé)", en="143 (asked to stop)"),
}
"""As shells and Docker use them; above 128 it is 128 plus a signal's number."""

HTTP_STATUS: ValueWords = {
    200: Text(fr="200 (réussite)", en="200 (success)"),
    401: Text(fr="401 (compte exigé)", en="401 (account required)"),
    403: Text(fr="403 (accès interdit)", en="403 (access forbidden)"),
    404: Text(fr="404 (page absente)", en="404 (no such page)"),
    500: Text(fr="500 (erreur du serveur)", en="500 (server error)"),
    502: Text(fr="502 (aucune réponse derrière le proxy)", en="502 (no answer behind the proxy)"),
    503: Text(fr="503 (service indisponible)", en="503 (service unavailable)"),
    None: Text(fr="aucun, faute de réponse", en="none, for lack of an answer"),
}
