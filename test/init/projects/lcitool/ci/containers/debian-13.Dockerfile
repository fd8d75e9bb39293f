FROM docker.io/library/debian:13-slim
RUN make ready
