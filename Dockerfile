# The grader in an image; docs/en/install.md says how to run it on the engine of the machine.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# More for pip: `--no-index --find-links=wheels` where no registry can be reached.
ARG PIP_ARGUMENTS=""
# `[board]` brings what the class board needs.
ARG EXTRAS=""
WORKDIR /src
COPY . .
RUN python3 -m venv /opt/dckgrade && /opt/dckgrade/bin/pip install --no-cache-dir ${PIP_ARGUMENTS} ".${EXTRAS}"

FROM ${BASE}
COPY --from=build /opt/dckgrade /opt/dckgrade
ENV PATH=/opt/dckgrade/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp
# The trainee's own folder, for labs that ask for files, and for reports.
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["dckgrade"]
