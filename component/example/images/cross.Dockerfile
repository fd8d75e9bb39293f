ARG BASES=docker.io/library
ARG ARCH=aarch64
ARG VARIANT=cross-${ARCH}

FROM ${BASES}/busybox:stable AS cross-aarch64
RUN echo aarch64 > /target

FROM ${BASES}/busybox:stable AS cross-riscv64
RUN echo riscv64 > /target

FROM ${VARIANT} AS toolchain
ARG ARCH
RUN echo "toolchain for ${ARCH}" > /toolchain

FROM ${BASES}/busybox:stable
COPY --from=toolchain /toolchain /target /opt/
