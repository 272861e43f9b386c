// What every consumer pushes, and what it must answer.
export const EVENTS =
  '{"clientId":"GID_a@@@1","channelId":"c1","eventType":"connect","time":1000}\n' +
  '{"clientId":"GID_a@@@2","channelId":"c2","eventType":"connect","time":1500}\n' +
  '{"clientId":"GID_a@@@1","channelId":"c1","eventType":"tcpclean","time":2000}\n' +
  '{"clientId":"GID_a@@@1","channelId":"c1","eventType":"connect","time":1000}\n' +
  '{"clientId":"","channelId":"c3","eventType":"connect","time":1}\n';

export const EXPECTED =
  '{"accepted":4,"flips":[["GID_a@@@1",true],["GID_a@@@2",true],["GID_a@@@1",false]],' +
  '"codes":["empty_value"],"online":[false,true]}';

export function answer(presence) {
  const { accepted, transitions, errors } = presence.push(EVENTS, 5000);
  return JSON.stringify({
    accepted,
    flips: transitions.map(({ clientId, online }) => [clientId, online]),
    codes: errors.map(({ code }) => code),
    online: ["GID_a@@@1", "GID_a@@@2"].map((id) => presence.isOnline(id, 5000)),
  });
}

export async function answerOfWorker(worker) {
  const { accepted, transitions, errors } = await worker.push(EVENTS, 5000);
  return JSON.stringify({
    accepted,
    flips: transitions.map(({ clientId, online }) => [clientId, online]),
    codes: errors.map(({ code }) => code),
    online: await Promise.all(["GID_a@@@1", "GID_a@@@2"].map((id) => worker.isOnline(id, 5000))),
  });
}
