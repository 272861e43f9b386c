"use strict";

const $ = (id) => document.getElementById(id);
const here = location.origin;
let token = "";

$("address").textContent = here;
$("try").textContent = [
  `curl ${here}/v1/stats`,
  `curl '${here}/v1/clients?status=online'`,
  `curl -N ${here}/v1/transitions`,
  `mqtt-presence get CLIENT_ID --url ${here}`,
  `mqtt-presence watch --url ${here}`,
].join("\n");

async function refresh() {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch("/v1/stats", { headers });
    const answer = await response.json();
    if (!response.ok) {
      $("token-form").hidden = response.status !== 401;
      throw new Error(answer.detail);
    }
    for (const name of ["online", "clients", "quarantined"]) {
      $(name).textContent = answer[name].toLocaleString();
    }
    $("token-form").hidden = true;
    $("fault").hidden = true;
  } catch (fault) {
    $("fault").textContent = fault.message;
    $("fault").hidden = false;
  }
}

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value;
  refresh();
});
refresh();
setInterval(refresh, 2000);
