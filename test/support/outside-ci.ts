/**
 * Loaded before the tests: takes away what a pipeline's job or a maintainer's shell set for berth,
 * so that a test sees the same variables in a job of GitLab as on a bare machine.
 */
const ours =
  /^(CI|CI_.*|GITLAB_.*|[A-Z][A-Z0-9]*_CI(_.*)?|BERTH_(?!TEST_).*|FF_.*|DOCKER_(HOST|TLS.*|AUTH_CONFIG))$/;
for (const name of Object.keys(process.env)) if (ours.test(name)) delete process.env[name];
