# The image that berth's jobs run in. docs/runners.md says what is in it and how it is run; berth builds it itself.

# The registry namespace of the two bases.
ARG BASES=docker.io/library

FROM ${BASES}/node:24-trixie-slim AS node
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Only what the bundle is made of, and what makes it; the lock file says in which versions.
RUN npm pkg set "dependencies.esbuild=$(node -p 'require("./package.json").devDependencies.esbuild')" \
    && npm pkg delete devDependencies \
    && npm install --no-save --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/bundle.ts scripts/launcher.ts scripts/
COPY src src
COPY docs docs
COPY templates templates
RUN node scripts/bundle.ts

FROM ${BASES}/debian:trixie-slim
COPY container/install-packages /tmp/
RUN /tmp/install-packages && rm /tmp/install-packages
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY container/storage.conf /etc/containers/
COPY container/entrypoint /usr/local/bin/berth-entrypoint
COPY --from=node /src/dist /usr/local/lib/berth
# Run once, so that a missing library fails this build and not a job. Compiled code is not kept: it is never the same twice.
RUN ln -s ../lib/berth/berth.js /usr/local/bin/berth && NODE_DISABLE_COMPILE_CACHE=1 berth --version
ENTRYPOINT ["berth-entrypoint"]
CMD ["--help"]
