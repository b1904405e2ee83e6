// A Better Auth server that is also an OAuth provider for the MCP server at RESOURCE, with dynamic
// registration, as agents want it. It forgets everything when it ends.
// Usage: node server.mjs PORT RESOURCE (0: any port).
import { createServer } from "node:http";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";

const [, , port, resource] = process.argv;
const server = createServer((request, response) => handler(request, response));
let handler;

server.listen(Number(port), "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const tables = ["user", "session", "account", "verification", "jwks"].concat(
    ["Client", "Resource", "ClientResource", "RefreshToken", "AccessToken", "Consent"].map(
      (name) => `oauth${name}`,
    ),
  );
  const auth = betterAuth({
    baseURL: url,
    secret: "a secret of Better Auth itself, for its cookies",
    database: memoryAdapter(Object.fromEntries(tables.map((name) => [name, []]))),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [
      jwt(),
      bearer(),
      oauthProvider({
        loginPage: "/sign-in",
        consentPage: "/consent",
        allowDynamicClientRegistration: true,
        allowUnauthenticatedClientRegistration: true,
        resources: [resource],
        clientRegistrationDefaultResources: [resource],
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      }),
    ],
  });
  handler = toNodeHandler(auth);
  console.log(url);
});
