ARG BASES=docker.io/library
FROM ${BASES}/busybox:stable
# The image that others of the set are built from.
RUN mkdir -p /etc/example && echo "base of the example" > /etc/example/base
ENV EXAMPLE_BASE=1
