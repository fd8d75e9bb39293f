ARG BASES
FROM $BASES/busybox:stable
ARG TARGETARCH
COPY images/files/$TARGETARCH /etc/architecture
RUN uname -m > /etc/machine
