/** Ways to have up-to-date images in a pipeline: berth's two modes, and what projects do without it. */
import type { Files } from "../../test/lives/actor.ts";
import type { Place } from "./place.ts";

export interface Way {
  readonly name: string;
  /** Of its project. */
  readonly path: string;
  /** Under which names its images are there before the first pipeline; none where only a pipeline can fill its cache. */
  readonly seeds: "key" | "latest" | "revision" | "none";
  /** Whether a first pipeline leaves what later ones find beside the images: the set record, a cache. */
  readonly fills: boolean;
  /** The repository of an image below the project's own. */
  repository(image: string): string;
  /** `revisions` are those of the images, in order; another one changes the image. */
  pipeline(place: Place, revisions: readonly number[]): object;
}

/** What all ways build. */
export function dockerfiles({ base, layerBytes }: Place, revisions: readonly number[]): Files {
  const texts = revisions.map((revision, number) => {
    // What is the same in all images has the same digest in all, so that seeding them takes one build.
    const layers = layerBytes.map(
      (bytes, at) => `RUN head -c ${bytes} /dev/urandom > /layer-${at} # ${revision}\n`,
    );
    return [fileOf(number), `FROM ${base}\n${layers.join("")}ENV IMAGE=${nameOf(number)}\n`];
  });
  return Object.fromEntries(texts);
}

export const nameOf = (number: number): string => `image-${number}`;
const fileOf = (number: number): string => `ci/${nameOf(number)}.docker`;

/** The job whose start is waited for; it runs in the image that changes. */
export const consumer = "consumer";
/** What the names of the jobs begin with that there are one of for each image. */
export const imageJob = "container-";
/** The repository of a cache that all images share. */
export const cacheName = "cache";
const says = "echo the consumer has begun";

function berth(mode: "inline" | "fan-out"): Way {
  return {
    name: `berth, ${mode}`,
    path: `acme/${mode}`,
    seeds: "key",
    fills: true,
    repository: (image) => image,
    pipeline: () => ({
      include: [
        {
          component: "$CI_SERVER_FQDN/berth-ci/berth/images@0.1.0",
          inputs: { mode, reference: "tag" },
        },
      ],
      [consumer]: { extends: ".berth-use", variables: { IMAGE: nameOf(0) }, script: says },
    }),
  };
}

/** One job for each image, and the consumer after that of the first. */
function jobForEach(
  revisions: readonly number[],
  job: (image: string, number: number) => object,
  image: string,
): object {
  const jobs = revisions.map((_, number) => [`${imageJob}${number}`, job(nameOf(number), number)]);
  const after = { image, needs: [`${imageJob}0`], stage: "test", script: says };
  return { ...Object.fromEntries(jobs), [consumer]: after };
}

/** QEMU's .gitlab-ci.d/container-template.yml; the daemon is a fresh one for each job, as the service is. */
const dockerInDocker: Way = {
  name: "Docker-in-Docker, --cache-from",
  path: "acme/dind",
  seeds: "latest",
  // What the images were seeded with has no inline cache.
  fills: true,
  repository: (image) => `qemu/${image}`,
  pipeline: ({ dockerImage, daemons }, revisions) =>
    jobForEach(
      revisions,
      (name, number) => ({
        image: { name: dockerImage, entrypoint: [""] },
        stage: "build",
        variables: {
          TAG: `$CI_REGISTRY_IMAGE/qemu/${name}:latest`,
          DOCKER_HOST: `unix://${daemons}/$CI_JOB_ID/docker.sock`,
          DOCKER_BUILDKIT: "1",
        },
        script: [
          `mkdir ${daemons}/$CI_JOB_ID`,
          "until docker info >/dev/null 2>&1; do sleep 0.1; done",
          'docker login "$CI_REGISTRY" -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD"',
          `docker build --network host --tag "$TAG" --cache-from "$TAG" --build-arg BUILDKIT_INLINE_CACHE=1 -f ${fileOf(number)} ci`,
          'docker push "$TAG"',
          `touch ${daemons}/$CI_JOB_ID/done`,
        ],
      }),
      `$CI_REGISTRY_IMAGE/qemu/${nameOf(0)}:latest`,
    ),
};

const login =
  'buildah login --tls-verify=false -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"';
const build = "buildah build --isolation chroot --network host --tls-verify=false";
const push = 'buildah push --tls-verify=false "$TAG"';

/** A job for each image, in which buildah pushes it under a tag unless a step before has ended the job. */
function byBuildah(
  tagOf: (revision: number) => string,
  steps: (file: string) => readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Way["pipeline"] {
  return ({ buildahImage }, revisions) => {
    const referenceOf = (number: number) =>
      `$CI_REGISTRY_IMAGE/${nameOf(number)}:${tagOf(revisions[number] ?? 0)}`;
    return jobForEach(
      revisions,
      (_, number) => ({
        image: buildahImage,
        stage: "build",
        variables: { TAG: referenceOf(number), ...variables },
        script: [login, ...steps(fileOf(number)), push],
      }),
      referenceOf(0),
    );
  };
}

/** freedesktop's ci-templates: a tag that a person moves on, looked for by each image's job. */
const lookForEach: Way = {
  name: "a job for each image that looks with skopeo",
  path: "acme/looks",
  seeds: "revision",
  fills: false,
  repository: (image) => image,
  pipeline: byBuildah(String, (file) => [
    'if skopeo inspect --tls-verify=false "docker://$TAG" >/dev/null 2>&1; then exit 0; fi',
    `${build} --tag "$TAG" -f ${file} ci`,
  ]),
};

const remoteCache: Way = {
  name: "buildah with a remote cache",
  path: "acme/cache",
  seeds: "none",
  fills: true,
  repository: (image) => image,
  pipeline: byBuildah(
    () => "latest",
    (file) => [
      `${build} --layers --cache-from "$CACHE" --cache-to "$CACHE" --tag "$TAG" -f ${file} ci`,
    ],
    { CACHE: `$CI_REGISTRY_IMAGE/${cacheName}` },
  ),
};

export const ways: readonly Way[] = [
  berth("inline"),
  berth("fan-out"),
  dockerInDocker,
  lookForEach,
  remoteCache,
];
