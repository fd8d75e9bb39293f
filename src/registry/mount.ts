/** Mounting a blob from another repository of the same host (distribution-spec, "Mounting a blob"). */
import { BerthError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { printRepository, type Repository } from "../oci/reference.ts";
import { refuseHop } from "./origin.ts";
import { type Scope, scopeFor } from "./scope.ts";
import type { AskedCall, HostSession } from "./session.ts";
import type { Reply } from "./transport.ts";

export type Mount =
  | { readonly kind: "mounted" }
  /** Not mounted, but ready to take the bytes. */
  | { readonly kind: "session"; readonly location: URL }
  | { readonly kind: "none" };

export async function mountBlob(
  session: HostSession,
  from: Repository,
  to: Repository,
  digest: Digest,
): Promise<Mount> {
  const needs = [scopeFor("push", to), scopeFor("pull", from)];
  const call: AskedCall = {
    method: "POST",
    url: session.url(
      to.path,
      `blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from.path)}`,
    ),
    purpose: `mount blob ${printRepository(to)}@${digest}`,
  };
  const reply = await trySend(session, needs, call);
  if (reply?.status === 201) return { kind: "mounted" };
  if (reply?.status !== 202) return { kind: "none" };
  return { kind: "session", location: uploadLocation(reply, call) };
}

/** Where the login may not mount, it may still read and write, so a denial is an answer here. */
async function trySend(
  session: HostSession,
  needs: readonly Scope[],
  call: AskedCall,
): Promise<Reply | undefined> {
  try {
    return await session.send(needs, call);
  } catch (error) {
    if (error instanceof BerthError && error.code === "REGISTRY_DENIED") return undefined;
    throw error;
  }
}

/** Where an upload goes on; relative or absolute, but never where a registry's answer must not send us. */
export function uploadLocation(reply: Reply, { purpose }: Pick<AskedCall, "purpose">): URL {
  const header = reply.headers.get("location") ?? "";
  const location =
    header !== "" && URL.canParse(header, reply.url.href) ? new URL(header, reply.url) : undefined;
  const why = location === undefined ? "no address" : refuseHop(reply.url, location);
  if (location === undefined || why !== undefined) {
    throw new BerthError("REGISTRY_REFUSED", `${purpose}: the registry gives ${why} to upload to`, {
      hint: "behind a proxy that ends TLS, a registry must be told its outer address",
    });
  }
  return location;
}
