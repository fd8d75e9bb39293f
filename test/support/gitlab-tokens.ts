/** The token service of GitLab (JwtController, Auth::ContainerRegistryAuthenticationService). */
import { randomUUID } from "node:crypto";
import type { Answer, SeenRequest } from "./faulty-server.ts";
import { refuse } from "./memory-registry.ts";
import { type Access, type Signer, sign } from "./tokens.ts";

export const gitlabService = "container_registry";
export const gitlabIssuer = "berth-test";

/** Who may have what. */
export interface TokenRules<User> {
  /** Whose a password is, and that of those who give none; `undefined` where it is nobody's. */
  userOf(password: string | undefined): User | undefined;
  /** Whether a push there spoils the whole request. */
  isProtected(user: User, path: string): boolean;
  may(user: User, path: string, action: string): boolean;
  /** What a token says of a repository's project. */
  metaOf(user: User, path: string, actions: readonly string[]): object | undefined;
  tokenFor(user: User, access: readonly Access[]): string;
}

/** Answers one request; what is refused is left out of the token without a word. */
export function answerTokens<User>(
  rules: TokenRules<User>,
  { method, query, headers }: SeenRequest,
): { readonly answer: Answer; readonly granted: readonly Access[] } {
  const no = (answer: Answer) => ({ answer, granted: [] });
  if (method !== "GET" || query.get("service") !== gitlabService) return no({ status: 404 });
  const basic = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  const [, password] = /:(.*)$/s.exec(Buffer.from(basic ?? "", "base64").toString()) ?? [];
  const user = rules.userOf(password);
  if (user === undefined) return no(refuse(401, "UNAUTHORIZED", "HTTP Basic: Access denied"));
  const scopes = query.getAll("scope").flatMap((scope) => scope.split(" "));
  if (basic === undefined && scopes.length === 0)
    return no(refuse(403, "DENIED", "access forbidden"));
  const asked = scopes.map((scope) => {
    const [, name = "", actions = ""] = scope.toLowerCase().split(":");
    return { name, actions: actions.split(",") };
  });
  if (asked.some(({ name, actions }) => actions.includes("push") && rules.isProtected(user, name)))
    return no(refuse(403, "DENIED", "Pushing to protected repository path forbidden"));
  const granted = asked.flatMap(({ name, actions }): Access[] => {
    const given = actions.filter((action) => rules.may(user, name, action));
    if (given.length === 0) return [];
    const meta = rules.metaOf(user, name, given);
    const entry = { type: "repository", name, actions: given } as const;
    return [meta === undefined ? entry : { ...entry, meta }];
  });
  const token = rules.tokenFor(user, granted);
  const headersOf = { "content-type": "application/json" };
  return { answer: { status: 200, headers: headersOf, body: JSON.stringify({ token }) }, granted };
}

/** A token good for five minutes, with who asks in a token of its own. */
export function gitlabToken(signer: Signer, name: string, access: readonly Access[]): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { jti: randomUUID(), iat: now, nbf: now - 5, exp: now + 300 };
  const about = { token_type: "build", username: name, user_id: 12345678 };
  return sign(signer, {
    access,
    ...times,
    aud: gitlabService,
    iss: gitlabIssuer,
    auth_type: "build",
    sub: name,
    user: sign(signer, { user_info: about, ...times }),
  });
}
