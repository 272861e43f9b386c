// Serves the built page as any static host would, from a folder, with the service's headers.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { dist } from "./places.mjs";

export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FOLDER = "/tools/presence/";
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm",
  ".svg": "image/svg+xml", ".ndjson": "application/x-ndjson", ".gz": "application/octet-stream",
};

/** `beside` is a map of further files that lie beside the page: name → bytes. */
export async function serve(beside = new Map()) {
  if (!existsSync(join(dist, "index.html"))) throw new Error(`no page in \`${dist}\`: run \`cargo xtask page\` first`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const name = normalize(decodeURIComponent(pathname.slice(FOLDER.length))) || "index.html";
    const file = join(dist, name === "." ? "index.html" : name);
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    if (pathname.startsWith(FOLDER) && beside.has(name)) response.end(beside.get(name));
    else if (pathname.startsWith(FOLDER) && file.startsWith(dist) && existsSync(file) && statSync(file).isFile()) {
      createReadStream(file).pipe(response);
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}${FOLDER}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
