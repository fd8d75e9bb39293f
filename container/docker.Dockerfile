# The tool image with Docker's client and BuildKit's, for a daemon elsewhere.
ARG BASES=docker.io/library

FROM berth/tool AS tool

FROM ${BASES}/debian:trixie-slim AS packages
# The libraries that are there already.
COPY --from=tool /usr/lib /roots/tool/usr/lib
COPY container/take /usr/local/bin/
COPY container/root-docker /tmp/
RUN /tmp/root-docker

FROM tool
COPY --from=packages /roots/docker /
RUN HOME= berth --version && docker buildx version
