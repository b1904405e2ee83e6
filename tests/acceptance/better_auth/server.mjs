// A Better Auth server that forgets everything when it ends: accounts and key pairs are in memory,
// so that each start is a new issuer with new keys. Usage: node server.mjs PORT (0: any).
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";

const server = createServer((request, response) => handler(request, response));
let handler;

server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const auth = betterAuth({
    baseURL: url,
    secret: "a secret of Better Auth itself, for its cookies",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [jwt(), bearer()],
  });
  handler = toNodeHandler(auth);
  console.log(url);
});
