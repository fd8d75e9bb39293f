/** nginx before servers, as GitLab's packages put it there. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { program } from "./programs.ts";
import { freePort, isListening, startService, temporaryFolder } from "./services.ts";

/** Where one site listens on loopback, and the server behind it, as `HOST:PORT`. */
export interface Site {
  readonly at: string;
  readonly behind: string;
}

/** A free address for a site, which must be known before the server behind it is there. */
export async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

/**
 * Starts it for these sites. GitLab's packages lift the bound on bodies, buffer nothing of images and wait 15 minutes
 * for an answer; all other limits are nginx's own, above all header lines of 8 KiB.
 */
export async function startNginx(sites: readonly Site[]): Promise<{ stop(): Promise<void> }> {
  const folder = await temporaryFolder("berth-nginx-");
  const at = (name: string) => join(folder.path, name);
  const kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await mkdir(at("temp"));
  const config = `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${at("pid")};
error_log ${at("error.log")};
events {}
http {
  access_log off;
${kept.map((name) => `  ${name}_temp_path ${at("temp")}/${name};`).join("\n")}
${sites.map(serverOf).join("\n")}
}
`;
  await writeFile(at("nginx.conf"), config);
  const args = ["-c", at("nginx.conf"), "-e", at("error.log"), "-p", folder.path];
  const isUp = async () =>
    (
      await Promise.all(sites.map(({ at: place }) => isListening(Number(place.split(":")[1]))))
    ).every((up) => up);
  const service = await startService(program("nginx"), args, at("log"), isUp);
  return {
    async stop() {
      await service.stop();
      await folder.remove();
    },
  };
}

function serverOf({ at, behind }: Site): string {
  return `  server {
    listen ${at};
    client_max_body_size 0;
    location / {
      proxy_pass http://${behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto http;
      proxy_read_timeout 900;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }`;
}
