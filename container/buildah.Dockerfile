# The tool image with buildah, which needs no daemon.
ARG BASES=docker.io/library

FROM berth/tool AS tool

FROM ${BASES}/debian:trixie-slim AS packages
# The libraries that are there already.
COPY --from=tool /usr/lib /roots/tool/usr/lib
COPY container/take /usr/local/bin/
COPY container/root-buildah /tmp/
RUN /tmp/root-buildah

FROM tool
COPY --from=packages /roots/buildah /
COPY container/storage.conf /etc/containers/
RUN HOME= berth --version && buildah --version
