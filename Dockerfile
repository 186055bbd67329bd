# Built by `make image`, which passes the version. Base and name are those of metadata.yaml.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6

FROM ${BASE_IMAGE} AS build
USER root
WORKDIR /build
# For networks with an index of their own: --build-arg PIP_INDEX_URL=…
ARG PIP_INDEX_URL
COPY requirements/build.txt requirements/runtime.txt requirements/image-without.txt ./
# Two environments: pip and what builds the wheel stay behind in this stage. `pip check` would miss what is taken away
# again, and rightly: the CDK says that it needs it, for sources of other kinds and for commands that nobody runs here.
RUN python3 -m venv tools \
    && tools/bin/pip install --quiet --no-cache-dir --require-hashes --requirement build.txt \
    && python3 -m venv --without-pip /opt/source-zoom \
    && tools/bin/pip --python /opt/source-zoom/bin/python install --quiet --no-cache-dir --require-hashes \
        --requirement runtime.txt \
    && tools/bin/pip --python /opt/source-zoom/bin/python uninstall --quiet --yes --requirement image-without.txt
COPY LICENSE README.md metadata.yaml pyproject.toml setup.py ./
COPY scripts/third_party_notices.py ./
COPY source_zoom source_zoom
# Other packages' commands would look for what has been taken away.
RUN tools/bin/pip wheel --quiet --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/source-zoom/bin/python install --quiet --no-deps dist/*.whl \
    && /opt/source-zoom/bin/python third_party_notices.py source-zoom > /opt/source-zoom/THIRD_PARTY_NOTICES \
    && find /opt/source-zoom/bin -type f -not -name source-zoom -not -name tap-zoom -delete \
    && find /opt/source-zoom -type d \( -name test -o -name tests \) -prune -exec rm -r {} + \
    && find /opt/source-zoom -type d -empty -delete

FROM ${BASE_IMAGE}
ARG VERSION=unreleased
LABEL io.airbyte.name=source-zoom io.airbyte.version=${VERSION}
# Those of pyproject.toml. Whoever knows the revision gives it as a label: `make image REVISION=…`.
LABEL org.opencontainers.image.title=source-zoom \
    org.opencontainers.image.version=${VERSION} \
    org.opencontainers.image.description="An Airbyte source connector that reads a Zoom account completely, at Zoom's own speed limit." \
    org.opencontainers.image.licenses=MIT \
    org.opencontainers.image.source=https://github.com/OWNER/source-zoom \
    org.opencontainers.image.documentation=https://github.com/OWNER/source-zoom/blob/main/docs/zoom.md
COPY --from=build /opt/source-zoom /opt/source-zoom
ENV PATH=/opt/source-zoom/bin:${PATH} AIRBYTE_ENTRYPOINT=/opt/source-zoom/bin/source-zoom
USER airbyte
ENTRYPOINT ["source-zoom"]
