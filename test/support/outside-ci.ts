/**
 * Loaded before the tests: takes away what a pipeline's job, a hook of git's or a maintainer's shell set for berth, git
 * or engines, so that a test sees the same variables there as on a bare machine. Loopback is nobody's proxy's affair.
 */
const ours =
  /^(CI|CI_.*|GITLAB_.*|[A-Z][A-Z0-9]*_CI(_.*)?|BERTH_(?!TEST_).*|FF_.*|GIT_(?!SSL_).*|(DOCKER|BUILDAH|BUILDKIT|BUILDX|CONTAINERS|STORAGE)_.*|REGISTRY_AUTH_FILE|XDG_(?!CACHE_HOME).*)$/;
for (const name of Object.keys(process.env)) if (ours.test(name)) delete process.env[name];
if (Object.keys(process.env).some((name) => /^https?_proxy$/i.test(name)))
  for (const name of ["no_proxy", "NO_PROXY"])
    process.env[name] = `${process.env[name] ?? ""},127.0.0.1,localhost,::1`.replace(/^,/, "");
