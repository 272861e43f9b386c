// What the inspector says of a moment of which no event tells, and of a rule that takes one kind for a closing.
import { strict as assert } from "node:assert";
import { event, lines } from "./harness/events.mjs";
import { by, eventually, loaded, paste } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

const verdict = (page, what) => by(page, `verdict-${what}`).innerText();
/** A verdict once it says so. */
const says = (page, what, words) => eventually(() => verdict(page, what).catch(String), (now) => words.test(now), { what: String(words) });

/** A click into the lane of a client, in the middle of the view. */
async function clickMiddle(page, client) {
  const box = await by(page, "lanes-canvas").boundingBox();
  const lane = await page.locator(`.lane-name[data-client="${client}"]`).boundingBox();
  await page.mouse.click(box.x + box.width / 2, lane.y + 12);
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown === client);
}

onPage("a lane that is hatched before a close without connect is explained by that close", async (page) => {
  const all = [event("a", "c1", "connect", 0), event("a", "c1", "tcpclean", 60), event("a", "c2", "tcpclean", 300)];
  await paste(page, lines(all));
  await loaded(page, 3);
  await clickMiddle(page, "a");
  const said = await says(page, "actual", /open/);
  assert.match(said, /Channel c2 ended by tcpclean at 08:05:00.*, and no event says when it began/);
  assert.match(said, /record 3/);
  assert.ok(!said.includes("c1"), "c1 was closed");
  await page.getByRole("button", { name: "中文" }).click();
  await says(page, "actual", /通道 c2 于 08:05:00.* 因 tcpclean 结束，没有事件说明它何时开始/);
});

onPage("and so it is when nothing else of the client came before", async (page) => {
  const all = [event("a", "c1", "connect", 0), event("b", "c2", "disconnect", 300)];
  await paste(page, lines(all));
  await loaded(page, 2);
  await clickMiddle(page, "b");
  await says(page, "actual", /open[\s\S]*Channel c2 ended by disconnect at 08:05:00/);
  await says(page, "believed", /unknown[\s\S]*No event of this client came up to here/);
});

onPage("a disconnect is no closing where tcpclean alone is one", async (page) => {
  const all = [event("a", "c1", "connect", 0), event("a", "c1", "disconnect", 60), event("a", "c1", "tcpclean", 300)];
  await paste(page, lines(all));
  await loaded(page, 3);
  const lasted = page.locator('[data-channel="c1"] .lasted');
  await clickMiddle(page, "a");
  await says(page, "actual", /offline[\s\S]*disconnect at 08:01:00/);
  assert.equal(await lasted.innerText(), "lasted 1 min");
  await page.locator("summary", { hasText: "Rule" }).click();
  await page.getByLabel("What ends a channel").selectOption("tcpclean");
  await page.keyboard.press("Escape");
  await page.locator('.lane-name[data-client="a"] .client').click();
  await says(page, "actual", /online[\s\S]*its closing is of 08:05:00/);
  assert.equal(await lasted.innerText(), "lasted 5 min");
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("button", { name: "Step back" }).click();
  await says(page, "believed", /online[\s\S]*no tcpclean of it has arrived; its disconnect at 08:01:00.* does not close it/);
});
