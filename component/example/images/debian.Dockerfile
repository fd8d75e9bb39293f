ARG BASES=docker.io/library
FROM ${BASES}/debian:stable-slim
ENV LANG=C.UTF-8
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ccache \
        pkg-config && \
    apt-get clean && rm -rf /var/lib/apt/lists/*
