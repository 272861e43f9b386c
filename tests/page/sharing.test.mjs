// A link opens the same view.
import { strict as assert } from "node:assert";
import { gzipSync } from "node:zlib";
import { event, lines, three } from "./harness/events.mjs";
import { address, behind, by, drop, eventually, file, lanes, loaded, paste, record, sample, settled } from "./harness/hand.mjs";
import { fleet } from "./harness/service.mjs";
import { onPage } from "./harness/page.mjs";
import { beside } from "./harness/visit.mjs";

/** Shares, and opens the link as somebody else would. */
async function shared(page, context, words) {
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByText(words).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(link);
  return { link, other };
}

/** What a person sees of the view. */
async function seen(page) {
  return {
    lanes: await lanes(page),
    record: await record(page),
    time: await by(page, "cursor-time").innerText(),
    table: await behind(page),
    client: await by(page, "inspected").innerText(),
    events: await by(page, "event-count").innerText(),
    dark: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    language: await page.evaluate(() => document.documentElement.lang),
  };
}

onPage("the link of a small file holds the data and the whole view", async (page, { context }) => {
  await drop(page, file("small.ndjson", lines(three)));
  await loaded(page, 6);
  await page.getByRole("combobox", { name: "Sort" }).selectOption("name");
  await page.locator('.lane-name[data-client$="two"] .client').click();
  await page.keyboard.press("KeyP");
  await page.getByRole("group", { name: "Kind" }).getByText("connect", { exact: true }).click();
  for (const key of ["Comma", "Comma", "Comma"]) await page.keyboard.press(key);
  await eventually(() => record(page), (at) => at === 3);
  await page.keyboard.press("KeyW");
  await by(page, "theme").click();
  await page.getByRole("button", { name: "中文" }).click();
  const was = await settled(page);
  const view = await seen(page);
  await page.getByRole("button", { name: "分享" }).click();
  await page.getByText("链接已复制").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(link);
  await loaded(other, 6);
  await eventually(() => seen(other).catch((error) => String(error)), (now) => JSON.stringify(now) === JSON.stringify(view), { what: `the same as ${JSON.stringify(view)}` });
  const { data, lang, ...is } = await settled(other);
  const { lang: before, ...rest } = was;
  assert.ok(data.length > 20);
  assert.equal(lang, "zh");
  assert.deepEqual(is, rest);
  // And again after a reload.
  await other.reload();
  await loaded(other, 6);
  await eventually(() => record(other), (at) => at === 3);
});

onPage("the link of a sample names it", async (page, { context }) => {
  await sample(page);
  await page.keyboard.press("BracketLeft");
  await eventually(() => record(page), (at) => at < 24);
  await settled(page);
  const view = await seen(page);
  const { link, other } = await shared(page, context, "It holds the view and where the data is.");
  assert.match(link, /sample=incident/);
  assert.ok(!link.includes("data="));
  await loaded(other, 24);
  await eventually(() => seen(other).catch(String), (now) => JSON.stringify(now) === JSON.stringify(view));
});

onPage("the link of a large file says that the file has to go along", async (page, { context }) => {
  await drop(page, fleet("large.ndjson", 20_000).path);
  await loaded(page, 20_000);
  await page.getByRole("button", { name: "Previous anomaly" }).click();
  const at = await eventually(() => record(page), (at) => at < 20_000);
  const client = await by(page, "inspected").innerText();
  const { link, other } = await shared(page, context, "the data is too large for a link");
  assert.ok(link.length < 2_000);
  // The view waits for the file.
  await by(other, "drop-zone").waitFor();
  await other.reload();
  await by(other, "drop-zone").waitFor();
  await drop(other, fleet("large.ndjson", 20_000).path);
  await loaded(other, 20_000);
  await eventually(() => record(other), (now) => now === at);
  await eventually(() => by(other, "inspected").innerText(), (now) => now === client);
});

beside.set("data/today.ndjson", lines(three));
beside.set("data/today.ndjson.gz", gzipSync(lines(three)));

for (const name of ["today.ndjson", "today.ndjson.gz"]) {
  onPage(`?url= loads ${name} beside the page, and stays in the link`, `?url=data/${name}#sort=name`, async (page, { context }) => {
    await loaded(page, 6);
    assert.equal(await by(page, "source").innerText(), name);
    await page.locator('.lane-name[data-client$="two"] .client').click();
    await settled(page);
    const { link, other } = await shared(page, context, "It holds the view and where the data is.");
    assert.equal(new URL(link).searchParams.get("url"), `data/${name}`);
    await loaded(other, 6);
    await eventually(() => by(other, "inspected").innerText(), (client) => client.endsWith("two"));
    assert.equal(address(other).sort, "name");
  });
}

for (const [origin, at, records] of [["?url=", "?url=data/today.ndjson", 6], ["a sample", "#sample=incident", 24]]) {
  onPage(`the link holds the data once something was added to that of ${origin}`, at, async (page, { context }) => {
    await loaded(page, records);
    // What is refused is not added.
    await drop(page, file("no.pdf", "%PDF-1.7 and so on"));
    await page.getByText("no.pdf is a PDF document").waitFor();
    await shared(page, context, "It holds the view and where the data is.");
    await paste(page, lines([event("GID_a@@@four", "c4", "connect", 900)]));
    await loaded(page, records + 1);
    const { link, other } = await shared(page, context, "It holds the view and the data.");
    assert.equal(new URL(link).search, "");
    assert.ok(!link.includes("sample="));
    await loaded(other, records + 1);
    await other.reload();
    await loaded(other, records + 1);
  });
}

onPage("?url= says when there is nothing", "?url=data/none.ndjson", { expects: [/404/] }, async (page) => {
  await page.getByText(/The data at http.*none\.ndjson could not be fetched \(404\)/).waitFor();
  await by(page, "drop-zone").waitFor();
});

onPage("a damaged link says so", "#data=AAAA", async (page) => {
  await page.getByText("The data in this link is damaged or cut off.").waitFor();
  await paste(page, lines(three));
  await loaded(page, 6);
});

onPage("a link to a client that is not there says so", "#sample=incident&client=nobody", async (page) => {
  await page.getByText("The linked client nobody is not in this recording.").waitFor();
});

/** As who pastes a link into the address bar of the tab that shows the page. */
const pasteLink = (page, end) => page.goto(new URL(end, page.url().replace(/#.*/, "")).href);
const inspected = (page, client) => eventually(() => by(page, "inspected").innerText().catch(String), (shown) => shown.endsWith(client), { what: client });

onPage("a link that is pasted over the page opens, and history goes back", async (page) => {
  await sample(page);
  await page.locator('.lane-name[data-client$="oven-02"] .client').click();
  await page.getByRole("button", { name: "Step back" }).click();
  await eventually(() => record(page), (at) => at === 23);
  await settled(page);
  const before = await seen(page);
  await pasteLink(page, "#sample=clean-day&sort=name&theme=dark");
  await loaded(page, 115);
  assert.equal(await by(page, "source").innerText(), "clean-day.ndjson");
  await eventually(() => page.getByRole("combobox", { name: "Sort" }).inputValue(), (sort) => sort === "name");
  assert.equal((await settled(page)).sample, "clean-day");
  await page.goBack();
  await loaded(page, 24);
  await eventually(() => seen(page).catch(String), (now) => JSON.stringify(now) === JSON.stringify(before), { what: JSON.stringify(before) });
  await page.goForward();
  await loaded(page, 115);
});

onPage("another view of what is loaded opens without reading it again", async (page, { requests }) => {
  await sample(page);
  await settled(page);
  const [worker] = page.workers();
  const before = requests.length;
  await pasteLink(page, "#sample=incident&client=GID_factory%40%40%40agv-03&cursor=5~1772438591000&find=a");
  await inspected(page, "agv-03");
  assert.equal(await record(page), 5);
  assert.equal(await page.locator("#find-client").inputValue(), "a");
  await page.goBack();
  await eventually(() => record(page), (at) => at === 24);
  assert.equal(await page.locator("#find-client").inputValue(), "");
  assert.equal((await settled(page)).range, undefined, "all is in view again");
  assert.deepEqual(page.workers(), [worker]);
  assert.deepEqual(requests.slice(before).filter((request) => request.url().endsWith(".ndjson")), []);
});

onPage("a link without data keeps a file that is open, and closes what has a link of its own", async (page) => {
  await drop(page, file("small.ndjson", lines(three)));
  await loaded(page, 6);
  await settled(page);
  await pasteLink(page, "#client=GID_a%40%40%40two");
  await inspected(page, "two");
  assert.equal(await by(page, "source").innerText(), "small.ndjson");
  await pasteLink(page, "#sample=incident");
  await loaded(page, 24);
  await pasteLink(page, "#sort=name");
  await by(page, "drop-zone").waitFor();
  await page.goBack();
  await loaded(page, 24);
});

onPage("a pasted link to nothing leaves what there is", async (page) => {
  await sample(page);
  await pasteLink(page, "#data=AAAA");
  await page.getByText("The data in this link is damaged or cut off.").waitFor();
  assert.equal((await settled(page)).sample, "incident");
  await loaded(page, 24);
});
