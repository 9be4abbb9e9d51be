"""Read the scrape jobs of the configuration that Prometheus has loaded, and what their words tell."""

import re
from collections.abc import Sequence

from msgspec import Struct

from dckgrade.lazy_patterns import compile_lazily

# Prometheus writes the configuration anew, every default in it, one key a line: 2.x and 3.x alike. What a
# trainee wrote is never read here.
_JOB = compile_lazily(r"^ *- job_name: (.+)$", re.MULTILINE)
_TARGETS = compile_lazily(r"^ *-? *targets:\n((?: *- \S.*(?:\n|\Z))+)", re.MULTILINE)
_TARGET = compile_lazily(r"^ *- (\S+) *$", re.MULTILINE)
_DISCOVERS = compile_lazily(r"^ *\w+_sd_configs:", re.MULTILINE)
_INTERVAL = compile_lazily(r"^ *scrape_interval: (\w+)$", re.MULTILINE)
_HONORS_LABELS = compile_lazily(r"^ *honor_labels: true$", re.MULTILINE)
_NAMES_JOB_FILES = compile_lazily(r"^scrape_config_files:$", re.MULTILINE)
_CADVISOR = "cadvisor"


class ScrapeJob(Struct, frozen=True):
    """One `scrape_configs` entry."""

    name: str
    targets: list[str]
    """Written down: `host:port`."""
    discovers: bool
    """Or found by a service discovery."""
    interval: str = ""
    """How often it is scraped, as Prometheus writes a duration: `15s`, `1m`."""
    honors_labels: bool = False
    """Whether its figures keep the job that they come with, as those of another Prometheus do."""


def parse_jobs(text: str) -> list[ScrapeJob]:
    """Read the jobs out of `/api/v1/status/config`'s `yaml`."""
    starts = list(_JOB.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    return [
        parse_job(found[1].strip(" \"'"), text[found.end() : end])
        for found, end in zip(starts, ends, strict=False)
    ]


def names_job_files(text: str) -> bool:
    """Return whether there are more jobs, in files that it names (2.43 and later) and does not show."""
    return bool(_NAMES_JOB_FILES.search(text))


def parse_job(name: str, section: str) -> ScrapeJob:
    """Read one."""
    lists = [found[1] for found in _TARGETS.finditer(section)]
    targets = [target[1].strip("\"'") for listed in lists for target in _TARGET.finditer(listed)]
    interval = _INTERVAL.search(section)
    return ScrapeJob(
        name,
        targets,
        bool(_DISCOVERS.search(section)),
        interval[1] if interval else "",
        bool(_HONORS_LABELS.search(section)),
    )


def choose_job_by_words(all_jobs: Sequence[ScrapeJob]) -> ScrapeJob | None:
    """Choose the job that is meant for cAdvisor: by its exact name, by one like it, by where it scrapes."""
    conditions = (
        lambda job: job.name == _CADVISOR,
        lambda job: _CADVISOR in re.sub(r"[^a-z]", "", job.name.casefold()),
        lambda job: any(_CADVISOR in target.casefold() for target in job.targets),
    )
    fitting = (job for matches in conditions for job in all_jobs if matches(job))
    return next(fitting, None)
