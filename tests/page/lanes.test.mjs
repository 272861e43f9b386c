// Lanes: pin, collapse, sort, filter; findings and their clients.
import { strict as assert } from "node:assert";
import { event, lines } from "./harness/events.mjs";
import { behind, by, eventually, lanes, loaded, paste, sample, settled } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

const height = (page, client) => page.locator(`.lane-name[data-client$="${client}"]`).evaluate((name) => name.getBoundingClientRect().height);

onPage("pins a lane on top and lets it go", async (page) => {
  await sample(page);
  const before = await lanes(page);
  const last = before.at(-1);
  await page.locator(`.lane-name[data-client$="${last}"]`).hover();
  await page.getByRole("button", { name: `Pin GID_factory@@@${last}`, exact: true }).click();
  await eventually(() => lanes(page), (now) => now[0] === last && now.length === before.length);
  await page.getByRole("button", { name: `Unpin GID_factory@@@${last}`, exact: true }).click();
  await eventually(() => lanes(page), (now) => now.join() === before.join());
});

onPage("opens and closes channels, of one and of all", async (page) => {
  await sample(page);
  const [client] = await lanes(page);
  const open = await height(page, client);
  await page.getByRole("button", { name: `Hide channels of GID_factory@@@${client}`, exact: true }).click();
  await eventually(() => height(page, client), (now) => now < open);
  await page.getByRole("button", { name: "Show channels of", exact: false }).first().click();
  await eventually(() => height(page, client), (now) => now === open);
  await page.getByRole("button", { name: "Hide channels", exact: true }).click();
  await eventually(() => height(page, client), (now) => now < open);
});

onPage("sorts by anomalies, flaps and name", async (page) => {
  const calm = [event("a-calm", "x1", "connect", 0), event("a-calm", "x1", "tcpclean", 600)];
  const busy = Array.from({ length: 4 }, (_, at) => [
    event("m-busy", `y${at}`, "connect", 100 + at * 100), event("m-busy", `y${at}`, "tcpclean", 150 + at * 100),
  ]).flat();
  const odd = [event("z-odd", "w1", "tcpclean", 300)];
  const all = [...calm, ...busy, ...odd].sort((a, b) => a.time - b.time);
  await paste(page, lines(all));
  await loaded(page, all.length);
  await eventually(() => lanes(page), (now) => now[0] === "z-odd");
  const sort = page.getByRole("combobox", { name: "Sort" });
  await sort.selectOption("flaps");
  await eventually(() => lanes(page), (now) => now[0] === "m-busy");
  await sort.selectOption("name");
  await eventually(() => lanes(page), (now) => now.join() === "a-calm,m-busy,z-odd");
  assert.equal((await settled(page)).sort, "name");
});

onPage("filters by name, channel, state and anomaly", async (page) => {
  await sample(page);
  const find = page.locator("#find-client");
  const all = await lanes(page);
  await find.fill("o");
  await eventually(() => lanes(page), (now) => now.length < all.length + 1 && now.every((name) => `GID_factory@@@${name}`.includes("o")));
  await find.fill("c49dd0c5f8");
  await eventually(() => lanes(page), (now) => now.join() === "agv-03", { what: "a client by its channel" });
  await find.fill("");
  await page.getByRole("combobox", { name: "State" }).selectOption("online");
  // The names and the table behind them are drawn one after the other.
  await eventually(
    async () => ({ names: await lanes(page), table: await behind(page) }),
    ({ names, table }) => names.length > 0 && names.length < all.length && names.every((client) => table[client]?.believed === "online"),
    { what: "the clients that are online" },
  );
  await page.getByRole("combobox", { name: "State" }).selectOption("");
  await page.getByRole("combobox", { name: "Anomaly" }).selectOption("out_of_order");
  await eventually(() => lanes(page), (now) => now.join() === "agv-03");
  assert.match(await by(page, "lane-count").innerText(), /^1 of 6 clients$/);
});

onPage("a finding opens, leads through its offenders and shows their clients only", async (page) => {
  await sample(page);
  const finding = page.locator('.finding[data-kind="out_of_order"]');
  await finding.locator(".head").click();
  await finding.locator(".why").waitFor();
  await finding.locator(".offenders .row").first().click();
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown.endsWith("agv-03"));
  await finding.getByRole("button", { name: "Show these clients only" }).click();
  await eventually(() => lanes(page), (now) => now.join() === "agv-03");
});

onPage("the rule's options change the answer", async (page) => {
  await sample(page);
  await page.locator('.finding[data-kind="never_closed"]').waitFor();
  await page.locator("summary", { hasText: "Rule" }).click();
  await page.getByLabel("A newer connect supersedes older channels").check();
  await page.locator('.finding[data-kind="superseded"]').waitFor();
  assert.equal(await page.locator('.finding[data-kind="never_closed"]').count(), 0);
});

onPage("copies a client as the report has it", async (page) => {
  await sample(page);
  await by(page, "copy-json").click();
  await page.getByText("Copied", { exact: true }).waitFor();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.deepEqual(Object.keys(copied), ["clientId", "online", "status", "channels", "anomalies"]);
  assert.ok((await by(page, "inspected").innerText()).endsWith(copied.clientId.replace(/^.*@@@/, "")));
});
