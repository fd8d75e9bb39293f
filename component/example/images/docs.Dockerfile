FROM ci/base
COPY --from=ci/compiler /etc/example/role /etc/example/compiled-by
COPY scripts/build-docs.sh /usr/local/bin/build-docs
RUN echo docs > /etc/example/role
