// One visit to the page, watched: nothing may leave the machine and nothing may go wrong unseen.
import { browserBinary } from "./places.mjs";
import { serve } from "./site.mjs";
import { chromium } from "./tools.mjs";

export const beside = new Map();
let browser = null;
let site = null;

export async function startBrowser() {
  browser ??= await chromium.launch({
    executablePath: browserBinary,
    // Names resolve to nothing, so that not even a look-up goes out.
    args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--js-flags=--expose-gc"],
  });
  site ??= await serve(beside);
  return { browser, site };
}

export async function stopBrowser() {
  await browser?.close();
  site?.close();
}

const onLoopback = (url) => ["blob:", "data:"].includes(url.protocol) || url.hostname === "127.0.0.1";

/** Opens the page; `at` is the address behind the folder, such as `?url=a#lang=zh`. */
export async function visit(at = "", { width = 1440, height = 900, theme = "light", language = "en-US", base, expects = [] } = {}) {
  const { browser, site } = await startBrowser();
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, locale: language, timezoneId: "UTC", acceptDownloads: true,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const wrong = [];
  const requests = [];
  await context.route((url) => !onLoopback(url), (route) => {
    wrong.push(`a request left the machine: ${route.request().url()}`);
    return route.abort();
  });
  context.on("request", (request) => requests.push(request));
  context.on("console", (message) => {
    if (message.type() !== "error") return;
    const said = `${message.text()} (${message.location().url})`;
    if (!expected(said, message.location().url, expects)) wrong.push(`console: ${said}`);
  });
  context.on("weberror", (error) => wrong.push(`error: ${error.error().stack ?? error.error()}`));
  await context.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("crash", () => wrong.push("the page crashed"));
  await page.goto((base ?? site.address) + at);
  await listening(page);
  return {
    page, context, requests, wrong,
    async close() {
      for (const opened of context.pages()) {
        const violations = await opened.evaluate(() => window.violations).catch(() => []);
        wrong.push(...violations.map((violation) => `against the policy: ${violation}`));
      }
      await context.close();
    },
  };
}

/** The page listens to keys and files a frame after it is drawn first. */
export async function listening(page) {
  await page.locator("[data-panel=header]").waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 30)))));
}

/**
 * A static host has no service, and a browser says so of the question for one. A test may expect
 * further words of the browser, such as those on a service that was stopped.
 */
function expected(said, url, expects) {
  return (/404/.test(said) && new URL(url).pathname.endsWith("/v1/stats")) || expects.some((words) => words.test(said));
}
