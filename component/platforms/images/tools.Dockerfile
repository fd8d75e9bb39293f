FROM --platform=$BUILDPLATFORM ci/base AS compile
ARG TARGETARCH
RUN mkdir /out && echo "made for $TARGETARCH" > /out/tool

FROM ci/base
COPY --from=compile /out/tool /usr/share/tool
RUN cat /usr/share/tool /etc/machine > /etc/tools
