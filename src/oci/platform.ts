/** Platforms of images, as the OCI specifications and Go call them. */

/** The architectures of Linux that images are made for, as OCI calls them (Go's GOARCH). */
export const architectures: readonly string[] = [
  "386",
  "amd64",
  "arm",
  "arm64",
  "loong64",
  "ppc64le",
  "riscv64",
  "s390x",
];

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Whether what is for an architecture is for none of a platform; of other spellings, such as aarch64, only engines know what they mean. */
export function isForAnother(architecture: string | undefined, platform: string): boolean {
  return (
    architectures.includes(architecture ?? "") &&
    architecture !== parsePlatform(platform).architecture
  );
}

/** Such as `linux/arm/v7`, in its parts. */
export function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function printPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}
