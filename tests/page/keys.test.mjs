// Every key of the help does what it says.
import { strict as assert } from "node:assert";
import { address, by, eventually, exported, lanes, range, record, sample, settled } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

const length = ({ from, to }) => to - from;

/** The view before and after some keys; the first press makes it the person's own. */
async function moved(page, act) {
  await page.keyboard.press("KeyD");
  await page.keyboard.press("KeyA");
  await settled(page);
  const before = await range(page);
  await act();
  await settled(page);
  return [before, await range(page)];
}

onPage("A and D pan", async (page) => {
  await sample(page);
  const [before, left] = await moved(page, () => page.keyboard.press("KeyA"));
  assert.ok(left.from < before.from && Math.abs(length(left) - length(before)) < 3, JSON.stringify([before, left]));
  const [again, right] = await moved(page, () => page.keyboard.press("KeyD"));
  assert.ok(right.from > again.from && Math.abs(length(right) - length(again)) < 3);
});

onPage("A held glides until it is released", async (page) => {
  await sample(page);
  const [before, after] = await moved(page, async () => {
    await page.keyboard.down("KeyA");
    await page.waitForTimeout(700);
    await page.keyboard.up("KeyA");
  });
  // One press moves a tenth.
  assert.ok(before.from - after.from > 0.2 * length(before), JSON.stringify([before, after]));
  await settled(page);
  assert.deepEqual(await range(page), after, "it stands still afterwards");
});

onPage("W and S zoom at the pointer", async (page) => {
  await sample(page);
  const box = await by(page, "lanes-canvas").boundingBox();
  const share = 0.75;
  await page.mouse.move(box.x + box.width * share, box.y + 40);
  const [before, near] = await moved(page, () => page.keyboard.press("KeyW"));
  assert.ok(length(near) < length(before));
  const at = ({ from, to }) => from + share * (to - from);
  assert.ok(Math.abs(at(before) - at(near)) < length(before) / 200, "the time under the pointer stays");
  const [again, far] = await moved(page, () => page.keyboard.press("KeyS"));
  assert.ok(length(far) > length(again));
});

onPage("W zooms at the cursor when the pointer is elsewhere", async (page) => {
  await sample(page);
  await page.mouse.move(5, 5);
  for (let press = 0; press < 14; press += 1) await page.keyboard.press("Comma");
  await eventually(() => record(page), (at) => at === 10);
  const [before, near] = await moved(page, () => page.keyboard.press("KeyW"));
  const time = Number(address(page).cursor.split("~")[1]);
  const share = ({ from, to }) => (time - from) / (to - from);
  assert.ok(length(near) < length(before));
  assert.ok(Math.abs(share(before) - share(near)) < 0.01, `${share(before)} ${share(near)}`);
});

onPage("letters act by their position", async (page) => {
  await sample(page);
  // What a French keyboard types at the place of A is `q`.
  const [before, after] = await moved(page, () =>
    page.evaluate(() => {
      for (const type of ["keydown", "keyup"]) dispatchEvent(new KeyboardEvent(type, { code: "KeyA", key: "q", bubbles: true, cancelable: true }));
    }),
  );
  assert.ok(after.from < before.from);
});

onPage("the wheel scrolls lanes, with Ctrl zooms, with Shift pans", async (page) => {
  await sample(page, "clean-day");
  await page.setViewportSize({ width: 1440, height: 560 });
  const box = await by(page, "lanes-canvas").boundingBox();
  await page.mouse.move(box.x + 300, box.y + 60);
  const scroll = () => by(page, "lanes-scroll").evaluate((element) => element.scrollTop);
  const [still, same] = await moved(page, () => page.mouse.wheel(0, 120));
  await eventually(scroll, (top) => top > 0);
  assert.deepEqual(still, same, "scrolling leaves the time alone");
  const [wide, near] = await moved(page, async () => {
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -200);
    await page.keyboard.up("Control");
  });
  assert.ok(length(near) < length(wide));
  const [before, panned] = await moved(page, async () => {
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, 200);
    await page.keyboard.up("Shift");
  });
  assert.ok(panned.from > before.from && Math.abs(length(panned) - length(before)) < 3);
});

onPage("drag pans, Shift and drag selects a range, F fits it, 0 fits all", async (page) => {
  await sample(page);
  const box = await by(page, "lanes-canvas").boundingBox();
  const drag = async (from, to) => {
    await page.mouse.move(box.x + from, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + (from + to) / 2, box.y + 50, { steps: 3 });
    await page.mouse.move(box.x + to, box.y + 50, { steps: 3 });
    await page.mouse.up();
  };
  const [before, after] = await moved(page, () => drag(200, 400));
  assert.ok(after.from < before.from && Math.abs(length(after) - length(before)) < 3, "what is under the pointer goes with it");
  assert.ok(Math.abs((before.from - after.from) / length(before) - 200 / box.width) < 0.01);

  await page.keyboard.down("Shift");
  await drag(200, 500);
  await page.keyboard.up("Shift");
  const { chosen } = await settled(page);
  const [from, to] = chosen.split("~").map(Number);
  assert.ok(Math.abs((to - from) / length(after) - 300 / box.width) < 0.01);
  // The events can be cut to it.
  await eventually(() => by(page, "event-count").innerText(), (words) => Number(words.split(" ")[0]) < 24);

  await page.keyboard.press("KeyF");
  await settled(page);
  assert.deepEqual(await range(page), { from, to });
  await page.keyboard.press("Digit0");
  await eventually(() => settled(page), ({ range }) => range === undefined, { what: "the view that fits all" });
});

onPage("F fits the selected client when no range is chosen", async (page) => {
  await sample(page, "clean-day");
  await page.locator(".lane-name .client").first().click();
  await page.keyboard.press("KeyF");
  await eventually(() => settled(page), ({ range }) => range !== undefined);
});

onPage("Space plays and pauses", async (page) => {
  await sample(page);
  await page.keyboard.press("Space");
  await eventually(() => by(page, "play").getAttribute("aria-label"), (label) => label === "Pause");
  await eventually(() => record(page), (at) => at > 0 && at < 24, { what: "a cursor that moves" });
  await page.keyboard.press("Space");
  await eventually(() => by(page, "play").getAttribute("aria-label"), (label) => label === "Play");
  const { cursor } = await settled(page);
  assert.equal((await settled(page)).cursor, cursor, "it stands still");
});

onPage("comma and full stop step", async (page) => {
  await sample(page);
  await page.keyboard.press("Comma");
  await eventually(() => record(page), (at) => at === 23);
  await page.keyboard.press("Comma");
  await eventually(() => record(page), (at) => at === 22);
  await page.keyboard.press("Period");
  await eventually(() => record(page), (at) => at === 23);
});

onPage("brackets leap over anomalies of every kind", async (page) => {
  await sample(page);
  await page.locator(".finding").first().waitFor();
  const { bytes } = await exported(page, "Report, as JSON");
  const { clients } = JSON.parse(bytes);
  const anomalous = [...new Set(clients.flatMap(({ anomalies }) => anomalies.map(({ record }) => record)))].sort((a, b) => a - b);
  // The cursor stands at the last record; a leap goes to those before it.
  const before = anomalous.filter((at) => at < 24).toReversed();
  for (const at of before) {
    await page.keyboard.press("BracketLeft");
    await eventually(() => record(page), (now) => now === at);
  }
  for (const at of before.toReversed().slice(1)) {
    await page.keyboard.press("BracketRight");
    await eventually(() => record(page), (now) => now === at);
  }
});

onPage("slash finds a client, Enter takes it, Escape clears", async (page) => {
  await sample(page);
  await page.keyboard.press("Slash");
  await eventually(() => page.evaluate(() => document.activeElement.id), (id) => id === "find-client");
  await page.keyboard.type("agv");
  await eventually(() => lanes(page), (shown) => shown.join() === "agv-03");
  await page.keyboard.press("Enter");
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown.endsWith("agv-03"));
  await page.keyboard.press("Escape");
  await eventually(() => lanes(page), (shown) => shown.length === 6);
  assert.equal((await settled(page)).client, undefined);
  await page.getByText("Select a lane or an event to see why").waitFor();
});

onPage("up and down choose lanes, P pins the chosen one", async (page) => {
  await sample(page);
  await page.keyboard.press("Escape");
  const shown = await lanes(page);
  await page.keyboard.press("ArrowDown");
  await eventually(() => by(page, "inspected").innerText(), (client) => client.endsWith(shown[0]));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await eventually(() => by(page, "inspected").innerText(), (client) => client.endsWith(shown[2]));
  await page.keyboard.press("ArrowUp");
  await eventually(() => by(page, "inspected").innerText(), (client) => client.endsWith(shown[1]));
  await page.keyboard.press("KeyP");
  await eventually(() => lanes(page), (now) => now[0] === shown[1]);
  assert.equal((await settled(page)).pin.split("@@@")[1], shown[1]);
  await page.keyboard.press("KeyP");
  await eventually(() => lanes(page), (now) => now.join() === shown.join());
});

onPage("question mark opens the help and closes it, before and after data is loaded", async (page) => {
  await page.keyboard.press("Shift+Slash");
  await by(page, "help").waitFor();
  await page.keyboard.press("Escape");
  await by(page, "help").waitFor({ state: "detached" });
  await sample(page);
  await page.keyboard.press("Shift+Slash");
  await by(page, "help").waitFor();
  // Other keys are the dialog's while it is open.
  await page.keyboard.press("Comma");
  await page.keyboard.press("Shift+Slash");
  await by(page, "help").waitFor({ state: "detached" });
  assert.equal(await record(page), 24);
});

onPage("typing into a field is no command", async (page) => {
  await sample(page);
  await page.locator("#find-client").fill("");
  await page.locator("#find-client").focus();
  await page.keyboard.type("pad0,.[]?");
  assert.equal(await page.locator("#find-client").inputValue(), "pad0,.[]?");
  assert.equal(await record(page), 24);
  assert.equal(await by(page, "help").count(), 0);
  await page.getByText("No client matches.").waitFor();
});
