// Pages in a headless Chromium, served from a folder.
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/**
 * Serves a folder on a free port, and others below the prefixes that name them;
 * `close` ends it.
 */
export async function serve(folder, others = {}) {
  const server = createServer((request, response) => {
    const asked = normalize(decodeURIComponent(new URL(request.url, "http://page").pathname));
    const [prefix, of] = Object.entries(others).find(([prefix]) => asked.startsWith(prefix)) ?? ["/", folder];
    const path = asked.endsWith("/") ? `${asked}index.html` : asked;
    const file = createReadStream(join(of, path.slice(prefix.length)));
    file.on("error", () => response.writeHead(404).end());
    file.on("open", () => {
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/html" });
      file.pipe(response);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A Chromium, where this machine has it. */
export function chromium(playwright) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return playwright.chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** What the page at this address leaves in `window.answers`. */
export async function answersOf(browser, url) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  try {
    await page.goto(url);
    const answers = await page.waitForFunction(() => window.answers, undefined, { timeout: 30_000 });
    return await answers.jsonValue();
  } catch (error) {
    throw new Error(`${url}: ${error.message}\n${said.join("\n")}`);
  } finally {
    await page.close();
  }
}
