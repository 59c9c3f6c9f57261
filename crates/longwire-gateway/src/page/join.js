const transports = { websocket: Socket, sse: Events, poll: Polls };
let room = null;

function setJoined(isJoined) {
  for (const id of ["name", "channel", "transport"]) at(id).disabled = isJoined;
  for (const id of ["text", "send"]) at(id).disabled = !isJoined;
  at("enter").textContent = isJoined ? "Leave" : "Join";
}

function leave() {
  room?.close();
  room = null;
  setJoined(false);
}

at("join").addEventListener("submit", (event) => {
  event.preventDefault();
  if (room) {
    leave();
    at("state").dataset.state = "off";
    at("state").textContent = "Not connected";
    return;
  }
  at("problem").textContent = "";
  setJoined(true);
  const channel = at("channel").value.trim();
  room = new Room(at("name").value.trim(), channel, transports[at("transport").value]);
  at("text").focus();
});

at("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text || !room) return;
  at("problem").textContent = "";
  try {
    await room.publish(text);
    if (at("text").value.trim() === text) at("text").value = "";
  } catch (error) {
    at("problem").textContent = `Not published: ${error.message}`;
  }
});

at("text").addEventListener("input", () => at("text").value && room?.tellTyping());

for (const [id, value] of new URLSearchParams(location.search)) {
  if (["name", "channel", "transport"].includes(id)) at(id).value = value;
}
