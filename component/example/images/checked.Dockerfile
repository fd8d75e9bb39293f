ARG BASES=docker.io/library
FROM ${BASES}/busybox:stable
RUN --mount=type=bind,source=scripts,target=/checks \
    --mount=type=cache,target=/var/cache/example \
    sh /checks/verify.sh > /verified
