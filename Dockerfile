# The image that berth's jobs run in where nothing is built; those with an engine are made from it (container/). docs/runners.md
# says what is in them and how they are run; berth builds them itself.

# The registry namespace of the two bases.
ARG BASES=docker.io/library

FROM ${BASES}/node:24-trixie-slim AS node

# The bundle is the same for all platforms, so it is made on the machine's own.
FROM --platform=$BUILDPLATFORM ${BASES}/node:24-trixie-slim AS berth
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Only what the bundle is made of, and what makes it; the lock file says in which versions.
RUN npm pkg set "dependencies.esbuild=$(node -p 'require("./package.json").devDependencies.esbuild')" \
    && npm pkg delete devDependencies \
    && npm install --no-save --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/bundle.ts scripts/compile.ts scripts/compiled.ts scripts/launcher.ts scripts/
COPY src src
COPY docs docs
COPY templates templates
RUN node scripts/bundle.ts
COPY container/entrypoint /roots/berth/usr/local/bin/berth-entrypoint
RUN mkdir /roots/berth/usr/local/lib && cp -R dist /roots/berth/usr/local/lib/berth \
    && ln -s ../lib/berth/berth.js /roots/berth/usr/local/bin/berth

FROM ${BASES}/debian:trixie-slim AS packages
COPY container/take /usr/local/bin/
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY container/root-tool /tmp/
RUN /tmp/root-tool
COPY --from=berth /roots/berth /roots/berth
# By the Node that will run it; under a seed of its own each process of V8's would make other bytes.
RUN node --random-seed=1 /roots/berth/usr/local/lib/berth/compile.js

FROM scratch
COPY --from=packages /roots/tool /
COPY --from=packages /roots/node /
# The last layer is berth, so that a new release moves little for whoever has the one before.
COPY --from=packages /roots/berth /
ENV PATH=/usr/local/bin:/usr/bin
# Run once, so that a missing library fails this build and not a job; without a home it keeps no code of Node's own cache,
# which is never the same twice.
RUN HOME= berth --version && git --version
ENTRYPOINT ["berth-entrypoint"]
CMD ["--help"]
